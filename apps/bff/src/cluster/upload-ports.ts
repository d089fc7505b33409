/** UPLOADS_DIR as the cluster needs it: a list that says what there is, and whole files of these names (DESIGN §11). */
import type { Upload } from '@proxpanel/contracts/uploads';

export interface UploadChunk {
  readonly bytes: Uint8Array;
  readonly sizeBytes: number;
}

/** Faults of every method: HOST_FAULT, in one sentence that names the directory. */
export interface UploadFilesPort {
  /** The list, by kind; null when there never was one. */
  list(): Promise<readonly Upload[] | null>;
  /** What of the list lies whole on this disk, by SHA-256. */
  listWhole(): Promise<readonly Upload[]>;
  /** This picture lies here whole, listed or not. */
  isWhole(upload: Upload): Promise<boolean>;
  /** A piece of a listed picture; null when it is not listed, or not whole. */
  readChunk(sha256: string, offset: number, maxBytes: number): Promise<UploadChunk | null>;
  /** Bytes of a picture that an earlier, interrupted pull has left. */
  pulledBytes(upload: Upload): Promise<number>;
  appendPulled(upload: Upload, bytes: Uint8Array): Promise<void>;
  /** False, and what was pulled is thrown away, when it is not the picture that it was said to be. */
  finishPulled(upload: Upload): Promise<boolean>;
  /**
   * Makes `uploads` the list in one step and then removes what it does not name. Between other changes, none of which
   * can slip in: nothing happens unless `stillWanted` says so at that moment.
   */
  adopt(uploads: readonly Upload[], stillWanted: () => boolean): Promise<void>;
}
