/** Where a secondary gets its WAL from: primary_conninfo, primary_slot_name and the password file (DESIGN §6.5). */
import pg from 'pg';
import type { StandbySource } from '../cluster/postgres-ports.ts';
import { pgpassLine } from '../pgpass.ts';
import type { DatabasePool } from './pool.ts';
import type { Session } from './session.ts';
import { reloadConfiguration } from './reload.ts';
import { runOnServerWithSecret, runOnServer } from './server-files.ts';

/**
 * In the data directory, which is PostgreSQL's working directory: a relative name stays right when the directory is
 * cloned, moved or mounted elsewhere.
 */
export const PASSFILE = 'proxpanel.pgpass';

const WRITE_PASSFILE = `umask 077; base64 -d > ${PASSFILE}.new && mv -f ${PASSFILE}.new ${PASSFILE}`;

interface SourceRow {
  conninfo: string;
  slot_name: string;
  passfile: string | null;
  data_directory: string;
}

/** Points a standby at its main; a reload is enough. Writes and reloads nothing when all is as wanted, so that it can be asserted each tick. */
export async function setStandbySource(pool: DatabasePool, source: StandbySource): Promise<void> {
  const passfile = pgpassLine(source);
  const now = await pool.session(readSource);
  if (now.passfile !== passfile) {
    const work = (session: Session): Promise<void> =>
      runOnServerWithSecret(session, WRITE_PASSFILE, Buffer.from(passfile));
    await pool.session(work, { discard: true });
  }
  if (!leadsTo(now.conninfo, source, now.data_directory) || now.slot_name !== source.slotName) {
    await setSource(pool, conninfoOf(source), source.slotName);
  }
}

/** A main keeps both settings empty and no password file (SAFETY §1). */
export async function clearStandbySource(pool: DatabasePool): Promise<void> {
  const now = await pool.session(readSource);
  if (now.conninfo !== '' || now.slot_name !== '') await setSource(pool, '', '');
  if (now.passfile !== null) await pool.session((session) => runOnServer(session, `rm -f ${PASSFILE}`));
}

async function setSource(pool: DatabasePool, conninfo: string, slotName: string): Promise<void> {
  await pool.session(async (session) => {
    // Set to '' rather than reset: postgresql.conf may hold one as well.
    await session.query(`ALTER SYSTEM SET primary_conninfo = ${pg.escapeLiteral(conninfo)}`);
    await session.query(`ALTER SYSTEM SET primary_slot_name = ${pg.escapeLiteral(slotName)}`);
    await reloadConfiguration(session);
  });
}

async function readSource(session: Session): Promise<SourceRow> {
  const [row] = await session.query<SourceRow>(
    `SELECT current_setting('primary_conninfo') AS conninfo, current_setting('primary_slot_name') AS slot_name,
            pg_read_file('${PASSFILE}', 0, 100000, true) AS passfile, current_setting('data_directory') AS data_directory`,
  );
  return row ?? { conninfo: '', slot_name: '', passfile: null, data_directory: '' };
}

/** libpq's keyword/value form. The time-out keeps a silent host from holding up the walreceiver for minutes. */
export function conninfoOf(source: StandbySource): string {
  const words: readonly (readonly [string, string])[] = [
    ['host', source.host],
    ['port', String(source.port)],
    ['user', source.login.user],
    ['passfile', PASSFILE],
    ['application_name', `node_${source.nodeId}`],
    ['connect_timeout', '5'],
  ];
  return words.map(([key, value]) => `${key}='${value.replace(/[\\']/g, '\\$&')}'`).join(' ');
}

/**
 * Whether a primary_conninfo, whoever wrote it (setup_replica.sh names the password file by its full path), already says
 * what `source` says: rewriting it would make the walreceiver connect anew for nothing.
 */
export function leadsTo(conninfo: string, source: StandbySource, dataDirectory: string): boolean {
  const words = parseConninfo(conninfo);
  const passfile = words.get('passfile');
  return (
    words.get('host') === source.host &&
    words.get('port') === String(source.port) &&
    words.get('user') === source.login.user &&
    words.get('application_name') === `node_${source.nodeId}` &&
    !words.has('password') &&
    (passfile === PASSFILE || passfile === `${dataDirectory}/${PASSFILE}`)
  );
}

/** libpq's keyword/value form: values bare or in single quotes, with backslashes before `'` and `\`. */
function parseConninfo(conninfo: string): ReadonlyMap<string, string> {
  const words = conninfo.matchAll(/(?<key>[a-z_]+)\s*=\s*(?:'(?<quoted>(?:[^'\\]|\\.)*)'|(?<bare>(?:[^\s\\]|\\.)*))/gs);
  return new Map(
    [...words].map(({ groups }) => [
      groups?.['key'] ?? '',
      (groups?.['quoted'] ?? groups?.['bare'] ?? '').replace(/\\(.)/gs, '$1'),
    ]),
  );
}
