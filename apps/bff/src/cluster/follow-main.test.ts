/** What must be known before a server is judged (SAFETY §2); with real servers: tests/following, rejoin and unwritten-promotions. */
import { expect, test } from 'vitest';
import type { Promotion } from '@proxpanel/contracts/change-of-main';
import { Fault } from '../fault.ts';
import { membershipOf, peerOf, recordingLog, temporaryNodeFile } from '../host/test-node-file.ts';
import type { ClusterContext } from './cluster-context.ts';
import { createClusterMemory } from './cluster-memory.ts';
import { followMain } from './follow-main.ts';

const newPromotion: Promotion = {
  promotion_id: '00000000-0000-4000-8000-000000000003',
  ...{ term: 3, timeline: 4, fork_lsn: '0/3000000', node_id: 1, at: '2026-01-01T00:00:00.000Z' },
};

/** Server 2, which has not attached yet to server 1, main of term 3; that one has said that it was never promoted. */
async function aSecondary({ rows, peers = {} }: { rows: object; peers?: object }) {
  const temporary = await temporaryNodeFile(
    membershipOf({ node_id: 2, main_node_id: 1, role: 'secondary', term: 3, peers: [peerOf(1), peerOf(2)] }),
  );
  const memory = createClusterMemory();
  memory.mainsPromotions = { nodeId: 1, term: 3, promotions: [], timeline: 4, forks: [], askedMs: 9_000 };
  const view = { state: 'recovery', timeline: 4 };
  const context = {
    log: recordingLog(),
    clock: { nowMs: () => 10_000, bootSeconds: () => 10, bootId: () => 'boot' },
    memory,
    nodeFile: temporary.file,
    database: { view: () => view, look: () => Promise.resolve(view) },
    replication: {
      clearStandbySource: () => Promise.resolve(),
      positions: () => Promise.resolve({ receiver: null }),
      receivedHistory: () => Promise.resolve({ timeline: 4, forks: [] }),
      endOfWal: () => Promise.resolve(0x300_0100n),
    },
    rows,
    peers,
  } as unknown as ClusterContext;
  return {
    follow: () => followMain(context, AbortSignal.timeout(10_000)),
    membership: () => temporary.file.get().membership,
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

test('SAFETY §2: a server whose own promotions cannot be read neither follows nor calls itself diverged', async () => {
  const listPromotions = () => Promise.reject(new Fault('DATABASE_DOWN', 'It is away.'));
  await using secondary = await aSecondary({ rows: { listPromotions } });
  expect(await secondary.follow()).toBe('not_yet');
  expect(secondary.membership()).toMatchObject({ attached: null, divergence: null });
});

test('SAFETY §2: main may have been promoted again since it said its list: nobody has diverged before it is asked anew', async () => {
  const asked: string[] = [];
  const call = (route: string) => {
    asked.push(route);
    return Promise.reject(new Fault('MAIN_UNREACHABLE', 'It does not answer.'));
  };
  await using secondary = await aSecondary({
    // Its WAL flowed on, and told of it.
    rows: { listPromotions: () => Promise.resolve([newPromotion]) },
    peers: { call },
  });
  expect(await secondary.follow()).toBe('not_yet');
  expect(asked).toEqual(['peerStatus']);
  expect(secondary.membership()).toMatchObject({ attached: null, divergence: null });
});
