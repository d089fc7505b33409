/** STATE_DIR/revocations.json: this server's own copy of the revoked sessions (DESIGN §3, §11). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LogPort } from '../cluster/ports.ts';
import { Fault, messageOf } from '../fault.ts';
import type { KeptRevocation, RevocationFile } from '../panel/ports.ts';
import { removeLeftovers, writeFileAtomically } from './atomic-file.ts';
import { isFileError, openPrivateDirectory } from './state-directory.ts';

const NAME = 'revocations.json';
/** A megabyte. More have never signed out within the life of a session; the databases hold them all the same. */
const KEPT = 10_000;

const fileSchema = z.object({
  format: z.literal(1),
  revocations: z.array(z.object({ jti: z.string(), ends_at_ms: z.number(), stored: z.boolean() })),
});

/**
 * Reads the file once. One that cannot be understood is logged and counts as empty: the databases hold what it held.
 *
 * @throws Fault HOST_FAULT when the directory cannot be used.
 */
export async function openRevocationFile(parts: {
  readonly stateDir: string;
  readonly log: LogPort;
}): Promise<RevocationFile> {
  const path = join(parts.stateDir, NAME);
  await openPrivateDirectory(parts.stateDir);
  await removeLeftovers(parts.stateDir, NAME);
  /** One after the other: a later state must not be overtaken by an earlier one. */
  let last: Promise<void> = Promise.resolve();
  return {
    found: await read(path, parts.log),
    save(all) {
      const saved = last.then(() => write(path, all));
      // The next save does not depend on this one, whose fault is told to who asked for it.
      last = saved.catch(() => undefined);
      return saved;
    },
  };
}

async function read(path: string, log: LogPort): Promise<KeptRevocation[]> {
  try {
    const { revocations } = fileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    return revocations.map(({ jti, ends_at_ms: endsAtMs, stored }) => ({ jti, endsAtMs, stored }));
  } catch (error) {
    if (!isFileError(error, 'ENOENT')) {
      log.error({ file: path, reason: messageOf(error) }, 'the file of revoked sessions cannot be understood');
    }
    return [];
  }
}

async function write(path: string, all: readonly KeptRevocation[]): Promise<void> {
  const worthFirst = (left: KeptRevocation, right: KeptRevocation) =>
    Number(left.stored) - Number(right.stored) || right.endsAtMs - left.endsAtMs;
  const kept = all.length <= KEPT ? all : all.toSorted(worthFirst).slice(0, KEPT);
  const revocations = kept.map(({ jti, endsAtMs, stored }) => ({ jti, ends_at_ms: endsAtMs, stored }));
  try {
    await writeFileAtomically(path, `${JSON.stringify({ format: 1, revocations })}\n`, 0o600);
  } catch (error) {
    throw new Fault('HOST_FAULT', `${path} cannot be written: ${messageOf(error)}.`, { cause: error });
  }
}
