/** What the files of UPLOADS_DIR are called. No name comes from outside: it is made of a closed list and a hash. */
import type { Upload } from '@proxpanel/contracts/uploads';

export const LIST_NAME = 'uploads.json';

const extensions: Record<Upload['media_type'], string> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
};
const PICTURE = /^(logo|login_background)-[0-9a-f]{64}\.(png|jpg|webp)$/;
const PART = /^\.[0-9a-f]{64}\.part$/;

/** Named by its content, so that a file never changes and an old one serves until the list names the new one. */
export function pictureName({ kind, sha256, media_type: mediaType }: Upload): string {
  return `${kind}-${sha256}.${extensions[mediaType]}`;
}

/** What a pull has fetched so far; it survives a restart. */
export function partName({ sha256 }: Pick<Upload, 'sha256'>): string {
  return `.${sha256}.part`;
}

/** Whether a file of the directory is one that this module named: others are not ours to remove. */
export function isOurs(name: string): boolean {
  return PICTURE.test(name) || PART.test(name);
}
