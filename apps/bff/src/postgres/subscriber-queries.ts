/** How subscribers are found: filters, searches, orders and pages that indexes answer at a million rows. */
import { sql } from 'kysely';
import type { Expression, RawBuilder, SqlBool } from 'kysely';
import type { ListSubscribersQuery, Subscriber, SubscriberFilters } from '@proxpanel/contracts/subscribers';
import type { Matches } from '@proxpanel/contracts/paging';
import { readCursor, writeCursor } from './panel-cursor.ts';
import type { DatabasePool } from './pool.ts';
import { beginningWith, containing, FEW, findFew, NAME, TRIGRAM, type Few } from './subscriber-search.ts';
import { countSearched, WALKED_ROWS, walkToPage } from './subscriber-walk.ts';

type Db = DatabasePool['db'];

const COUNTED = 1_000;

/** As its index has it: without an end comes last. */
const EXPIRY = sql`coalesce(subscribers.expires_at, 'infinity')`;

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

/** Whose rows are meant: a reseller's by his id, which the planner has figures of; null: everybody's. */
export type OwnerId = number | null;

const STATES: Readonly<Record<NonNullable<SubscriberFilters['state']>, RawBuilder<SqlBool>>> = {
  active: sql`subscribers.is_active AND ${EXPIRY} > now()`,
  inactive: sql`NOT subscribers.is_active`,
  expired: sql`${EXPIRY} <= now()`,
  expiring: sql`${EXPIRY} > now() AND ${EXPIRY} <= now() + interval '7 days'`,
  online: sql`subscribers.open_sessions > 0`,
};

/** Whose rows. */
function belonging(filters: SubscriberFilters, owner: OwnerId): Expression<SqlBool>[] {
  const found: Expression<SqlBool>[] = [];
  if (owner !== null) found.push(sql`subscribers.reseller_id = ${owner}`);
  if (filters.reseller_id !== undefined) found.push(sql`subscribers.reseller_id = ${filters.reseller_id}`);
  return found;
}

/** Whose rows, and which, but for the search. */
function narrowing(filters: SubscriberFilters, owner: OwnerId): Expression<SqlBool>[] {
  const found = belonging(filters, owner);
  if (filters.service_id !== undefined) found.push(sql`subscribers.service_id = ${filters.service_id}`);
  if (filters.state !== undefined) found.push(STATES[filters.state]);
  return found;
}

/** Whose rows, and which. */
export function conditions(filters: SubscriberFilters, owner: OwnerId): Expression<SqlBool> {
  const search = filters.search === '' ? [] : [containing(filters.search)];
  return allOf([...narrowing(filters, owner), ...search]);
}

function allOf(parts: readonly Expression<SqlBool>[]): RawBuilder<SqlBool> {
  return parts.length === 0
    ? sql`true`
    : sql`${sql.join(
        parts.map((part) => sql`(${part})`),
        sql` AND `,
      )}`;
}

interface Order {
  /** Of the cursor: which list it belongs to. */
  readonly name: string;
  readonly column: RawBuilder<unknown>;
  readonly direction: RawBuilder<unknown>;
  readonly by: RawBuilder<unknown>;
  /** Rows after the cursor. */
  readonly after: Expression<SqlBool>[];
}

/** The column of each order. */
const KEYS = {
  newest: { column: sql`subscribers.id`, cast: sql`integer` },
  username: { column: NAME, cast: sql`text` },
  expires_at: { column: EXPIRY, cast: sql`timestamptz` },
} as const;

function orderOf({ sort, descending, cursor }: ListSubscribersQuery): Order {
  const { column, cast } = KEYS[sort];
  // The newest first is what nobody has to ask for.
  const down = sort === 'newest' ? !descending : descending;
  const name = `${sort}${down ? '-' : '+'}`;
  const direction = sql.raw(down ? 'DESC' : 'ASC');
  const isUnique = sort === 'newest';
  const by = isUnique ? sql`${column} ${direction}` : sql`${column} ${direction}, subscribers.id ${direction}`;
  if (cursor === undefined) return { name, column, direction, by, after: [] };
  const { value, id } = readCursor(cursor, name);
  const than = sql.raw(down ? '<' : '>');
  const after = isUnique
    ? sql<SqlBool>`subscribers.id ${than} ${id}::integer`
    : sql<SqlBool>`(${column}, subscribers.id) ${than} (CAST(${value} AS ${cast}), ${id}::integer)`;
  return { name, column, direction, by, after: [after] };
}

/** Up to `limit` ids in the order, found by going along its index. */
async function idsAlong(db: Db, order: Order, parts: readonly Expression<SqlBool>[], limit: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    SELECT subscribers.id FROM subscribers WHERE ${allOf([...parts, ...order.after])}
     ORDER BY ${order.by} LIMIT ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}

/** How many match, counted up to a thousand. */
async function countMatches(db: Db, filters: SubscriberFilters, owner: OwnerId): Promise<Matches> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::integer AS count FROM (
      SELECT 1 FROM subscribers WHERE ${allOf(narrowing(filters, owner))} LIMIT ${COUNTED + 1}) AS counted`.execute(db);
  return matchesOf(rows[0]?.count ?? 0);
}

const matchesOf = (count: number): Matches => ({ count: Math.min(count, COUNTED), more: count > COUNTED });

/** Where one way to find rows gives way to the next; by default as was measured at a million rows. */
interface Limits {
  /** So many matches of a search are collected and sorted rather than met along the order. */
  readonly fewAtMost?: number | undefined;
  /** So many rows are gone along before a search's trigrams are asked. */
  readonly walkedRows?: number | undefined;
}

/** One page, and how many match in all. INVALID_REQUEST for a cursor that is none. */
export async function listSubscribers(db: Db, query: ListSubscribersQuery, owner: OwnerId, limits: Limits = {}) {
  const order = orderOf(query);
  const wanted = query.limit + 1;
  const parts = narrowing(query, owner);
  const { search, sort } = query;
  if (search === '') {
    const [ids, matches] = await Promise.all([idsAlong(db, order, parts, wanted), countMatches(db, query, owner)]);
    return { ...(await readPage(db, query, order, ids)), matches };
  }
  const met = search.length < TRIGRAM ? null : await walk(db, { query, order, parts, wanted, owner, limits });
  if (met !== null) {
    const counted = countSearched(db, { search, parts: allOf(parts), most: COUNTED + 1 });
    const [page, count] = await Promise.all([readPage(db, query, order, met), counted]);
    return { ...page, matches: matchesOf(count) };
  }
  const few = await findFew(db, {
    ...{ search, sort, parts: allOf(parts), order, wanted },
    few: limits.fewAtMost ?? fewOf(query),
  });
  const ids = few.isWhole ? few.ids : await idsOfMany(db, { query, order, parts, wanted, few });
  return { ...(await readPage(db, query, order, ids)), matches: matchesOf(few.count) };
}

interface WalkWanted {
  readonly query: ListSubscribersQuery;
  readonly order: Order;
  readonly parts: readonly Expression<SqlBool>[];
  readonly wanted: number;
  readonly owner: OwnerId;
  readonly limits: Limits;
}

function walk(db: Db, { query, order, parts, wanted, owner, limits }: WalkWanted): Promise<number[] | null> {
  const entry = [...belonging(query, owner), ...order.after];
  // In the order of ends each state is a stretch of an index, or an index of its own.
  if (query.sort === 'expires_at' && query.state !== undefined) entry.push(STATES[query.state]);
  const match = allOf([...parts, containing(query.search)]);
  return walkToPage(db, { order, entry: allOf(entry), match, wanted, rows: limits.walkedRows ?? WALKED_ROWS });
}

function fewOf({ sort, state, service_id: service }: ListSubscribersQuery): number {
  return sort === 'expires_at' || state !== undefined || service !== undefined ? FEW.byTable : FEW.byIndex;
}

interface ManyWanted {
  readonly query: ListSubscribersQuery;
  readonly order: Order;
  readonly parts: readonly Expression<SqlBool>[];
  readonly wanted: number;
  readonly few: Few;
}

/**
 * So many match that going along the order meets a page of them soon. Not so in the order of names: those that begin with
 * the search stand together, maybe at its other end, and are gone along by themselves.
 */
async function idsOfMany(db: Db, { query, order, parts, wanted, few }: ManyWanted): Promise<number[]> {
  const { search, sort } = query;
  if (sort !== 'username') return idsAlong(db, order, [...parts, containing(search)], wanted);
  const beginning = idsAlong(db, order, [...parts, beginningWith(search)], wanted);
  const within = few.idsWithin ?? idsAlong(db, order, [...parts, containing(search)], wanted);
  return [...new Set([...(await beginning), ...(await within)])];
}

/** The rows of these ids, of which one more than fits means that there is a next page. */
async function readPage(
  db: Db,
  query: ListSubscribersQuery,
  order: Order,
  ids: readonly number[],
): Promise<{ subscribers: Subscriber[]; next: string | null }> {
  if (ids.length === 0) return { subscribers: [], next: null };
  const page = await subscriberRows(db)
    .select(sql<string>`${order.column}::text`.as('sort_value'))
    .where(sql<boolean>`subscribers.id = ANY(${[...ids]}::integer[])`)
    .orderBy(order.by)
    .limit(query.limit)
    .execute();
  const last = page.at(-1);
  const next =
    ids.length > query.limit && last !== undefined
      ? writeCursor({ sort: order.name, value: last.sort_value, id: last.id })
      : null;
  return { subscribers: page.map(({ sort_value: _, ...subscriber }) => subscriber), next };
}
