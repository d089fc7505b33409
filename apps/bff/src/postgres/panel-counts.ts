/** What the dashboard counts. */
import { sql } from 'kysely';
import type { CountStore, Owner } from '../panel/ports.ts';
import type { DatabasePool } from './pool.ts';

interface CountRow {
  readonly counted_at: string;
  readonly total: number;
  readonly online: number;
  readonly active: number;
  readonly expired: number;
  readonly expiring_in_7_days: number;
  readonly open: number;
}

/** The same conditions as those of the subscribers' list, so that a number and the list behind it agree. Faults: DATABASE_DOWN. */
export function createCountStore(panel: DatabasePool): CountStore {
  const { db } = panel;
  const ofSubscribers = async (owner: Owner): Promise<CountRow> => {
    const result = await sql<CountRow>`
      SELECT now() AS counted_at,
             count(*) AS total,
             count(*) FILTER (WHERE open_sessions > 0) AS online,
             count(*) FILTER (WHERE is_active AND (expires_at IS NULL OR expires_at > now())) AS active,
             count(*) FILTER (WHERE expires_at <= now()) AS expired,
             count(*) FILTER (WHERE expires_at > now() AND expires_at <= now() + interval '7 days') AS expiring_in_7_days,
             coalesce(sum(open_sessions), 0) AS open
        FROM subscribers WHERE ${ownedBy(owner)}`.execute(db);
    const [row] = result.rows;
    if (row === undefined) throw new Error('PostgreSQL counted nothing at all.');
    return row;
  };
  const startedToday = async (owner: Owner): Promise<number> => {
    const result = await sql<{ count: number }>`
      SELECT count(*) AS count FROM radacct
       WHERE acctstarttime >= date_trunc('day', now())
         AND ${owner === null ? sql`true` : sql`username IN (SELECT username FROM subscribers WHERE ${ownedBy(owner)})`}`.execute(
      db,
    );
    return result.rows[0]?.count ?? 0;
  };
  return {
    countForDashboard: (owner) =>
      panel.guard(async () => {
        const [{ counted_at: countedAt, open, ...subscribers }, today] = await Promise.all([
          ofSubscribers(owner),
          startedToday(owner),
        ]);
        return { counted_at: countedAt, subscribers, sessions: { open, started_today: today } };
      }),
  };
}

function ownedBy(owner: Owner) {
  return owner === null ? sql`true` : sql`reseller_id = (SELECT id FROM users WHERE username = ${owner})`;
}
