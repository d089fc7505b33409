/** FreeRADIUS' own role: it reads the views, keeps `radacct`, and opens nothing else of the panel's. */
import pg from 'pg';
import type { Login } from '@proxpanel/contracts/peer';
import type { DatabasePool } from './pool.ts';
import type { Session } from './session.ts';
import { ensureRole } from './roles.ts';

/** What authentication reads, all of it views of the panel's tables (`panel-migration.ts`). */
export const RADIUS_VIEWS = ['radcheck', 'radreply', 'radusergroup', 'radgroupcheck', 'radgroupreply', 'nas'] as const;

/** Any number, as long as no other lock of ours has it. */
const ROLE_LOCK = 7_220_006;

/** Makes or mends role and rights; writes nothing when all is there. READ_ONLY in recovery: the role is main's, replicated. */
export async function ensureRadiusRole(pool: DatabasePool, login: Login): Promise<void> {
  await pool.session(async (session) => {
    await session.query('BEGIN');
    await session.query('SELECT pg_advisory_xact_lock($1)', [ROLE_LOCK]);
    await ensureRole(session, login, 'ordinary');
    if (!(await hasRights(session, login.user))) await grantRights(session, login.user);
    await session.query('COMMIT');
  });
}

async function hasRights(session: Session, role: string): Promise<boolean> {
  const [row] = await session.query<{ complete: boolean }>(
    `SELECT (SELECT bool_and(has_table_privilege($1, 'public.' || name, 'SELECT')) FROM unnest($2::text[]) AS name)
        AND (SELECT bool_and(has_table_privilege($1, 'public.radacct', kind))
               FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS kind)
        AND has_sequence_privilege($1, 'public.radacct_radacctid_seq', 'USAGE')
        AND has_function_privilege($1, 'public.panel_open(bytea)', 'EXECUTE') AS complete`,
    [role, RADIUS_VIEWS],
  );
  return row?.complete === true;
}

async function grantRights(session: Session, name: string): Promise<void> {
  const role = pg.escapeIdentifier(name);
  const views = RADIUS_VIEWS.map((view) => `public.${view}`).join(', ');
  await session.query(
    `GRANT USAGE ON SCHEMA public TO ${role};
     GRANT SELECT ON ${views} TO ${role};
     GRANT SELECT, INSERT, UPDATE ON public.radacct TO ${role};
     GRANT USAGE ON SEQUENCE public.radacct_radacctid_seq TO ${role};
     GRANT EXECUTE ON FUNCTION public.panel_open(bytea) TO ${role}`,
  );
}
