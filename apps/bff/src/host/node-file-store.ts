/** STATE_DIR/node.json (DESIGN §3). */
import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type z } from 'zod';
import { nodeFileSchema, type NodeFile } from '../cluster/node-file.ts';
import type { LogPort, NodeFilePort } from '../cluster/ports.ts';
import { Fault, messageOf } from '../fault.ts';
import { removeLeftovers, writeFileAtomically } from './atomic-file.ts';
import { isFileError, openPrivateDirectory } from './state-directory.ts';

const NAME = 'node.json';
const MODE = 0o600;

interface Waiting {
  readonly change: (current: NodeFile) => NodeFile;
  readonly done: (file: NodeFile) => void;
  readonly failed: (reason: unknown) => void;
}

/**
 * Reads node.json, or makes it at the first start of this server. A file that cannot be understood stops the start and
 * is left as it is: a server that forgets who it is would be worse than one that does not start.
 *
 * @throws Fault HOST_FAULT in one sentence.
 */
export async function openNodeFile(parts: { readonly stateDir: string; readonly log: LogPort }): Promise<NodeFilePort> {
  const path = join(parts.stateDir, NAME);
  await openPrivateDirectory(parts.stateDir);
  await removeLeftovers(parts.stateDir, NAME);
  const existing = await readExisting(path);
  if (existing) return createStore(path, existing, parts.log);
  const fresh = freeze(firstFile());
  await write(path, fresh);
  parts.log.info({ server_id: fresh.server_id }, `this is the first start of this server: ${path} was made`);
  return createStore(path, fresh, parts.log);
}

/**
 * What node.json says at this moment, for a command that changes nothing in it and need not be its owner.
 *
 * @throws Fault HOST_FAULT, also when there is none.
 */
export async function readNodeFile(stateDir: string): Promise<NodeFile> {
  const path = join(stateDir, NAME);
  try {
    return freeze(understand(path, await readFile(path, 'utf8')));
  } catch (error) {
    if (error instanceof Fault) throw error;
    const remedy = isFileError(error, 'ENOENT') ? ' Start the panel once, or name the right STATE_DIR.' : '';
    throw new Fault('HOST_FAULT', `${path} cannot be read: ${messageOf(error)}.${remedy}`, { cause: error });
  }
}

function createStore(path: string, opened: NodeFile, log: LogPort): NodeFilePort {
  const listeners = new Set<(next: NodeFile) => void>();
  let current = opened;
  let queue: Waiting[] = [];
  let writing = false;

  /** Changes that arrive during a write share the next one: each is applied in its turn, all are synced at once. */
  async function drain(): Promise<void> {
    writing = true;
    while (queue.length > 0) {
      const batch = queue;
      queue = [];
      const { next, applied } = applyAll(current, batch);
      try {
        if (next !== current) await write(path, next);
      } catch (error) {
        for (const { failed } of applied) failed(error);
        continue;
      }
      const changed = next !== current;
      current = next;
      if (changed) notify();
      for (const { done } of applied) done(next);
    }
    writing = false;
  }

  function notify(): void {
    for (const listener of listeners) {
      try {
        listener(current);
      } catch (error) {
        // The file is written: who listens cannot make the update fail for who asked for it.
        log.error({ err: error }, 'a listener to node.json failed');
      }
    }
  }

  return {
    get: () => current,
    update: (change) => {
      const { promise, resolve, reject } = Promise.withResolvers<NodeFile>();
      queue.push({ change, done: resolve, failed: reject });
      // It cannot reject: each fault goes to who asked for the change.
      if (!writing) void drain();
      return promise;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** A change that throws, or makes something that is no node.json, fails alone and leaves the others as they are. */
function applyAll(current: NodeFile, batch: readonly Waiting[]): { next: NodeFile; applied: Waiting[] } {
  const applied: Waiting[] = [];
  let next = current;
  for (const waiting of batch) {
    try {
      const changed = waiting.change(next);
      if (changed !== next) next = freeze(nodeFileSchema.parse(changed));
      applied.push(waiting);
    } catch (error) {
      waiting.failed(error);
    }
  }
  return { next, applied };
}

function firstFile(): NodeFile {
  return {
    format: 1,
    server_id: randomUUID(),
    address: null,
    membership: null,
    ended_membership: null,
    join_script: null,
    session_signing_key: randomBytes(32).toString('base64url'),
    old_session_signing_keys: [],
    accounts_from_main_since: null,
    cluster_database: null,
    panel_database: null,
    newest_iat_by_issuer: {},
    journal: [],
  };
}

async function readExisting(path: string): Promise<NodeFile | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
    await chmod(path, MODE);
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return null;
    throw new Fault('HOST_FAULT', `${path} cannot be read: ${messageOf(error)}.`, { cause: error });
  }
  return freeze(understand(path, text));
}

function understand(path: string, text: string): NodeFile {
  const remedy = 'it was left as it is; restore it from a backup, or move it away to start as a new server';
  let parsed: z.ZodSafeParseResult<NodeFile>;
  try {
    parsed = nodeFileSchema.safeParse(JSON.parse(text));
  } catch {
    // The parser's message may quote the file, and with it a secret.
    throw new Fault('HOST_FAULT', `${path} is not JSON: ${remedy}.`);
  }
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
  throw new Fault('HOST_FAULT', `${path} is not a node.json of this version (at "${where}"): ${remedy}.`);
}

async function write(path: string, file: NodeFile): Promise<void> {
  try {
    await writeFileAtomically(path, `${JSON.stringify(file, null, 2)}\n`, MODE);
  } catch (error) {
    throw new Fault('HOST_FAULT', `${path} cannot be written: ${messageOf(error)}.`, { cause: error });
  }
}

/** Readers share the one object; a change made in place would be seen by all and written by nobody. */
function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}
