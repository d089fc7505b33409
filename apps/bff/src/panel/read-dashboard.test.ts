import { expect, test } from 'vitest';
import { Fault } from '../fault.ts';
import type { DashboardCounts, Owner } from './ports.ts';
import { createDashboard } from './read-dashboard.ts';

const admin = { username: 'ann', role: 'admin' } as const;
const rob = { username: 'rob', role: 'reseller' } as const;
const figures = { cpu_percent: 1, memory_percent: 2, disk_percent: null };
const countsOf = (total: number): DashboardCounts => ({
  counted_at: '2026-11-01T00:00:00.000Z',
  subscribers: { total, online: 0, active: 0, expired: 0, expiring_in_7_days: 0 },
  sessions: { open: 0, started_today: 0 },
});

/** `keeps`: the cache can be written. */
function dashboardWith({ keeps }: { readonly keeps: boolean }) {
  const kept = new Map<Owner, DashboardCounts>();
  const asked: Owner[] = [];
  const waiting: (() => void)[] = [];
  let fault: Fault | null = null;
  const read = createDashboard({
    ownFigures: () => figures,
    countCache: {
      read: async (owner) => kept.get(owner) ?? null,
      write: async (owner, counts) => {
        if (keeps) kept.set(owner, counts);
      },
    },
    counts: {
      async countForDashboard(owner) {
        asked.push(owner);
        await new Promise<void>((resolve) => void waiting.push(resolve));
        if (fault !== null) throw fault;
        return countsOf(owner === null ? 10 : 3);
      },
    },
  });
  return {
    asked,
    read,
    failWith: (next: Fault | null) => void (fault = next),
    /** Asks as each of the users, and lets the counting end once all have asked. */
    async readAll(users: readonly (typeof admin | typeof rob)[]) {
      const replies = users.map((user) => read(user));
      const settled = Promise.allSettled(replies);
      // All of them have asked the cache and are counting by the next turn of the loop.
      await new Promise(setImmediate);
      for (const go of waiting.splice(0)) go();
      return settled;
    },
  };
}

test('it says where its counts are from, and a reseller is told his own and nothing of the server', async () => {
  const { read, readAll, asked } = dashboardWith({ keeps: true });
  expect(await readAll([admin, rob])).toMatchObject([
    { value: { source: 'database', subscribers: { total: 10 }, server: figures } },
    { value: { source: 'database', subscribers: { total: 3 }, server: null } },
  ]);
  expect(await read(admin)).toMatchObject({ source: 'cache', subscribers: { total: 10 }, server: figures });
  expect(await read(rob)).toMatchObject({ source: 'cache', subscribers: { total: 3 }, server: null });
  expect(asked).toEqual([null, 'rob']);
});

test('many who ask at once are counted for once, and an outage is told to all of them and not kept', async () => {
  const { readAll, asked, failWith } = dashboardWith({ keeps: false });
  expect(await readAll([admin, admin, admin])).toMatchObject(Array(3).fill({ value: { source: 'database' } }));
  expect(asked).toEqual([null]);
  failWith(new Fault('DATABASE_DOWN', 'away'));
  expect(await readAll([admin, admin])).toMatchObject(Array(2).fill({ reason: { code: 'DATABASE_DOWN' } }));
  failWith(null);
  expect(await readAll([admin])).toMatchObject([{ value: { source: 'database' } }]);
});
