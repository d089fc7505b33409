import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { membershipOf, peerOf } from '../host/test-node-file.ts';
import { startPair } from '../postgres/testing/standby.ts';
import type { Pair } from '../postgres/testing/standby.ts';
import { clock } from '../postgres/testing/test-database.ts';
import { createClusterMemory } from './cluster-memory.ts';
import { dropIdleSlots, makeSlotsOfOthers, markSlotsOfFormerReign } from './keep-slots.ts';
import { attachedTo } from './membership.ts';
import { createOperationLock } from './operation-lock.ts';
import type { ReplicationPort } from './postgres-ports.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await startPair();
});
afterAll(async () => {
  await pair[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await pair.secondary.replication.createSlot('replica_1');
});

const bare = membershipOf({ role: 'secondary', node_id: 2, main_node_id: 1, peers: [peerOf(1), peerOf(2)] });
const membership = { ...bare, attached: attachedTo(bare) };

/** A secondary that streams, and that has been main before. */
async function makeContext(replication: ReplicationPort = pair.secondary.replication) {
  const memory = createClusterMemory();
  memory.positions = await replication.positions();
  const context = { clock, lock: createOperationLock(), memory, replication };
  await markSlotsOfFormerReign(context);
  return context;
}

async function slotsHere(): Promise<string[]> {
  return (await pair.secondary.replication.positions()).slots.map(({ name }) => name);
}

test('a slot of a former reign goes with the next tick', async () => {
  await dropIdleSlots(await makeContext(), membership);
  expect(await slotsHere()).toEqual([]);
});

test('a slot of a former reign stays once this server is a candidate that counts on it', async () => {
  const context = await makeContext();
  await makeSlotsOfOthers(context, membership);
  await dropIdleSlots(context, membership);
  expect(await slotsHere()).toEqual(['replica_1']);
});

test('a slot that is just being dropped when a candidate needs it is made anew', async () => {
  const { replication } = pair.secondary;
  const begun = Promise.withResolvers<void>();
  const calls: string[] = [];
  const context = await makeContext({
    ...replication,
    dropSlot: async (name) => {
      begun.resolve();
      await replication.dropSlot(name);
      calls.push('dropped');
    },
    createSlot: (name) => {
      calls.push('asked for');
      return replication.createSlot(name);
    },
  });
  const tick = dropIdleSlots(context, membership);
  await begun.promise;
  await Promise.all([makeSlotsOfOthers(context, membership), tick]);
  expect(calls).toEqual(['dropped', 'asked for']);
  expect(await slotsHere()).toEqual(['replica_1']);
});
