/** Main's own PostgreSQL dies and its panel lives: it grants at once, and the secondary takes over by itself (SAFETY §4). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findOverlap } from '@proxpanel/testbed/ha/judge';
import { monotonicMs } from '@proxpanel/testbed/ha/monotonic';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { readNodeFile } from './support/panel-status.ts';
import { eventTypesOf } from './support/promotions.ts';
import { makePair, startClients, waitUntilSettled, type Pair } from './support/switchovers.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await makePair({ AUTO_FAILOVER: 'true', DB_DOWN_AFTER_MS: '1000', FAILOVER_AFTER_MS: '120000' });
}, 240_000);

afterAll(() => pair.testbed.dispose());

test("SAFETY §4 Main's own PostgreSQL down: main writes the grant and hands over, and comes back as a standby", async () => {
  const before = await waitUntilSettled(pair);
  const writers = startClients(pair);
  const beganMs = monotonicMs();
  try {
    await writers.waitForAcks(100);
    await before.main.postgres.kill();
    await writers.waitForAck(monotonicMs(), { server: before.secondary.name });
    await waitFor(() => readNodeFile(before.main).membership, {
      describe: 'the old main to know its new one',
      until: (membership) => membership?.main_node_id !== membership?.node_id && membership?.handover == null,
    });
  } finally {
    await writers.stop();
  }
  expect(findOverlap(writers.acks, beganMs)).toEqual({ seconds: 0, overlapMs: 0, rows: 0 });
  // The next one within the hour waits until an admin has seen this one. The database takes writes a moment before that is
  // written down; the gate opens after it.
  const taken = await waitFor(() => readNodeFile(before.secondary).membership, {
    describe: 'the new main to remember its failover',
    until: (membership) => membership?.last_failover != null,
  });
  expect(taken.main_node_id).toBe(taken.node_id);
  expect(taken.last_failover).toMatchObject({ term: taken.term, acknowledged: false });
  expect(await eventTypesOf(before.secondary)).toContain('failover_completed');
  await before.main.postgres.start();
  expect(await before.main.postgres.isInRecovery()).toBe(true);
});
