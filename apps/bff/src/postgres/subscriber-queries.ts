/** How subscribers are found: filters, orders and pages that an index answers at a million rows. */
import { sql } from 'kysely';
import type { ExpressionBuilder, Expression, SqlBool } from 'kysely';
import type { ListSubscribersQuery, Subscriber, SubscriberFilters } from '@proxpanel/contracts/subscribers';
import type { Owner } from '../panel/ports.ts';
import { readCursor, writeCursor } from './panel-cursor.ts';
import type { DatabasePool } from './pool.ts';
import type { Tables } from './tables.ts';

type Db = DatabasePool['db'];
type Where = ExpressionBuilder<Tables, 'subscribers'>;

/** A part of a name that so many rows hold is looked up by its trigrams and sorted; one that more hold is met soon enough. */
const FEW = 2_000;
/** Trigrams need three letters; a shorter search is the beginning of a name. */
const TRIGRAM = 3;

/** As its index has it: without an end comes last. */
const expiry = sql`coalesce(subscribers.expires_at, 'infinity')`;

export function subscriberRows(db: Db) {
  return db
    .selectFrom('subscribers')
    .leftJoin('services', 'services.id', 'subscribers.service_id')
    .leftJoin('users as resellers', 'resellers.id', 'subscribers.reseller_id')
    .select([
      'subscribers.id',
      'subscribers.username',
      sql<boolean>`subscribers.password_sealed IS NOT NULL`.as('has_password'),
      'subscribers.service_id',
      'services.name as service_name',
      'subscribers.reseller_id',
      'resellers.username as reseller_name',
      'subscribers.expires_at',
      'subscribers.is_active',
      sql<boolean>`subscribers.open_sessions > 0`.as('is_online'),
      'subscribers.note',
      'subscribers.created_at',
      'subscribers.updated_at',
      'subscribers.row_version',
    ]);
}

/** A LIKE pattern in which `_` and `%` of a user name are letters, not wild cards. */
function patternOf(search: string): string {
  const literal = search.replace(/[\\%_]/g, '\\$&');
  return search.length < TRIGRAM ? `${literal}%` : `%${literal}%`;
}

/** Whose rows, and which: one condition each. */
export function conditions(where: Where, filters: SubscriberFilters, owner: Owner): Expression<SqlBool>[] {
  const found: Expression<SqlBool>[] = [];
  if (owner !== null) {
    found.push(sql<boolean>`subscribers.reseller_id = (SELECT id FROM users WHERE username = ${owner})`);
  }
  if (filters.reseller_id !== undefined) found.push(where('subscribers.reseller_id', '=', filters.reseller_id));
  if (filters.service_id !== undefined) found.push(where('subscribers.service_id', '=', filters.service_id));
  if (filters.search !== '') found.push(where('subscribers.username', 'ilike', patternOf(filters.search)));
  switch (filters.state) {
    case 'active':
      found.push(
        sql<boolean>`subscribers.is_active AND (subscribers.expires_at IS NULL OR subscribers.expires_at > now())`,
      );
      break;
    case 'inactive':
      found.push(sql<boolean>`NOT subscribers.is_active`);
      break;
    case 'expired':
      found.push(sql<boolean>`${expiry} <= now()`);
      break;
    case 'expiring':
      found.push(sql<boolean>`${expiry} > now() AND ${expiry} <= now() + interval '7 days'`);
      break;
    case 'online':
      found.push(sql<boolean>`subscribers.open_sessions > 0`);
      break;
    case undefined:
      break;
  }
  return found;
}

/** The ids of the few that match a search; null when they are many, or nothing narrows the list down so far. */
export async function fewMatches(db: Db, filters: SubscriberFilters, owner: Owner): Promise<number[] | null> {
  if (filters.search.length < TRIGRAM) return null;
  const rows = await db
    .selectFrom('subscribers')
    .select('subscribers.id')
    .where((where) => where.and(conditions(where, filters, owner)))
    .limit(FEW + 1)
    .execute();
  return rows.length > FEW ? null : rows.map(({ id }) => id);
}

/** How many match, counted up to a thousand. */
export async function countMatches(db: Db, filters: SubscriberFilters, owner: Owner) {
  const most = 1_000;
  const { count } = await db
    .selectFrom((inner) =>
      inner
        .selectFrom('subscribers')
        .select('subscribers.id')
        .where((where) => where.and(conditions(where, filters, owner)))
        .limit(most + 1)
        .as('some'),
    )
    .select((select) => select.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return { count: Math.min(count, most), more: count > most };
}

/** The column of each order. */
const KEYS = {
  newest: { value: sql<string>`subscribers.id::text`, column: sql`subscribers.id`, cast: sql`int` },
  username: { value: sql<string>`subscribers.username`, column: sql`subscribers.username`, cast: sql`text` },
  expires_at: {
    value: sql<string>`${expiry}::text`,
    column: expiry,
    cast: sql`timestamptz`,
  },
} as const;

/** One page, and one row more when there is a next one. */
export async function readPage(
  db: Db,
  query: ListSubscribersQuery,
  owner: Owner,
  ids: readonly number[] | null,
): Promise<{ subscribers: Subscriber[]; next: string | null }> {
  // The newest first is what nobody has to ask for.
  const down = query.sort === 'newest' ? !query.descending : query.descending;
  const direction = sql.raw(down ? 'DESC' : 'ASC');
  const order = `${query.sort}${down ? '-' : '+'}`;
  const key = KEYS[query.sort];
  let select = subscriberRows(db)
    .select(key.value.as('sort_value'))
    .where((where) => where.and(conditions(where, ids === null ? query : { ...query, search: '' }, owner)))
    .orderBy(sql`${key.column} ${direction}, subscribers.id ${direction}`)
    .limit(query.limit + 1);
  if (ids !== null) select = select.where('subscribers.id', 'in', ids.length === 0 ? [0] : [...ids]);
  if (query.cursor !== undefined) {
    const place = readCursor(query.cursor, order);
    const than = sql.raw(down ? '<' : '>');
    const value = sql`CAST(${place.value} AS ${key.cast})`;
    select = select.where(sql<boolean>`(${key.column}, subscribers.id) ${than} (${value}, ${place.id}::int)`);
  }
  const rows = await select.execute();
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  const next =
    rows.length > page.length && last !== undefined
      ? writeCursor({ sort: order, value: last.sort_value, id: last.id })
      : null;
  return { subscribers: page.map(({ sort_value: _, ...subscriber }) => subscriber), next };
}
