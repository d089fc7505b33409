/**
 * Either panel dies in each phase of a planned change and is started again, under writers: one writable main in the end,
 * never two, and nothing lost (SAFETY §3 "Grant"). One cluster, which changes its direction from round to round.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Operation } from '@proxpanel/contracts/operations';
import { findOverlap } from '@proxpanel/testbed/ha/judge';
import { monotonicMs } from '@proxpanel/testbed/ha/monotonic';
import type { Writers } from '@proxpanel/testbed/ha/writers';
import type { TestServer } from '@proxpanel/testbed/server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { readNodeFile } from './support/panel-status.ts';
import { readOperationFiles } from './support/promotions.ts';
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
let writers: Writers;

beforeAll(async () => {
  pair = await makePair();
  await setControl(pair, true);
  writers = startClients(pair);
}, 240_000);

afterAll(async () => {
  await writers.stop();
  await pair.testbed.dispose();
});

const phasesOfMain = [
  'check',
  'shut_gate',
  'shut_database',
  'hand_over',
  'await_grant',
  'await_new_main',
  'follow_new_main',
];
const phasesOfCandidate = [
  'prepare_candidate',
  'reach_end',
  'ask_grant',
  'take_lease',
  'promote_database',
  'record_promotion',
  'announce',
];

const isAt = ({ phases }: Operation, phase: string): boolean =>
  phases.some(({ name, state }) => name === phase && state !== 'pending');

/**
 * Kills the panel as soon as it is in the phase (or, on a busy machine, just behind it: the operation may even have
 * ended), and starts it again.
 */
async function killAt(server: TestServer, phase: string): Promise<void> {
  const earlier = new Set(readOperationFiles(server).map(({ id }) => id));
  await waitFor(() => readOperationFiles(server), {
    describe: `${phase} on ${server.name}`,
    intervalMs: 1,
    deadlineMs: 45_000,
    until: (operations) => operations.some((operation) => !earlier.has(operation.id) && isAt(operation, phase)),
  });
  await server.bff.kill();
  await forgetReignBefore(server);
  await server.bff.start();
  await server.bff.waitUntilReady();
}

/**
 * node.json as it is when nothing but replication has told this server of the reign before: it need not have heard of it
 * by an announcement or a probe, and the row in its database counts all the same (SAFETY §2).
 */
async function forgetReignBefore(server: TestServer): Promise<void> {
  const file = readNodeFile(server);
  const { membership } = file;
  if (membership === null) return;
  const before = membership.promotions.findLast(({ node_id: nodeId }) => nodeId !== membership.node_id);
  const promotions = membership.promotions.filter((each) => each !== before);
  await writeFile(
    join(server.stateDirectory, 'node.json'),
    JSON.stringify({ ...file, membership: { ...membership, promotions } }),
  );
}

test.each([
  ...phasesOfMain.map((phase) => ['main', phase] as const),
  ...phasesOfCandidate.map((phase) => ['secondary', phase] as const),
])('SAFETY §3 Grant: the panel of the %s is killed in %s: one main, nothing lost', async (side, phase) => {
  const before = await waitUntilSettled(pair);
  const beganMs = monotonicMs();
  const killed = killAt(before[side], phase);
  const id = await askToSwitch(pair, before.main);
  await killed;
  await panelOf(pair, before[side]).signIn();
  const operation = await waitForOperation(pair, before.main, id);
  expect(['completed', 'rolled_back', 'failed']).toContain(operation.state);
  const after = await waitUntilSettled(pair);
  expect(after.main === before.secondary, JSON.stringify(operation)).toBe(operation.state === 'completed');
  await writers.waitForAck(monotonicMs(), { server: after.main.name });
  const acks = writers.acks.filter(({ heardMs }) => heardMs > beganMs);
  expect(findOverlap(acks, beganMs)).toEqual({ seconds: 0, overlapMs: 0, rows: 0 });
  await expectNothingLost(after.main, writers);
});
