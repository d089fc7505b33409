import { expect, test } from 'vitest';
import type { PeerStatusReply } from '@proxpanel/contracts/peer';
import { membershipOf, peerOf, recordingLog, temporaryNodeFile } from '../host/test-node-file.ts';
import type { ClusterContext } from './cluster-context.ts';
import { createClusterMemory } from './cluster-memory.ts';
import { meetEqualTerm, meetTerm } from './meet-term.ts';
import type { Membership } from './node-file.ts';
import type { DatabaseView, NodeFilePort } from './ports.ts';
import { createRoleState } from './role-state.ts';

/** Node 1 of three, main of term 1; its fence can be let go when the test says so. */
async function aMain(changes: Partial<Membership> = {}, hasArbiter = false) {
  const peers = [peerOf(1), peerOf(2), peerOf(3)];
  const temporary = await temporaryNodeFile(membershipOf({ peers, ...changes }));
  const view = { state: 'writable' as DatabaseView['state'] };
  const database = {
    view: () => view as DatabaseView,
    look: () => Promise.resolve(view as DatabaseView),
    onChange: () => () => undefined,
  };
  const fences: PromiseWithResolvers<void>[] = [];
  const context = {
    log: recordingLog(),
    arbiter: { configured: hasArbiter },
    clock: { nowMs: () => 1_000 },
    memory: createClusterMemory(),
    nodeFile: temporary.file,
    database,
    roles: createRoleState(database, temporary.file),
    replication: {
      fence: () => {
        const fence = Promise.withResolvers<void>();
        fences.push(fence);
        return fence.promise;
      },
    },
  } as unknown as ClusterContext;
  const finishFence = (): void => {
    view.state = 'recovery';
    for (const fence of fences) fence.resolve();
  };
  return {
    context,
    fences,
    finishFence,
    file: temporary.file,
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

const membershipIn = (file: NodeFilePort): Membership | null => file.get().membership;

test('a candidate that has only claimed a term still names the old main: that one is not main of the new term', async () => {
  await using main = await aMain();
  const met = meetTerm(main.context, { term: 2, mainNodeId: 1, saidBy: '"Node 3"', speakerIsMain: false });
  await expect.poll(() => main.fences.length).toBe(1);
  main.finishFence();
  expect(await met).toBe(true);
  expect(membershipIn(main.file)).toMatchObject({ term: 2, role: 'secondary', fence: { term: 2 } });
  expect(membershipIn(main.file)?.main_node_id).not.toBe(1);
  expect(main.context.roles.view().writesAllowed).toBe(false);

  // Who it is comes later, with the same term.
  await meetTerm(main.context, { term: 2, mainNodeId: 3, saidBy: '"Node 3"', speakerIsMain: true });
  expect(membershipIn(main.file)).toMatchObject({ term: 2, main_node_id: 3, fence: { term: 2 } });
  expect(main.context.roles.view().mainApiUrl).toBe('http://127.0.0.1');
  // A claim without a promotion does not move it, and neither does a term that is over.
  await meetTerm(main.context, { term: 2, mainNodeId: 2, saidBy: '"Node 2"', speakerIsMain: false });
  await meetTerm(main.context, { term: 1, mainNodeId: 2, saidBy: '"Node 2"', speakerIsMain: true });
  expect(membershipIn(main.file)?.main_node_id).toBe(3);
});

test('SAFETY §3 Terms: a term that the arbiter gave to this very server, whose answer was lost, does not shut it', async () => {
  await using main = await aMain({}, true);
  expect(await meetTerm(main.context, { term: 2, mainNodeId: 1, saidBy: '"Node 2"' })).toBe(false);
  expect(main.fences).toEqual([]);
  expect(membershipIn(main.file)).toMatchObject({ term: 1, fence: null });
});

test('the gate is shut before the fence ends, and a term that is met twice at once is fenced and told once', async () => {
  await using main = await aMain();
  const met = [1, 2].map(() => meetTerm(main.context, { term: 2, mainNodeId: null, saidBy: '"Node 2"' }));
  await expect.poll(() => main.fences.length).toBe(1);
  expect(main.context.roles.view().writesAllowed).toBe(false);
  main.finishFence();
  expect(await Promise.all(met)).toEqual([true, true]);
  expect(main.fences).toHaveLength(1);
  expect(main.file.get().journal.map(({ type }) => type)).toEqual(['main_fenced']);
});

test('two servers that both took writes are reported as such; a main that was shut before the other began is not', async () => {
  await using cut = await aMain();
  const met = meetTerm(cut.context, { term: 2, mainNodeId: 2, saidBy: '"Node 2"', speakerIsMain: true });
  await expect.poll(() => cut.fences.length).toBe(1);
  cut.finishFence();
  await met;
  expect(cut.file.get().journal.map(({ type }) => type)).toEqual(['split_brain_detected', 'main_fenced']);

  await using asked = await aMain();
  asked.context.roles.shutGate('It has just started.');
  const told = meetTerm(asked.context, { term: 2, mainNodeId: 2, saidBy: '"Node 2"', speakerIsMain: true });
  await expect.poll(() => asked.fences.length).toBe(1);
  asked.finishFence();
  await told;
  expect(asked.file.get().journal.map(({ type }) => type)).toEqual(['main_fenced']);
});

test('the same or a lower term leaves a main alone', async () => {
  await using main = await aMain({ term: 2 });
  expect(await meetTerm(main.context, { term: 2, mainNodeId: 2, saidBy: '"Node 2"', speakerIsMain: true })).toBe(false);
  expect(await meetTerm(main.context, { term: 1, mainNodeId: 2, saidBy: '"Node 2"', speakerIsMain: true })).toBe(false);
  expect(membershipIn(main.file)).toMatchObject({ term: 2, main_node_id: 1, fence: null });
  expect(main.context.roles.view().writesAllowed).toBe(true);
  expect(main.fences).toHaveLength(0);
});

test('SAFETY §3 Terms: of two mains of one term each shuts itself, and tells with both sides’ numbers', async () => {
  await using main = await aMain();
  const promotion_id = 'a3f0c1de-0000-4000-8000-000000000002';
  const theirs = { promotion_id, term: 1, timeline: 2, fork_lsn: '0/3000000', node_id: 2, at: '2026-01-01T00:00:00Z' };
  const reply = {
    node_id: 2,
    role: 'main',
    effective_role: 'main',
    database_state: 'writable',
    term: 1,
    promotions: [theirs],
    write_lsn: '0/4000000',
  } as unknown as PeerStatusReply;
  main.context.memory.probes.set(2, { lastGoodAtMs: 1, lastFailedAtMs: null, lastFailure: null, reply });
  const met = meetEqualTerm(main.context);
  await expect.poll(() => main.fences.length).toBe(1);
  expect(main.context.roles.view().writesAllowed).toBe(false);
  main.finishFence();
  await met;
  expect(membershipIn(main.file)).toMatchObject({ term: 1, main_node_id: 2, fence: { term: 1, equal_term: true } });
  const [split, fenced] = main.file.get().journal;
  expect([split?.type, fenced?.type]).toEqual(['split_brain_detected', 'main_fenced']);
  expect(split?.details).toMatchObject({
    own_term: 1,
    other_node_id: 2,
    other_promotion_ids: [promotion_id],
    other_fork_lsn: '0/3000000',
    other_last_lsn: '0/4000000',
  });
});
