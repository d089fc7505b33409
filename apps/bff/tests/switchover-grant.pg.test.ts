/** The two generals on real servers: a grant whose reply is late or lost, and the candidate's word that it is not used (SAFETY §3). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findOverlap } from '@proxpanel/testbed/ha/judge';
import { monotonicMs } from '@proxpanel/testbed/ha/monotonic';
import type { TestServer } from '@proxpanel/testbed/server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { readNodeFile } from './support/panel-status.ts';
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
  await setControl(pair, true);
}, 240_000);

afterAll(() => pair.testbed.dispose());

/** Main's panel hangs from the moment at which the grant is on its disk, whether the reply has left it or not. */
async function holdAtGrant(main: TestServer): Promise<void> {
  await waitFor(() => readNodeFile(main).membership?.handover?.state, {
    describe: 'the grant in node.json',
    intervalMs: 1,
    deadlineMs: 45_000,
    until: (state) => state === 'granted',
  });
  await main.bff.pause();
}

/** Hangs main's panel in its grant until `until` is so; returns how main's half ended. */
async function switchWithHang(until: (candidate: TestServer) => Promise<unknown>): Promise<string> {
  const before = await waitUntilSettled(pair);
  const writers = startClients(pair);
  const beganMs = monotonicMs();
  try {
    await writers.waitForAcks(50);
    const held = holdAtGrant(before.main);
    const id = await askToSwitch(pair, before.main);
    await held;
    try {
      await until(before.secondary);
    } finally {
      before.main.bff.resume();
    }
    const operation = await waitForOperation(pair, before.main, id);
    const after = await waitUntilSettled(pair);
    expect(after.main === before.secondary, JSON.stringify(operation)).toBe(operation.state === 'completed');
    await writers.waitForAck(monotonicMs(), { server: after.main.name });
    expect(findOverlap(writers.acks, beganMs)).toEqual({ seconds: 0, overlapMs: 0, rows: 0 });
    await expectNothingLost(after.main, writers);
    return operation.state;
  } finally {
    await writers.stop();
  }
}

test('SAFETY §3 Grant: a reply that is lost is asked for again, or given back; never two mains', async () => {
  const state = await switchWithHang((candidate) =>
    waitFor(() => readNodeFile(candidate).membership, {
      describe: 'the candidate to have asked, and to have heard or waited',
      intervalMs: 20,
      until: (membership) => membership?.handover?.good_until !== null,
    }),
  );
  expect(['completed', 'rolled_back']).toContain(state);
});

test('SAFETY §3 Grant: main that hangs beyond the grant goes back only on a signed "discarded", or follows the new main', async () => {
  const state = await switchWithHang((candidate) =>
    waitFor(() => readNodeFile(candidate).membership, {
      describe: 'the candidate to be main, or to have given it up',
      deadlineMs: 60_000,
      until: (membership) =>
        membership?.handover?.state === 'discarded' || membership?.main_node_id === membership?.node_id,
    }),
  );
  expect(['completed', 'rolled_back']).toContain(state);
});
