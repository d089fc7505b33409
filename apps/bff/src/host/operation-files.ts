/** STATE_DIR/operations/<id>.json: long operations outlive the process and the database (DESIGN §3). */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { operationSchema, type Operation } from '@proxpanel/contracts/operations';
import { uuidSchema } from '@proxpanel/contracts/primitives';
import type { LogPort, OperationFilesPort } from '../cluster/ports.ts';
import { Fault, messageOf } from '../fault.ts';
import { removeLeftovers, writeFileAtomically } from './atomic-file.ts';
import { openPrivateDirectory } from './state-directory.ts';

/** Each is a kilobyte or two; events keep the history, these are for whoever follows an operation. */
const KEPT = 200;

/**
 * Reads all operations once; afterwards only saving touches the disk. A file that cannot be understood is logged, left,
 * and not listed: an old operation must not stop a start.
 *
 * @throws Fault HOST_FAULT when the directory cannot be used.
 */
export async function openOperationFiles(parts: {
  readonly stateDir: string;
  readonly log: LogPort;
}): Promise<OperationFilesPort> {
  const directory = join(parts.stateDir, 'operations');
  await openPrivateDirectory(directory);
  await removeLeftovers(directory);
  const operations = await readAll(directory, parts.log);
  /** Saves one after the other: a later state must not be overtaken by an earlier one. */
  let last: Promise<void> = Promise.resolve();
  /** Those that wait for the one before. A later state of the same operation takes their place: it says all that they say. */
  const waiting = new Map<string, { newest: Operation; readonly saved: Promise<void> }>();
  return {
    save: (operation) => {
      const behind = waiting.get(operation.id);
      if (behind !== undefined) {
        behind.newest = operation;
        return behind.saved;
      }
      const saved = last.then(() => {
        const newest = waiting.get(operation.id)?.newest ?? operation;
        waiting.delete(operation.id);
        return save(directory, operations, newest);
      });
      waiting.set(operation.id, { newest: operation, saved });
      // The next save does not depend on this one, whose fault is told to who asked for it.
      last = saved.catch(() => undefined);
      return saved;
    },
    read: async (id) => operations.get(id) ?? null,
    list: async () => newestFirst(operations),
  };
}

async function save(directory: string, operations: Map<string, Operation>, operation: Operation): Promise<void> {
  const valid = operationSchema.parse(operation);
  const path = pathOf(directory, valid.id);
  try {
    await writeFileAtomically(path, `${JSON.stringify(valid, null, 2)}\n`, 0o600);
    operations.set(valid.id, valid);
    const ended = newestFirst(operations).filter(({ state }) => state !== 'running');
    for (const { id } of ended.slice(KEPT)) {
      await rm(pathOf(directory, id), { force: true });
      operations.delete(id);
    }
  } catch (error) {
    throw new Fault('HOST_FAULT', `${path} cannot be written: ${messageOf(error)}.`, { cause: error });
  }
}

async function readAll(directory: string, log: LogPort): Promise<Map<string, Operation>> {
  const operations = new Map<string, Operation>();
  for (const name of await readdir(directory)) {
    const id = uuidSchema.safeParse(name.replace(/\.json$/, ''));
    if (!id.success) continue;
    try {
      const operation = operationSchema.parse(JSON.parse(await readFile(join(directory, name), 'utf8')));
      operations.set(operation.id, operation);
    } catch (error) {
      log.warn({ file: join(directory, name), reason: messageOf(error) }, 'an operation file cannot be understood');
    }
  }
  return operations;
}

function newestFirst(operations: ReadonlyMap<string, Operation>): Operation[] {
  return [...operations.values()].sort((a, b) => Date.parse(b.started_at) - Date.parse(a.started_at));
}

function pathOf(directory: string, id: string): string {
  return join(directory, `${id}.json`);
}
