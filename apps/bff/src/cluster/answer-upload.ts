/** One piece of a picture for a server that pulls (DESIGN §11). */
import type { ReplyOf } from '@proxpanel/contracts/endpoints';
import { UPLOAD_CHUNK_BYTES } from '@proxpanel/contracts/uploads';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';

/**
 * As text in JSON, so that the one signature of a reply covers which piece of which file it is. Only what the list names
 * can be asked for. NOT_FOUND, HOST_FAULT.
 */
export async function answerUpload(
  context: Pick<ClusterContext, 'uploads'>,
  sha256: string,
  offset: number,
): Promise<ReplyOf<'upload'>> {
  const chunk = await context.uploads.readChunk(sha256, offset, UPLOAD_CHUNK_BYTES);
  if (chunk === null) throw new Fault('NOT_FOUND', 'This server has no such picture.');
  return {
    sha256,
    offset,
    size_bytes: chunk.sizeBytes,
    chunk_base64: Buffer.from(chunk.bytes).toString('base64'),
  };
}
