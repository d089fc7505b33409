/** UPLOADS_DIR as the panel needs it. Faults of every method: HOST_FAULT, in one sentence that names the directory. */
import type { Upload, UploadKind } from '@proxpanel/contracts/uploads';

export interface StoredPicture {
  readonly upload: Upload;
  readonly bytes: Buffer;
}

export interface PictureStore {
  list(): Promise<readonly Upload[] | null>;
  /** null when there is none of this kind, or it is not whole. */
  read(kind: UploadKind): Promise<StoredPicture | null>;
  /**
   * One change after another. `record` is handed what was there before and calls `switchOver` as its last act before it
   * commits; when it fails, the picture from before stands again.
   */
  change(
    kind: UploadKind,
    next: StoredPicture | null,
    record: (before: Upload | null, switchOver: () => Promise<void>) => Promise<void>,
  ): Promise<void>;
}

export interface AuditedAct {
  readonly actor: string;
  readonly action: string;
  readonly entity: string;
  readonly entityId: string;
  /** Field → [before, after]. */
  readonly changes: Readonly<Record<string, unknown>>;
}

export interface AuditTrail {
  /**
   * For what is changed outside of the database: `work` runs inside the transaction that writes the audit row, so that
   * neither is there without the other. Faults: READ_ONLY, DATABASE_DOWN, and those of `work`.
   */
  around(act: AuditedAct, work: () => Promise<void>): Promise<void>;
}
