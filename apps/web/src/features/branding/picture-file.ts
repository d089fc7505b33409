/** What can be said of a chosen file before it is sent; the server looks at its content. */
import { IMAGE_TYPES, UPLOAD_LIMIT_BYTES } from '@proxpanel/contracts/uploads';
import { bytesText } from '../../ui/format.ts';

export const acceptedTypes = IMAGE_TYPES.join(',');
export const limitsText = `PNG, JPEG or WebP, at most ${bytesText(UPLOAD_LIMIT_BYTES)}.`;

/** Why the file is not sent; null when it may be. */
export function refusalOf(file: Pick<File, 'type' | 'size'>): string | null {
  if (!IMAGE_TYPES.some((type) => type === file.type)) return `This is no picture of these kinds. ${limitsText}`;
  if (file.size > UPLOAD_LIMIT_BYTES) return `This picture has ${bytesText(file.size)}. ${limitsText}`;
  return file.size === 0 ? 'This file is empty.' : null;
}

/** The file as a `data:` address: the page's content security policy shows no `blob:`. */
export function previewOf(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => {
      resolve(typeof reader.result === 'string' ? reader.result : '');
    };
    reader.onerror = () => {
      reject(new Error('The file cannot be read.'));
    };
    reader.readAsDataURL(file);
  });
}
