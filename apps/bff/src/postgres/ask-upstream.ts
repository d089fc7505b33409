/** Is main's database shut? Its walsender goes on sending keep-alives when it is in recovery (SAFETY §4). */
import pg from 'pg';
import type { StandbySource } from '../cluster/postgres-ports.ts';
import { isConnectionFault } from './faults.ts';

const LIMIT_MS = 2_000;

/**
 * Asks the server behind `source` whether it is in recovery, with the replication login on the database `postgres`, for
 * which pg_hba has a line (DESIGN §6.2). null when it does not answer within 2 s or refuses: nothing is known then.
 */
export async function upstreamInRecovery({ host, port, login }: StandbySource): Promise<boolean | null> {
  const client = new pg.Client({
    host,
    port,
    user: login.user,
    password: login.password,
    database: 'postgres',
    application_name: 'proxpanel-upstream',
    connectionTimeoutMillis: LIMIT_MS,
    query_timeout: LIMIT_MS,
  });
  // A connection that breaks after the answer is of no more interest; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ in_recovery: boolean }>('SELECT pg_is_in_recovery() AS in_recovery');
    return rows[0]?.in_recovery ?? null;
  } catch (error) {
    if (isConnectionFault(error) || error instanceof pg.DatabaseError || /timeout/i.test(String(error))) return null;
    throw error;
  } finally {
    // Not waited for: a server that hangs never says goodbye.
    void client.end().catch(() => undefined);
  }
}
