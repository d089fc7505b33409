/** Every filter, search, order and page of the list of subscribers, against the same worked out in memory; and its plans. */
import { Kysely, PostgresDialect, type CompiledQuery } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  listSubscribersQuerySchema,
  subscriberSortSchema,
  subscriberStateSchema,
  type ListSubscribersQuery,
  type Subscriber,
} from '@proxpanel/contracts/subscribers';
import { startPostgres, type PostgresServer } from '@proxpanel/testbed/postgres-server';
import { createColumnSeal } from '../panel/seal-column.ts';
import { seedPanel } from '../panel/seed-panel.ts';
import { createSeedStore } from './panel-seed.ts';
import { prepareDatabase } from './panel-role.ts';
import { sqlTypes } from './sql-types.ts';
import { listSubscribers, subscriberRows } from './subscriber-queries.ts';
import type { Tables } from './tables.ts';
import { connect, type TestConnections } from './testing/test-database.ts';

const SUBSCRIBERS = 20_000;
/** As far as matches are counted; a smaller limit of the few knows less. */
const COUNTED = 1_000;
const WEEK_MS = 7 * 24 * 3_600_000;

/** A row and what each of some thousand comparisons asks of it. */
interface Known {
  readonly row: Subscriber;
  readonly name: string;
  readonly endMs: number;
}

let postgres: PostgresServer;
let connections: TestConnections;
let all: readonly Known[];
let resellers: ReadonlyMap<string, number>;

beforeAll(async () => {
  postgres = await startPostgres();
  connections = connect(postgres);
  const { nodeFile, log } = connections;
  await prepareDatabase({ connections, nodeFile, log, radius: null });
  await seedPanel(
    { store: createSeedStore(connections), seal: createColumnSeal('ab'.repeat(32)), nowMs: Date.now },
    { subscribers: SUBSCRIBERS, seed: 1, besideRealOnes: false, actor: 'test', onProgress: () => undefined },
  );
  const { db } = connections.panel;
  // What the made-up names do not have: capitals, letters that LIKE knows, and names that begin with one another.
  const names = ['Ahmad.KARIMI', 'under_score', 'underXscore', 'ahmad', 'AHMAD', 'a', 'ahmad_ahmad'];
  await db
    .insertInto('subscribers')
    .values(names.map((username) => ({ username })))
    .execute();
  await postgres.query('ANALYZE subscribers');
  const rows = await subscriberRows(db).execute();
  all = rows.map((row) => ({
    row,
    name: row.username.toLowerCase(),
    endMs: row.expires_at === null ? Infinity : Date.parse(row.expires_at),
  }));
  const users = await db.selectFrom('users').select(['id', 'username']).execute();
  resellers = new Map(users.map(({ id, username }) => [username, id]));
});

afterAll(async () => {
  await connections.close();
  await postgres.dispose();
});

const queryOf = (parts: Record<string, unknown>): ListSubscribersQuery => listSubscribersQuerySchema.parse(parts);

function isWanted({ row, name, endMs }: Known, query: ListSubscribersQuery, owner: number | null): boolean {
  const now = Date.now();
  const search = query.search.toLowerCase();
  const states = {
    active: row.is_active && endMs > now,
    inactive: !row.is_active,
    expired: endMs <= now,
    expiring: endMs > now && endMs <= now + WEEK_MS,
    online: row.is_online,
  };
  return (
    (owner === null || row.reseller_id === owner) &&
    (query.service_id === undefined || row.service_id === query.service_id) &&
    (query.state === undefined || states[query.state]) &&
    (search.length < 3 ? name.startsWith(search) : name.includes(search))
  );
}

function compare(query: ListSubscribersQuery): (one: Known, other: Known) => number {
  const keyOf = {
    newest: ({ row }: Known) => row.id,
    username: ({ name }: Known) => name,
    expires_at: ({ endMs }: Known) => endMs,
  }[query.sort];
  const descending = query.sort === 'newest' ? !query.descending : query.descending;
  return (one, other) => {
    const [left, right] = [keyOf(one), keyOf(other)];
    const byKey = left === right ? one.row.id - other.row.id : left < right ? -1 : 1;
    return descending ? -byKey : byKey;
  };
}

interface Case {
  readonly query: ListSubscribersQuery;
  readonly owner: number | null;
  /** Nothing: the product's own. */
  readonly limits: { readonly fewAtMost?: number; readonly walkedRows?: number };
}

/** The first pages, as many as are asked for, of one list. */
async function expectAlike({ query, owner, limits }: Case, pages: number): Promise<void> {
  const wanted = all.filter((row) => isWanted(row, query, owner)).sort(compare(query));
  const what = JSON.stringify({ query, owner, limits });
  let cursor: string | undefined;
  for (let page = 0; page < pages; page += 1) {
    const asked = cursor === undefined ? query : { ...query, cursor };
    const reply = await listSubscribers(connections.panel.db, asked, owner, limits);
    const from = page * query.limit;
    const names = wanted.slice(from, from + query.limit).map(({ row }) => row.username);
    expect(
      reply.subscribers.map(({ username }) => username),
      what,
    ).toEqual(names);
    if (limits.fewAtMost === undefined)
      expect(reply.matches, what).toEqual({ count: Math.min(COUNTED, wanted.length), more: wanted.length > COUNTED });
    expect(reply.next !== null, what).toBe(wanted.length > from + query.limit);
    if (reply.next === null) return;
    cursor = reply.next;
  }
}

const orders = subscriberSortSchema.options.flatMap((sort) =>
  ['false', 'true'].map((descending) => ({ sort, descending })),
);
const states = [undefined, ...subscriberStateSchema.options];
const searches = ['', 'a', 'M', 'zq', 'ahmad', 'AHM', 'karimi', '@isp', '99', '999', 'under_', 'no such', 'zahra'];

/** As it is; and with limits at which some of these searches end on each of the ways, and at which none is gone along. */
const everyLimits = [{}, { fewAtMost: 40, walkedRows: 400 }, { fewAtMost: 40, walkedRows: 0 }, { walkedRows: 0 }];

test.each(['', 'trial.large', 'trial.small'])(
  'the list of reseller "%s" is right in every order and filter',
  async (name) => {
    const owner = name === '' ? null : (resellers.get(name) ?? 0);
    for (const order of orders) {
      for (const state of states) {
        for (const service of [undefined, 2]) {
          await expectAlike(
            { query: queryOf({ ...order, state, service_id: service, limit: 30 }), owner, limits: {} },
            2,
          );
        }
      }
    }
  },
);

test.each(['', 'trial.large', 'trial.small'])(
  'searches of reseller "%s" find the same in every order and filter',
  async (name) => {
    const owner = name === '' ? null : (resellers.get(name) ?? 0);
    for (const order of orders) {
      for (const search of searches) {
        for (const limits of everyLimits) {
          await expectAlike({ query: queryOf({ ...order, search, limit: 30 }), owner, limits }, 2);
          await expectAlike({ query: queryOf({ ...order, search, state: 'inactive', limit: 30 }), owner, limits }, 2);
        }
      }
    }
  },
);

test('pages go on to the last row, whatever the order, with no row twice and none left out', async () => {
  for (const order of orders) {
    await expectAlike({ query: queryOf({ ...order, limit: 200 }), owner: null, limits: {} }, Infinity);
    for (const limits of everyLimits)
      await expectAlike({ query: queryOf({ ...order, search: 'ahmad', limit: 200 }), owner: null, limits }, Infinity);
  }
});

/** The statements of one list, explained. */
async function plansOf(parts: Record<string, unknown>, owner: number | null, deep: boolean): Promise<string[]> {
  const queries: CompiledQuery[] = [];
  const pool = new pg.Pool({ connectionString: postgres.url(), types: sqlTypes, max: 1 });
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    log: (event) => void queries.push(event.query),
  });
  try {
    const { next } = await listSubscribers(db, queryOf(parts), owner);
    if (deep) {
      queries.length = 0;
      await listSubscribers(db, { ...queryOf(parts), cursor: next ?? '' }, owner);
    }
    const plans: string[] = [];
    for (const { sql, parameters } of queries) {
      const { rows } = await pool.query<Record<string, unknown>>(`EXPLAIN (FORMAT JSON) ${sql}`, [...parameters]);
      plans.push(JSON.stringify(rows));
    }
    return plans;
  } finally {
    await db.destroy();
  }
}

const indexes = {
  newest: 'subscribers_pkey',
  username: 'subscribers_by_name',
  expires_at: 'subscribers_by_expiry',
} as const;

test('a page of any order and depth is read along its index and never sorted', async () => {
  for (const { sort, descending } of orders) {
    for (const deep of [false, true]) {
      const [page] = (await plansOf({ sort, descending }, null, deep)).filter((plan) => plan.includes(indexes[sort]));
      expect(page, `${sort} ${descending}`).toBeDefined();
      expect(page).not.toContain('"Sort"');
      expect(page).not.toContain('Seq Scan');
    }
  }
});

test("a reseller's page is read along his own index", async () => {
  const owner = resellers.get('trial.large') ?? 0;
  const expected = {
    newest: 'subscribers_of_reseller"',
    username: 'subscribers_of_reseller_by_name',
    expires_at: 'subscribers_of_reseller_by_expiry',
  };
  for (const { sort, descending } of orders) {
    const plans = (await plansOf({ sort, descending }, owner, true)).join('\n');
    expect(plans.replaceAll('\\"', '"'), sort).toContain(expected[sort]);
  }
});

test('a search is answered by the beginnings of names and by their parts, each from its index', async () => {
  // The first statement goes along the order, in vain.
  const [, plan] = await plansOf({ search: '12345' }, null, false);
  expect(plan).toContain('subscribers_by_name');
  expect(plan).toContain('subscribers_by_part_of_name');
  expect(plan).not.toContain('Seq Scan');
});
