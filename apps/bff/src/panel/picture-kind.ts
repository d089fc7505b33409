/** Which picture an address means, and whether bytes are the picture that they are said to be. */
import { IMAGE_TYPES, uploadKindSchema, type Upload, type UploadKind } from '@proxpanel/contracts/uploads';
import { fileTypeFromBuffer } from 'file-type';
import { Fault } from '../fault.ts';

/** NOT_FOUND for anything but the kinds of the contract: what comes from an address never becomes a path. */
export function kindOfPath(text: string): UploadKind {
  const kind = uploadKindSchema.safeParse(text);
  if (!kind.success) throw new Fault('NOT_FOUND', 'There is no such kind of picture.');
  return kind.data;
}

/**
 * Told by the content's signature, never by a name, and without decoding a pixel: a picture that unpacks to gigabytes
 * is the reader's to refuse. NOT_AN_IMAGE when it is none of ours, or another one than it was declared.
 */
export async function imageTypeOf(bytes: Uint8Array, declaredType: string | null): Promise<Upload['media_type']> {
  const found = await fileTypeFromBuffer(bytes);
  const type = IMAGE_TYPES.find((candidate) => candidate === found?.mime);
  if (type === undefined) throw new Fault('NOT_AN_IMAGE', 'The file is no PNG, JPEG or WebP picture.');
  if (type !== declaredType) {
    const said = declaredType ?? 'nothing';
    throw new Fault('NOT_AN_IMAGE', `The file was sent as ${said}, and its content is ${type}.`);
  }
  return type;
}
