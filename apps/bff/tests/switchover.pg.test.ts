/** A planned change of main on real servers, under writers: nothing is lost, and the old main follows by itself (DESIGN §8). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { monotonicMs } from '@proxpanel/testbed/ha/monotonic';
import type { TestServer } from '@proxpanel/testbed/server';
import { readNodeFile } from './support/panel-status.ts';
import { readPromotionRows } from './support/promotions.ts';
import {
  askToSwitch,
  expectNothingLost,
  makePair,
  setControl,
  startClients,
  waitForOperation,
  waitUntilSettled,
  type Pair,
} from './support/switchovers.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await makePair();
}, 240_000);

afterAll(() => pair.testbed.dispose());

/** Changes places under writers, asked for on the page of `on`, and judges by what the writers were told. */
async function changePlaces(on: (roles: { main: TestServer; secondary: TestServer }) => TestServer): Promise<void> {
  const before = await waitUntilSettled(pair);
  const term = readNodeFile(before.main).membership?.term ?? 0;
  const writers = startClients(pair);
  try {
    await writers.waitForAcks(100);
    const id = await askToSwitch(pair, on(before));
    const [mains, candidates] = await Promise.all([
      waitForOperation(pair, before.main, id),
      waitForOperation(pair, before.secondary, id),
    ]);
    await writers.waitForAck(monotonicMs(), { server: before.secondary.name });
    await writers.waitForAcks(50);
    expect(mains.state, JSON.stringify(mains)).toBe('completed');
    expect(candidates.state, JSON.stringify(candidates)).toBe('completed');
    expect([mains.kind, candidates.kind]).toEqual(['switchover', 'switchover']);
  } finally {
    await writers.stop();
  }
  const after = await waitUntilSettled(pair);
  expect([after.main.name, after.secondary.name]).toEqual([before.secondary.name, before.main.name]);
  await expectNothingLost(after.main, writers);
  expect(readNodeFile(after.main).membership?.term).toBe(term + 1);
  const rows = await readPromotionRows(after.main);
  expect(rows.filter((row) => row.term === term + 1)).toHaveLength(1);
}

test('SAFETY §1 demote: planned and without control, main is put into recovery, nothing is lost and it follows by itself', async () => {
  await changePlaces(({ main }) => main);
});

test('SAFETY §1 stop: planned and with control, main is stopped and comes back as a standby of the new one', async () => {
  await setControl(pair, true);
  await changePlaces(({ main }) => main);
});

test('DESIGN §8: asked for on the page of the secondary, main does its part all the same', async () => {
  await changePlaces(({ secondary }) => secondary);
});
