/**
 * Writes in flight while main changes (DESIGN §10): each is answered 201 and present on the new main, or refused with a 503
 * and absent; never a 500. `SWITCHOVERS=20` makes twenty changes of it.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestServer } from '@proxpanel/testbed/server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { startFollowingWriters, type FollowingWriters } from './support/following-writers.ts';
import {
  askToSwitch,
  makePair,
  setControl,
  waitForOperation,
  waitUntilSettled,
  type Pair,
} from './support/switchovers.ts';

const switchovers = Number(process.env['SWITCHOVERS'] ?? 4);
const clients = 32;

let pair: Pair;

beforeAll(async () => {
  pair = await makePair();
}, 240_000);

afterAll(() => pair.testbed.dispose());

async function namesOn(server: TestServer): Promise<Set<string>> {
  const rows = await server.postgres.query<{ username: string }>('SELECT username FROM subscribers', [], {
    timeoutMs: 60_000,
  });
  return new Set(rows.map(({ username }) => username));
}

/** Both servers have been written to since: the clients have found the new main. */
async function waitForWrites(writers: FollowingWriters, server: TestServer): Promise<void> {
  const before = writers.byServer.get(server) ?? 0;
  await waitFor(() => writers.byServer.get(server) ?? 0, {
    describe: `the clients to write on ${server.name}`,
    until: (count) => count >= before + clients,
  });
}

/** Changes main so often under the clients, and holds them to what they were told. */
async function changeUnderWriters(count: number, prefix: string): Promise<void> {
  const writers = startFollowingWriters({ panels: pair.panels, clients, prefix });
  try {
    for (let change = 0; change < count; change += 1) {
      const { main, secondary } = await waitUntilSettled(pair);
      await waitForWrites(writers, main);
      const id = await askToSwitch(pair, main);
      const operation = await waitForOperation(pair, secondary, id);
      expect(operation.state, JSON.stringify(operation)).toBe('completed');
      await waitForWrites(writers, secondary);
    }
  } finally {
    await writers.stop();
  }
  const { main } = await waitUntilSettled(pair);
  const present = await namesOn(main);
  const answers = JSON.stringify(Object.fromEntries(writers.answers));
  expect(writers.violations, answers).toEqual([]);
  expect(
    [...writers.acknowledged].filter((name) => !present.has(name)),
    answers,
  ).toEqual([]);
  expect(
    [...writers.refused].filter((name) => present.has(name)),
    answers,
  ).toEqual([]);
  // Else nothing was tried.
  expect(writers.refused.size, answers).toBeGreaterThanOrEqual(count);
}

const half = Math.ceil(switchovers / 2);
const limitMs = 60_000 * switchovers + 120_000;

test(
  `${String(half)} demotions of main under ${String(clients)} writers lose nothing acknowledged and keep nothing refused`,
  async () => {
    await changeUnderWriters(half, 'demoted');
  },
  limitMs,
);

test(
  `${String(switchovers - half)} stops of main under ${String(clients)} writers lose nothing acknowledged and keep nothing refused`,
  async () => {
    await setControl(pair, true);
    await changeUnderWriters(switchovers - half, 'stopped');
  },
  limitMs,
);
