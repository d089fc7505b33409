/** Writing pg_hba.conf so that a mistake can shut nobody out (DESIGN §6.2). */
import { Fault } from '../fault.ts';
import { withHbaBlock } from './hba-block.ts';
import type { DatabasePool } from './pool.ts';
import type { Session } from './session.ts';
import { reloadConfiguration } from './reload.ts';
import { runOnServer, shellWord } from './server-files.ts';

/** Any number, as long as no other lock of ours has it. */
const HBA_LOCK = 7_220_003;
const WRITE_TIMEOUT_MS = 20_000;

interface HbaState {
  path: string;
  bytes: Buffer;
  /** The server has surely read its files since this one was written; file times are whole seconds here. */
  loaded: boolean;
}

/**
 * Makes the marked block hold exactly these lines; nothing is written when it does. The new file is judged by
 * PostgreSQL's own parser before the server reads it: with an error in any line the old bytes come back.
 *
 * One way for main and secondary: large objects (`lo_export`) cannot be made in recovery, need a commit, and cut the
 * file short before they write it. Here the bytes go as base64 through a pipe into a second file, which takes the first
 * one's place at once.
 *
 * @throws Fault INVALID_REQUEST (a line of another form), HOST_FAULT with PostgreSQL's reason.
 */
export async function writeHbaBlock(pool: DatabasePool, lines: readonly string[]): Promise<void> {
  await pool.session(
    async (session) => {
      // Of two writers at once the second has to see what the first has written.
      await session.query('SELECT pg_advisory_lock($1)', [HBA_LOCK]);
      await writeLocked(session, lines);
      await session.query('SELECT pg_advisory_unlock($1)', [HBA_LOCK]);
    },
    { timeoutMs: WRITE_TIMEOUT_MS },
  );
}

async function writeLocked(session: Session, lines: readonly string[]): Promise<void> {
  const old = await readHba(session);
  const wanted = withHbaBlock(old.bytes, lines);
  if (wanted.equals(old.bytes)) {
    // Written, and interrupted before the reload.
    if (!old.loaded) await reloadConfiguration(session);
    return;
  }
  try {
    await writeBytes(session, old.path, wanted);
    await assertParsed(session, lines.length);
  } catch (error) {
    // Not reloaded until now, so that the server never saw the new file.
    const left = await readHba(session);
    if (!left.bytes.equals(old.bytes)) await writeBytes(session, old.path, old.bytes);
    throw error;
  }
  await reloadConfiguration(session);
}

async function readHba(session: Session): Promise<HbaState> {
  const [row] = await session.query<HbaState>(
    `SELECT path, pg_read_binary_file(path) AS bytes,
            (pg_stat_file(path)).modification < date_trunc('second', pg_conf_load_time()) AS loaded
       FROM (SELECT current_setting('hba_file') AS path) AS setting`,
  );
  if (row === undefined) throw new Fault('INTERNAL', 'PostgreSQL did not say where its pg_hba.conf is.');
  return row;
}

/**
 * Beside the old file and moved over it, with its owner and mode; where that cannot be (a directory that PostgreSQL may
 * not write to, a file mounted by itself into a container: EBUSY) into it. A symbolic link stays one.
 */
async function writeBytes(session: Session, path: string, bytes: Buffer): Promise<void> {
  const command = `
    f=$(readlink -f ${shellWord(path)}) && n="$f.proxpanel-new" || exit 1
    if cp -p "$f" "$n"; then
      base64 -d > "$n" && { sync "$n" || sync; } || { rm -f "$n"; exit 1; }
      mv -f "$n" "$f" || { cat "$n" > "$f" && rm -f "$n"; }
    else
      base64 -d > "$f"
    fi`;
  await runOnServer(session, command, bytes);
  const written = await readHba(session);
  if (!written.bytes.equals(bytes)) throw new Fault('HOST_FAULT', `${path} does not hold what was written to it.`);
}

async function assertParsed(session: Session, lineCount: number): Promise<void> {
  // This view parses the file as it is now, loaded or not. A line that it can read and only warns of (hostssl without
  // TLS) stops no reload and is the admin's own affair, unless it is one of ours: it would open nothing.
  const errors = await session.query<{ problem: string }>(
    `SELECT format('line %s: %s', line_number, error) AS problem FROM pg_hba_file_rules
      WHERE error IS NOT NULL AND (type IS NULL OR line_number BETWEEN 2 AND $1)`,
    [lineCount + 1],
  );
  if (errors.length > 0) {
    const problems = errors.map((row) => row.problem).join('; ');
    throw new Fault('HOST_FAULT', `pg_hba.conf was left as it was, since PostgreSQL finds errors in it: ${problems}.`);
  }
  // The first line of the file opens the block.
  const [row] = await session.query<{ ours: number }>(
    'SELECT count(*)::int AS ours FROM pg_hba_file_rules WHERE line_number BETWEEN 2 AND $1',
    [lineCount + 1],
  );
  if (lineCount > 0 && row?.ours !== lineCount) {
    throw new Fault('HOST_FAULT', 'pg_hba.conf was left as it was: PostgreSQL did not read the new lines in it.');
  }
}
