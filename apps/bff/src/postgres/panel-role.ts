/** The panel's own role, which may touch the panel's tables and nothing of the cluster's (DESIGN §4, SAFETY §5). */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Login } from '@proxpanel/contracts/peer';
import type { LogPort, NodeFilePort } from '../cluster/ports.ts';
import { PANEL_ROLE } from './connection.ts';
import type { Connections } from './connection.ts';
import { migrate } from './migrations.ts';
import type { DatabasePool } from './pool.ts';
import type { Session } from './session.ts';
import { ensureRadiusRole } from './radius-role.ts';
import { ensureRole } from './roles.ts';

/** Everything that the panel may touch. A new table of the panel has to be named here. */
export const PANEL_TABLES = [
  'users',
  'subscribers',
  'revoked_tokens',
  'services',
  'nas_devices',
  'audit_log',
  'reseller_transactions',
  'invoices',
  'bandwidth_rules',
  'fup_counters',
  'panel_settings',
  'reseller_counts',
  'radacct',
] as const;

/** Any number, as long as no other lock of ours has it. */
const ROLE_LOCK = 7_220_002;

interface PreparationOptions {
  readonly connections: Connections;
  readonly nodeFile: NodeFilePort;
  readonly log: LogPort;
  /** FreeRADIUS' login; null without PANEL_ENCRYPTION_KEY, and then no such role is made. */
  readonly radius: Login | null;
}

/**
 * Tables first, then the panel's role, RADIUS' and their rights. To be called whenever the database has become writable; does
 * nothing in recovery, and writes nothing when all is there.
 *
 * @throws Fault DATABASE_DOWN, INTERNAL.
 */
export async function prepareDatabase(options: PreparationOptions): Promise<'prepared' | 'in_recovery'> {
  const { connections, nodeFile, log } = options;
  if ((await migrate(connections, log)) === 'in_recovery') return 'in_recovery';
  await ensurePanelRole(connections.cluster, nodeFile, connections.givenPanelRole);
  if (options.radius !== null) await ensureRadiusRole(connections.cluster, options.radius);
  return 'prepared';
}

/**
 * Makes role `proxpanel_panel` with the password of node.json (a random one, stored there *before* it is set, so that no
 * crash leaves a role whose password nobody knows), and grants the panel's tables to it and to PANEL_DATABASE_URL's role.
 */
export async function ensurePanelRole(
  pool: DatabasePool,
  nodeFile: NodeFilePort,
  givenRole: string | null,
): Promise<void> {
  const login = await panelLogin(nodeFile);
  await pool.session(async (session) => {
    // Two processes that start at once would otherwise both create the role; an error ends the session and its lock.
    await session.query('BEGIN');
    await session.query('SELECT pg_advisory_xact_lock($1)', [ROLE_LOCK]);
    await ensureRole(session, login, 'ordinary');
    const roles = [...new Set(givenRole === null ? [login.user] : [login.user, givenRole])];
    for (const role of roles) await grantPanelTables(session, role);
    await session.query('COMMIT');
  });
}

async function panelLogin(nodeFile: NodeFilePort): Promise<Login> {
  const known = nodeFile.get().panel_database;
  if (known !== null) return known;
  const made: Login = { user: PANEL_ROLE, password: randomBytes(32).toString('hex') };
  const file = await nodeFile.update((current) => ({ ...current, panel_database: current.panel_database ?? made }));
  return file.panel_database ?? made;
}

async function grantPanelTables(session: Session, role: string): Promise<void> {
  const [row] = await session.query<{ complete: boolean }>(
    `SELECT bool_and(has_table_privilege(rolname, 'public.' || name, kind)) AS complete
       FROM pg_roles, unnest($2::text[]) AS name, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS kind
      WHERE rolname = $1`,
    [role, PANEL_TABLES],
  );
  // No such role: PANEL_DATABASE_URL names one that is not here (yet); the made one serves meanwhile.
  if (row === undefined || row.complete !== false) return;
  const tables = PANEL_TABLES.map((name) => `public.${name}`).join(', ');
  await session.query(
    `GRANT USAGE ON SCHEMA public TO ${pg.escapeIdentifier(role)};
     GRANT SELECT, INSERT, UPDATE, DELETE ON ${tables} TO ${pg.escapeIdentifier(role)}`,
  );
}
