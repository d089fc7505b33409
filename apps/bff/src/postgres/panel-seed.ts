/** Made-up rows by COPY: about ten times as fast as INSERT. */
import {
  SEED_NOTE,
  seedNote,
  type SeedIds,
  type SeedStore,
  type SeedSurroundings,
  type StoredSeedRow,
} from '../panel/seed-ports.ts';
import type { Connections } from './connection.ts';
import { audited } from './panel-audit.ts';
import type { DatabasePool } from './pool.ts';
import type { Session } from './session.ts';

/** Of one batch, or of the last clean-up: a machine with other work to do may be slow. */
const LIMIT_MS = 600_000;
/** Lines that are handed over at once. */
const PIECE_ROWS = 500;
const NOTHING = '\\N';

/** Rows as the panel's own role; the tables are settled by their owner. Faults: READ_ONLY, DATABASE_DOWN. */
export function createSeedStore({ panel, cluster }: Pick<Connections, 'panel' | 'cluster'>): SeedStore {
  const limit = { timeoutMs: LIMIT_MS };
  return {
    async hasRealOnes() {
      const found = await panel.query(
        'SELECT 1 FROM subscribers WHERE NOT starts_with(note, $1) LIMIT 1',
        [SEED_NOTE],
        limit,
      );
      return found.length > 0;
    },
    async countMade(seed, batchRows) {
      const rows = await panel.query<{ batch: number; count: number }>(
        `SELECT substr(note, length($1) + 1)::integer / $2::integer AS batch, count(*)::integer AS count
           FROM subscribers WHERE starts_with(note, $1) AND substr(note, length($1) + 1) ~ '^[0-9]{1,9}$' GROUP BY 1`,
        [seedNote(seed), batchRows],
        limit,
      );
      return new Map(rows.map(({ batch, count }) => [batch, count]));
    },
    prepare: (surroundings) => prepare(panel, surroundings),
    add: (rows) => panel.session((session) => add(session, rows), limit),
    async settle() {
      await cluster.query('VACUUM (ANALYZE) subscribers', [], limit);
      await cluster.query('ANALYZE services, users', [], limit);
    },
  };
}

function prepare(panel: DatabasePool, { services, resellers, passwordHash, actor, audit: said }: SeedSurroundings) {
  const names = services.map(({ name }) => name);
  return audited(panel, async (change, audit): Promise<SeedIds> => {
    await change
      .insertInto('services')
      .values([...services])
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute();
    const users = resellers.map((username) => ({
      ...{ username, role: 'reseller' as const, password_hash: passwordHash, display_name: username },
    }));
    const added = await change
      .insertInto('users')
      .values(users)
      .onConflict((conflict) => conflict.column('username').doNothing())
      .returning('id')
      .execute();
    await audit({ actor, action: 'seed', entity: 'subscriber', entityId: `seed ${String(said.seed)}`, changes: said });
    const serviceRows = await change.selectFrom('services').select(['id', 'name']).where('name', 'in', names).execute();
    const userRows = await change
      .selectFrom('users')
      .select(['id', 'username'])
      .where('username', 'in', resellers)
      .where('role', '=', 'reseller')
      .execute();
    const serviceIds = new Map(serviceRows.map(({ id, name }) => [name, id]));
    const userIds = new Map(userRows.map(({ id, username }) => [username, id]));
    return {
      services: names.flatMap((name) => serviceIds.get(name) ?? []),
      resellers: resellers.flatMap((username) => userIds.get(username) ?? []),
      newResellers: added.length > 0,
    };
  });
}

async function add(session: Session, rows: Iterable<StoredSeedRow>): Promise<number> {
  await session.query('BEGIN');
  // Trigrams of many rows go into their index together, sorted.
  await session.query(`SET LOCAL gin_pending_list_limit = '64MB'; SET LOCAL work_mem = '64MB'`);
  await session.query(
    `CREATE TEMPORARY TABLE made_up (username text, password_sealed bytea, service_id integer, reseller_id integer,
       expires_at timestamptz, is_active boolean, open_sessions integer, note text) ON COMMIT DROP`,
  );
  await session.copyIn('COPY made_up FROM STDIN', piecesOf(rows));
  // A person may have taken one of the names: his row stays as it is.
  const [row] = await session.query<{ count: number }>(
    `WITH added AS (
       INSERT INTO subscribers
         (username, password_sealed, service_id, reseller_id, expires_at, is_active, open_sessions, note)
       SELECT * FROM made_up ON CONFLICT (username) DO NOTHING RETURNING 1)
     SELECT count(*)::integer AS count FROM added`,
  );
  await session.query('COMMIT');
  return row?.count ?? 0;
}

function* piecesOf(rows: Iterable<StoredSeedRow>): Generator<string> {
  let lines: string[] = [];
  for (const row of rows) {
    lines.push(lineOf(row));
    if (lines.length < PIECE_ROWS) continue;
    yield lines.join('');
    lines = [];
  }
  if (lines.length > 0) yield lines.join('');
}

/** COPY's text form. Nothing that is made up holds a tab, a line's end or a backslash; bytes are written as `\x…`. */
function lineOf(row: StoredSeedRow): string {
  const cells = [
    row.username,
    row.passwordSealed === null ? NOTHING : `\\\\x${row.passwordSealed.toString('hex')}`,
    row.serviceId ?? NOTHING,
    row.resellerId ?? NOTHING,
    row.expiresAt?.toISOString() ?? NOTHING,
    row.isActive,
    row.openSessions,
    row.note,
  ];
  return `${cells.join('\t')}\n`;
}
