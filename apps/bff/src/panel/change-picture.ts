/** An admin puts a picture up or takes it away; both leave an audit row. */
import { hash } from 'node:crypto';
import type { User } from '@proxpanel/contracts/auth';
import type { Upload } from '@proxpanel/contracts/uploads';
import { Fault } from '../fault.ts';
import { imageTypeOf, kindOfPath } from './picture-kind.ts';
import type { AuditTrail, PictureStore } from './upload-ports.ts';

export interface PictureDeps {
  readonly pictures: PictureStore;
  readonly audit: AuditTrail;
  readonly nowMs: () => number;
}

export interface SentPicture {
  readonly bytes: Uint8Array;
  readonly declaredType: string | null;
}

/** Faults: NOT_FOUND (kind), NOT_AN_IMAGE, HOST_FAULT, READ_ONLY, DATABASE_DOWN. */
export async function putPicture(deps: PictureDeps, user: User, kindText: string, sent: SentPicture): Promise<Upload> {
  const kind = kindOfPath(kindText);
  const upload: Upload = {
    kind,
    media_type: await imageTypeOf(sent.bytes, sent.declaredType),
    size_bytes: sent.bytes.length,
    sha256: hash('sha256', sent.bytes),
    uploaded_at: new Date(deps.nowMs()).toISOString(),
  };
  const next = { upload, bytes: Buffer.from(sent.bytes) };
  await deps.pictures.change(kind, next, (before, switchOver) => {
    const changes = { sha256: [before?.sha256 ?? null, upload.sha256], size_bytes: [null, upload.size_bytes] };
    const act = { actor: user.username, action: 'upload', entity: 'picture', entityId: kind, changes };
    return deps.audit.around(act, switchOver);
  });
  return upload;
}

/** Faults: NOT_FOUND, HOST_FAULT, READ_ONLY, DATABASE_DOWN. */
export async function removePicture(
  deps: Pick<PictureDeps, 'pictures' | 'audit'>,
  user: User,
  kindText: string,
): Promise<void> {
  const kind = kindOfPath(kindText);
  await deps.pictures.change(kind, null, (before, switchOver) => {
    if (before === null) throw new Fault('NOT_FOUND', 'There is no such picture.');
    const changes = { sha256: [before.sha256, null] };
    const act = { actor: user.username, action: 'remove', entity: 'picture', entityId: kind, changes };
    return deps.audit.around(act, switchOver);
  });
}
