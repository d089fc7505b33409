/** How a part of a user name is searched for. Trigrams find the few that hold it; of many, a page is met soon without them. */
import { sql } from 'kysely';
import type { Expression, RawBuilder, SqlBool } from 'kysely';
import type { ListSubscribersQuery } from '@proxpanel/contracts/subscribers';
import type { DatabasePool } from './pool.ts';

/**
 * So many matches are collected and sorted; more of them are met soon enough along the order. Of a million, and with filters
 * or an order that send one to the table for each row, the one costs as much as the other at 3 000; else at 1 500. It is more
 * than is counted.
 */
export const FEW = { byIndex: 1_500, byTable: 3_000 } as const;
/** Trigrams need three letters; a shorter search is the beginning of a name. */
export const TRIGRAM = 3;

/** In lower case. */
export const NAME = sql`subscribers.name_key`;
const NAME_WITHOUT_FIRST = sql`substr(${NAME}, 2)`;

/** `_` and `%` of a user name are letters, not wild cards. */
const literal = (search: string): string => search.toLowerCase().replace(/[\\%_]/g, '\\$&');

export function beginningWith(search: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`${NAME} LIKE ${`${literal(search)}%`}`;
}

/** Anywhere but at the beginning. */
export function within(search: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`${NAME_WITHOUT_FIRST} LIKE ${`%${literal(search)}%`}`;
}

/** All that a search finds. */
export function containing(search: string): RawBuilder<SqlBool> {
  return search.length < TRIGRAM ? beginningWith(search) : sql<SqlBool>`${NAME} LIKE ${`%${literal(search)}%`}`;
}

export interface Few {
  /** All that match are known, and `ids` is the page. */
  readonly isWhole: boolean;
  readonly ids: number[];
  /** In the order of names: the page of those that do not begin with the search; null: they are too many. */
  readonly idsWithin: number[] | null;
  /** How many match, at least. */
  readonly count: number;
}

const COLUMNS: Readonly<Record<ListSubscribersQuery['sort'], string>> = {
  newest: 'id',
  username: 'id, name_key',
  expires_at: 'id, expires_at',
};

interface FewWanted {
  readonly search: string;
  readonly sort: ListSubscribersQuery['sort'];
  /** Filters beside the search. */
  readonly parts: Expression<SqlBool>;
  readonly order: { readonly by: RawBuilder<unknown>; readonly after: readonly Expression<SqlBool>[] };
  /** Rows of a page. */
  readonly wanted: number;
  /** As many as are collected, or more, are many. */
  readonly few: number;
}

/** Collects what matches until it is too much, each kind by its own index, whatever order is wanted. */
export async function findFew(
  db: DatabasePool['db'],
  { search, sort, parts, order, wanted, few }: FewWanted,
): Promise<Few> {
  // No more columns than the order needs: then an index may answer alone.
  const columns = sql.raw(COLUMNS[sort]);
  const collect = (match: Expression<SqlBool>) =>
    sql`(SELECT ${columns} FROM subscribers WHERE ${parts} AND ${match} LIMIT ${few + 1})`;
  const short = search.length < TRIGRAM;
  const nothing = sql`(SELECT ${columns} FROM subscribers WHERE false)`;
  // With too many that begin so it is settled that the order is gone along, and trigrams of many rows cost most. In the order
  // of names the two kinds are gone along apart.
  const isNeeded = sort === 'username' ? sql`true` : sql`(SELECT count(*) FROM beginning) <= ${few}`;
  const after = order.after.map((condition) => sql`WHERE ${condition}`)[0] ?? sql``;
  const page = (rows: RawBuilder<unknown>) =>
    sql`ARRAY(SELECT id FROM ${rows} AS subscribers ${after} ORDER BY ${order.by} LIMIT ${wanted})`;
  const { rows } = await sql<{ beginning: number; within: number; count: number; ids: number[]; ids_within: number[] }>`
    WITH beginning AS MATERIALIZED ${collect(beginningWith(search))},
         within AS MATERIALIZED ${short ? nothing : collect(sql`${isNeeded} AND ${within(search)}`)},
         either AS MATERIALIZED (SELECT * FROM beginning UNION SELECT * FROM within)
    SELECT (SELECT count(*) FROM beginning)::integer AS beginning, (SELECT count(*) FROM within)::integer AS within,
           (SELECT count(*) FROM either)::integer AS count,
           ${page(sql`either`)} AS ids, ${page(sql`within`)} AS ids_within`.execute(db);
  const [row] = rows;
  if (row === undefined) return { isWhole: true, ids: [], idsWithin: [], count: 0 };
  const withinIsWhole = row.within <= few;
  return {
    isWhole: withinIsWhole && row.beginning <= few,
    ids: row.ids,
    idsWithin: withinIsWhole ? row.ids_within : null,
    count: row.count,
  };
}
