/** The panel's pictures: admins change them, everybody sees them, since the sign-in page shows them. */
import type { Register } from '../http/call.ts';
import { RawReply } from '../http/raw-reply.ts';
import { Fault } from '../fault.ts';
import { putPicture, removePicture, type PictureDeps } from '../panel/change-picture.ts';
import { kindOfPath } from '../panel/picture-kind.ts';

const FOR_EVER = 'public, max-age=31536000, immutable';

export function registerUploadRoutes(register: Register, deps: PictureDeps): void {
  const { pictures } = deps;
  register('listUploads', async () => ({ uploads: [...((await pictures.list()) ?? [])] }));
  register('readUpload', async ({ params, query }) => {
    const found = await pictures.read(kindOfPath(params.kind));
    if (found === null) throw new Fault('NOT_FOUND', 'There is no such picture.');
    const { upload, bytes } = found;
    // Asked for by its hash it never changes; by its kind alone it may be another one tomorrow.
    const caching = query.v === upload.sha256 ? FOR_EVER : 'no-cache';
    return new RawReply({
      body: bytes,
      contentType: upload.media_type,
      headers: { ETag: `"${upload.sha256}"`, 'Cache-Control': caching, 'X-Content-Type-Options': 'nosniff' },
    });
  });
  register('putUpload', ({ user, params, body, mediaType }) =>
    putPicture(deps, user, params.kind, { bytes: body, declaredType: mediaType }),
  );
  register('removeUpload', async ({ user, params }) => {
    await removePicture(deps, user, params.kind);
    return { ok: true };
  });
}
