import { expect, test } from 'vitest';
import type { Decision } from '@proxpanel/failover/decision';
import { membershipOf, peerOf, recordingLog, temporaryNodeFile } from '../host/test-node-file.ts';
import { Fault } from '../fault.ts';
import { requireStillMain } from './answer-preflight.ts';
import type { ClusterContext } from './cluster-context.ts';
import { createClusterMemory } from './cluster-memory.ts';
import { requireMembership } from './membership.ts';
import type { Membership } from './node-file.ts';
import { sendHeartbeat } from './send-heartbeat.ts';

/** Server 1 of two; the boot clock stands at 10 000 ms. */
async function aServer(changes: Partial<Membership> = {}, parts: object = {}) {
  const temporary = await temporaryNodeFile(membershipOf({ peers: [peerOf(1), peerOf(2)], ...changes }));
  const context = {
    log: recordingLog(),
    arbiter: { configured: true },
    clock: { nowMs: () => 10_000, bootSeconds: () => 10, bootId: () => 'boot' },
    memory: createClusterMemory(),
    nodeFile: temporary.file,
    ...parts,
  } as unknown as ClusterContext;
  const decideUntil = (deadlineMs: number | null): void => {
    context.memory.decision = { deadlineMs } as Decision;
  };
  return {
    context,
    decideUntil,
    membership: () => requireMembership(temporary.file.get()),
    update: (next: Partial<Membership>) =>
      temporary.file.update((file) => ({ ...file, membership: { ...requireMembership(file), ...next } })),
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

test('a main that woke up after its deadline changes no membership, though it has met no other main yet', async () => {
  await using main = await aServer();
  main.decideUntil(10_001);
  expect(() => requireStillMain(main.context, main.membership())).not.toThrow();
  main.decideUntil(10_000);
  expect(() => requireStillMain(main.context, main.membership())).toThrow('not main any more');
});

test('without an arbiter no deadline counts: a dead secondary can be removed', async () => {
  await using main = await aServer({}, { arbiter: { configured: false } });
  main.decideUntil(1);
  expect(() => requireStillMain(main.context, main.membership())).not.toThrow();
});

test.each([
  ['a later term', { term: 2 }],
  ['another main', { main_node_id: 2 }],
])('%s since it was asked: refused', async (_, next) => {
  await using main = await aServer();
  const asked = main.membership();
  await main.update(next);
  expect(() => requireStillMain(main.context, asked)).toThrow('not main any more');
});

test('a former main that says "removed" too late does not end the membership of the server that took over', async () => {
  const removed = new Fault('NODE_REMOVED', 'This server was removed.');
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<never>();
  const call = () => (asked.resolve(), answer.promise);
  await using server = await aServer(
    { node_id: 2, main_node_id: 1, role: 'secondary' },
    {
      peers: { call },
      database: { view: () => ({ state: 'recovery' }) },
      own: { version: '1.0.0', address: '127.0.0.1', apiUrl: 'http://127.0.0.1', postgresPort: 1, redisPort: 2 },
      rows: { readConfig: () => Promise.resolve(null) },
      redis: { stopFollowing: () => Promise.resolve() },
      roles: { openGate: () => undefined },
    },
  );
  const sent = sendHeartbeat(server.context, new AbortController().signal);
  await Promise.race([asked.promise, sent]);
  await server.update({ term: 2, main_node_id: 2, role: 'main' });
  answer.reject(removed);
  await sent;
  expect(server.context.memory.lastHeartbeatFailure).toBe(removed.message);
  expect(server.membership()).toMatchObject({ term: 2, main_node_id: 2 });

  // The same from the main that it follows ends it.
  await server.update({ main_node_id: 1, role: 'secondary' });
  await sendHeartbeat(server.context, new AbortController().signal);
  expect(() => server.membership()).toThrow();
});
