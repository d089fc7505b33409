/**
 * UPLOADS_DIR: pictures named by their content, and uploads.json, which says which of them count. Every change writes the
 * new file first, then the list in one step, and removes last: whenever the power fails, the list names whole files.
 */
import { hash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { uploadsSchema, type Upload } from '@proxpanel/contracts/uploads';
import { z } from 'zod';
import type { UploadFilesPort } from '../cluster/upload-ports.ts';
import { Fault, messageOf } from '../fault.ts';
import type { PictureStore } from '../panel/upload-ports.ts';
import { publishFile, removeLeftovers, writeFileAtomically } from './atomic-file.ts';
import { createPictureReader, readPlainFile, sizeOfFile, type PictureReader } from './picture-reader.ts';
import { isOurs, LIST_NAME, partName, pictureName } from './upload-names.ts';

/** A web server beside the panel may serve the directory, as another user. */
const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;

const listSchema = z.object({ version: z.literal(1), uploads: uploadsSchema });

interface Directory {
  readonly path: string;
  readonly reader: PictureReader;
  /** Errors of node:fs as one fault that names the directory. */
  guard<T>(work: () => Promise<T>): Promise<T>;
  /** One change after another. */
  oneByOne<T>(work: () => Promise<T>): Promise<T>;
}

/** Touches nothing yet: the first change makes a missing directory, and one that cannot be used is a fault of each call. */
export function createUploadFiles(path: string): UploadFilesPort & PictureStore {
  const directory = describeDirectory(path);
  return { ...readingOf(directory), ...pullingOf(directory), change: changeOf(directory) };
}

function describeDirectory(path: string): Directory {
  let last: Promise<unknown> = Promise.resolve();
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!isFileSystemError(error)) throw error;
      const sentence = `The uploads directory ${path} cannot be used: ${messageOf(error)}.`;
      throw new Fault('HOST_FAULT', sentence, { cause: error });
    }
  };
  return {
    path,
    reader: createPictureReader(path),
    guard,
    oneByOne(work) {
      const next = last.then(() => guard(work));
      // The next change waits for the end of this one, whatever that is; its caller hears of a fault.
      last = next.catch(() => undefined);
      return next;
    },
  };
}

type Reading = Pick<UploadFilesPort & PictureStore, 'list' | 'listWhole' | 'isWhole' | 'read' | 'readChunk'>;

function readingOf({ path, reader, guard }: Directory): Reading {
  const readListed = async (isMeant: (upload: Upload) => boolean) => {
    const upload = (await readList(path))?.find(isMeant);
    const bytes = upload === undefined ? null : await reader.read(upload);
    return upload === undefined || bytes === null ? null : { upload, bytes };
  };
  return {
    list: () => guard(() => readList(path)),
    listWhole: () =>
      guard(async () => {
        const listed = (await readList(path)) ?? [];
        const whole = await Promise.all(listed.map((upload) => reader.isWhole(upload)));
        return listed.filter((_, index) => whole[index]);
      }),
    isWhole: (upload) => guard(() => reader.isWhole(upload)),
    read: (kind) => guard(() => readListed((upload) => upload.kind === kind)),
    readChunk: (sha256, offset, maxBytes) =>
      guard(async () => {
        const found = await readListed((upload) => upload.sha256 === sha256);
        if (found === null) return null;
        return { bytes: found.bytes.subarray(offset, offset + maxBytes), sizeBytes: found.bytes.length };
      }),
  };
}

function changeOf(directory: Directory): PictureStore['change'] {
  const { path } = directory;
  return (kind, next, record) =>
    directory.oneByOne(async () => {
      await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
      const before = await readList(path);
      const rest = (before ?? []).filter((upload) => upload.kind !== kind);
      const after = next === null ? rest : [...rest, next.upload];
      if (next !== null) await writeFileAtomically(join(path, pictureName(next.upload)), next.bytes, FILE_MODE);
      let switched = false;
      try {
        await record(before?.find((upload) => upload.kind === kind) ?? null, async () => {
          switched = true;
          await directory.guard(() => writeList(path, after));
        });
      } catch (error) {
        if (switched && before === null) await rm(join(path, LIST_NAME), { force: true });
        if (switched && before !== null) await writeList(path, before);
        await sweep(directory, before ?? []);
        throw error;
      }
      await sweep(directory, after);
    });
}

type Pulling = Pick<UploadFilesPort, 'pulledBytes' | 'appendPulled' | 'finishPulled' | 'adopt'>;

function pullingOf(directory: Directory): Pulling {
  const { path, guard } = directory;
  const partOf = (upload: Upload): string => join(path, partName(upload));
  return {
    pulledBytes: (upload) =>
      guard(async () => {
        const bytes = (await sizeOfFile(partOf(upload))) ?? 0;
        if (bytes <= upload.size_bytes) return bytes;
        await rm(partOf(upload), { force: true });
        return 0;
      }),
    appendPulled: (upload, bytes) =>
      guard(async () => {
        await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
        await append(partOf(upload), bytes);
      }),
    finishPulled: (upload) =>
      guard(async () => {
        const bytes = await readPlainFile(partOf(upload));
        if (bytes === null || bytes.length !== upload.size_bytes || hash('sha256', bytes) !== upload.sha256) {
          await rm(partOf(upload), { force: true });
          return false;
        }
        await publishFile(partOf(upload), join(path, pictureName(upload)), FILE_MODE);
        return true;
      }),
    adopt: (uploads, stillWanted) =>
      directory.oneByOne(async () => {
        await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
        if (!stillWanted()) return;
        await writeList(path, uploads);
        await sweep(directory, uploads);
      }),
  };
}

/** null when there never was one. */
async function readList(path: string): Promise<readonly Upload[] | null> {
  const text = await readPlainFile(join(path, LIST_NAME));
  if (text === null) return null;
  try {
    return listSchema.parse(JSON.parse(text.toString('utf8'))).uploads;
  } catch (error) {
    const sentence = `${join(path, LIST_NAME)} is no list of uploads; take it away to begin with none.`;
    throw new Fault('HOST_FAULT', sentence, { cause: error });
  }
}

/** Ordered by kind, so that two servers with the same pictures have the same list. */
function writeList(path: string, uploads: readonly Upload[]): Promise<void> {
  const ordered = uploads.toSorted((left, right) => (left.kind < right.kind ? -1 : 1));
  const text = `${JSON.stringify({ version: 1, uploads: ordered }, null, 2)}\n`;
  return writeFileAtomically(join(path, LIST_NAME), text, FILE_MODE);
}

/** Removes what the list does not name. The change is made by now: a fault leaves a file too many, which the next one takes. */
async function sweep({ path, reader }: Directory, kept: readonly Upload[]): Promise<void> {
  const names = new Set(kept.map(pictureName));
  try {
    for (const name of await readdir(path)) {
      if (!isOurs(name) || names.has(name)) continue;
      await rm(join(path, name), { force: true });
      reader.forget(name);
    }
    await removeLeftovers(path);
  } catch (error) {
    if (!isFileSystemError(error)) throw error;
  }
}

async function append(path: string, bytes: Uint8Array): Promise<void> {
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW } = constants;
  const file = await open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, FILE_MODE);
  try {
    await file.writeFile(bytes);
  } finally {
    await file.close();
  }
}

function isFileSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
