/** Database roles: the replicator, the cluster's superuser, the panel's own and RADIUS' (DESIGN §4, §6.1; SAFETY §5). */
import pg from 'pg';
import type { Login } from '@proxpanel/contracts/peer';
import type { DatabasePool } from './pool.ts';
import type { Session } from './session.ts';
import { makeScramVerifier, scramVerifierMatches } from './scram-verifier.ts';

/** What pg_rewind reads its source with; without them only a superuser could be one (DESIGN §6.1). */
const REWIND_FUNCTIONS = [
  'pg_ls_dir(text, boolean, boolean)',
  'pg_stat_file(text, boolean)',
  'pg_read_binary_file(text)',
  'pg_read_binary_file(text, bigint, bigint, boolean)',
];
/** The database of the second pg_hba line, which pg_rewind connects to (DESIGN §6.2). */
const REWIND_DATABASE = 'postgres';

/** `ordinary`: signs in, and has what is granted to it; the panel's own and RADIUS'. */
export type RoleKind = 'replicator' | 'superuser' | 'ordinary';

const ATTRIBUTES: Readonly<Record<RoleKind, string>> = {
  replicator: 'LOGIN REPLICATION NOSUPERUSER NOCREATEDB NOCREATEROLE',
  superuser: 'LOGIN SUPERUSER',
  ordinary: 'LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS',
};

interface RoleRow {
  rolpassword: string | null;
  attributes_right: boolean;
}

/** Seen to be there, the rights of pg_rewind are not looked for again for so long: each look needs a new connection. */
const RIGHTS_GOOD_MS = 60_000;

/** Keeps the replicator's role and its rights. */
export function createReplicatorKeeper(pool: DatabasePool): (login: Login) => Promise<void> {
  let seen = { user: '', untilMs: 0 };
  /** Role `login.user` with REPLICATION and what pg_rewind needs. Writes nothing when all is right. READ_ONLY in recovery. */
  return async (login) => {
    const changed = await pool.session((session) => ensureRole(session, login, 'replicator'));
    if (!changed && seen.user === login.user && performance.now() < seen.untilMs) return;
    await ensureRewindRights(pool, login.user);
    seen = { user: login.user, untilMs: performance.now() + RIGHTS_GOOD_MS };
  };
}

/** Rights on functions are kept per database. */
function ensureRewindRights(pool: DatabasePool, user: string): Promise<void> {
  return pool.elsewhere(REWIND_DATABASE, async (session) => {
    for (const signature of REWIND_FUNCTIONS) {
      const [row] = await session.query<{ granted: boolean }>(
        "SELECT has_function_privilege($1, $2::regprocedure, 'EXECUTE') AS granted",
        [user, signature],
      );
      if (row?.granted === true) continue;
      await session.query(`GRANT EXECUTE ON FUNCTION ${signature} TO ${pg.escapeIdentifier(user)}`);
    }
    // pg_rewind compares control files, which name the new timeline only after a checkpoint (SAFETY §2).
    const [member] = await session.query<{ granted: boolean }>(
      "SELECT pg_has_role($1, 'pg_checkpoint', 'MEMBER') AS granted",
      [user],
    );
    if (member?.granted !== true) await session.query(`GRANT pg_checkpoint TO ${pg.escapeIdentifier(user)}`);
  });
}

/**
 * Makes or mends the role so that this login works. The statement holds a verifier, never the password.
 *
 * @returns whether anything had to be done.
 */
export async function ensureRole(session: Session, login: Login, kind: RoleKind): Promise<boolean> {
  const [row] = await session.query<RoleRow>(ROLE_SQL[kind], [login.user]);
  if (row?.attributes_right === true && (await scramVerifierMatches(row.rolpassword, login.password))) return false;
  const verifier = await makeScramVerifier(login.password);
  const verb = row === undefined ? 'CREATE' : 'ALTER';
  await session.query(
    `${verb} ROLE ${pg.escapeIdentifier(login.user)} ${ATTRIBUTES[kind]} VALID UNTIL 'infinity' PASSWORD ${pg.escapeLiteral(verifier)}`,
  );
  return true;
}

const roleSql = (right: string): string =>
  `SELECT rolpassword, rolcanlogin AND coalesce(rolvaliduntil = 'infinity', true) AND ${right} AS attributes_right
     FROM pg_authid WHERE rolname = $1`;

const ROLE_SQL: Readonly<Record<RoleKind, string>> = {
  replicator: roleSql('rolreplication AND NOT rolsuper'),
  superuser: roleSql('rolsuper'),
  ordinary: roleSql('NOT rolsuper AND NOT rolcreaterole AND NOT rolreplication AND NOT rolbypassrls'),
};
