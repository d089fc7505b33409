/** A planned change of main with an arbiter: the lease moves to the candidate before pg_promote, and back before a rollback. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findOverlap } from '@proxpanel/testbed/ha/judge';
import { monotonicMs } from '@proxpanel/testbed/ha/monotonic';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { readNodeFile, readStatus } from './support/panel-status.ts';
import { readOperationFile } from './support/promotions.ts';
import {
  askToSwitch,
  expectNothingLost,
  makePair,
  panelOf,
  setControl,
  startClients,
  waitForOperation,
  waitUntilSettled,
  type Pair,
} from './support/switchovers.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await makePair();
  const arbiter = await pair.testbed.addArbiter();
  for (const { bff } of [pair.one, pair.other]) await bff.restart(arbiter.environment);
}, 240_000);

afterAll(() => pair.testbed.dispose());

/** Changes places and back; with a lease the term goes up by one at each taking. */
test.each([
  ['demote', false],
  ['stop', true],
] as const)(
  'SAFETY §3 Grant: with an arbiter the lease moves with it (%s), nothing lost, never two',
  async (_way, control) => {
    await setControl(pair, control);
    const before = await waitUntilSettled(pair);
    const term = readNodeFile(before.main).membership?.term ?? 0;
    const writers = startClients(pair);
    const beganMs = monotonicMs();
    try {
      await writers.waitForAcks(100);
      const operation = await waitForOperation(pair, before.main, await askToSwitch(pair, before.main));
      expect(operation.state, JSON.stringify(operation)).toBe('completed');
      await writers.waitForAck(monotonicMs(), { server: before.secondary.name });
    } finally {
      await writers.stop();
    }
    const after = await waitUntilSettled(pair);
    expect(after.main).toBe(before.secondary);
    expect(findOverlap(writers.acks, beganMs)).toEqual({ seconds: 0, overlapMs: 0, rows: 0 });
    await expectNothingLost(after.main, writers);
    const { membership } = readNodeFile(after.main);
    expect(membership?.term).toBe(term + 1);
    const { arbiter } = await readStatus(panelOf(pair, after.main));
    expect(arbiter).toMatchObject({ lease_node_id: membership?.node_id, guard_alive: true });
    expect(readNodeFile(after.secondary).membership?.lease).toBeNull();
  },
);

test('SAFETY §3 Grant: with an arbiter the lease comes back before a rollback', async () => {
  const before = await waitUntilSettled(pair);
  const asked = askToSwitch(pair, before.main);
  await waitFor(() => readOperationFile(before.main), {
    describe: 'main to be shut',
    intervalMs: 1,
    deadlineMs: 45_000,
    until: (operation) =>
      operation?.phases.some(({ name, state }) => name === 'shut_database' && state !== 'pending') === true,
  });
  await before.secondary.bff.pause();
  try {
    const operation = await waitForOperation(pair, before.main, await asked);
    expect(operation.state, JSON.stringify(operation)).toBe('rolled_back');
    const { arbiter, writes } = await readStatus(panelOf(pair, before.main));
    expect(arbiter?.lease_node_id).toBe(readNodeFile(before.main).membership?.node_id);
    expect(writes.allowed, writes.sentence).toBe(true);
  } finally {
    before.secondary.bff.resume();
  }
  expect((await waitUntilSettled(pair)).main).toBe(before.main);
});

test('SAFETY §3 Grant: a main that was restarted in the middle of it leaves the lease to the one that took over meanwhile', async () => {
  await setControl(pair, false);
  const before = await waitUntilSettled(pair);
  const panel = panelOf(pair, before.main);
  await panel.expectOk(panel.patch('/api/cluster/settings', { auto_failover: true }));
  await waitFor(() => readNodeFile(before.secondary).membership?.settings.auto_failover, {
    describe: 'the secondary to know the setting',
  });
  const asked = askToSwitch(pair, before.main);
  await waitFor(() => readOperationFile(before.main), {
    describe: 'main to be about to be shut',
    intervalMs: 1,
    deadlineMs: 45_000,
    until: (operation) =>
      operation?.phases.some(({ name, state }) => name === 'shut_database' && state !== 'pending') === true,
  });
  await Promise.all([asked, before.main.bff.kill()]);
  // Its lease runs out, or the candidate was told already and asks nobody: either way that one is main in the end.
  await waitFor(() => readNodeFile(before.secondary).membership, {
    describe: 'the secondary to be main',
    deadlineMs: 60_000,
    until: (membership) => membership?.main_node_id === membership?.node_id,
  });
  const taken = readNodeFile(before.secondary).membership;
  await before.main.bff.start();
  await before.main.bff.waitUntilReady();
  const after = await waitUntilSettled(pair);
  expect(after.main).toBe(before.secondary);
  expect(readNodeFile(after.main).membership?.lease).toEqual(taken?.lease);
  expect(readNodeFile(after.secondary).membership).toMatchObject({ term: taken?.term, lease: null });
});
