/** What a new main tells the others of its promotions, by which they judge themselves (SAFETY §2). */
import { expect, test } from 'vitest';
import type { Promotion } from '@proxpanel/contracts/change-of-main';
import type { AnnounceBody } from '@proxpanel/contracts/peer';
import type { Operation } from '@proxpanel/contracts/operations';
import { Fault } from '../fault.ts';
import { membershipOf, peerOf, recordingLog, temporaryNodeFile } from '../host/test-node-file.ts';
import type { ClusterContext } from './cluster-context.ts';
import { createClusterMemory } from './cluster-memory.ts';
import { promotionSteps } from './promotion-steps.ts';

function promotionOf(nodeId: number, term: number): Promotion {
  return {
    promotion_id: `0000000${String(term)}-0000-4000-8000-000000000000`,
    ...{ term, timeline: term + 1, fork_lsn: `0/${String(term)}000000`, node_id: nodeId },
    at: `2026-01-01T00:00:0${String(term)}.000Z`,
  };
}

const reignBefore = promotionOf(1, 2);
const ownPromotion = promotionOf(2, 3);
const forks = [ownPromotion].map(({ timeline, fork_lsn: lsn }) => ({ timeline: timeline - 1, left_at_lsn: lsn }));

/** Server 2, main of term 3; that server 1 was main of term 2 only its database tells. Its panel has just been started. */
async function startedAgain(listPromotions: () => Promise<Promotion[]>) {
  const temporary = await temporaryNodeFile(
    membershipOf({
      ...{ node_id: 2, main_node_id: 2, role: 'main', term: 3 },
      ...{ peers: [peerOf(1), peerOf(2)], promotions: [ownPromotion] },
    }),
  );
  const told: AnnounceBody[] = [];
  const context = {
    log: recordingLog(),
    memory: createClusterMemory(),
    nodeFile: temporary.file,
    own: { version: '1.0.0', address: '127.0.0.1', apiUrl: 'http://127.0.0.1', postgresPort: 1, redisPort: 2 },
    database: { view: () => ({ state: 'writable', timeline: 4 }) },
    rows: { listPromotions },
    replication: { timelineHistory: () => Promise.resolve({ timeline: 4, forks }) },
    peers: { call: (_route: string, _target: unknown, body: AnnounceBody) => Promise.resolve(told.push(body)) },
  } as unknown as ClusterContext;
  const announce = async () => promotionSteps.announce?.(context, {} as Operation, AbortSignal.timeout(10_000));
  return { told, announce, [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose]() };
}

test('SAFETY §2: a panel started again in the middle of telling tells of the reign before as well, though node.json does not know it', async () => {
  await using main = await startedAgain(() => Promise.resolve([reignBefore, ownPromotion]));
  await main.announce();
  expect(main.told).toMatchObject([{ term: 3, promotions: [reignBefore, ownPromotion], forks }]);
});

test.each([
  ['the database is away', () => Promise.reject(new Fault('DATABASE_DOWN', 'It is away.'))],
  ['its own promotion is not recorded', () => Promise.resolve([reignBefore])],
])('SAFETY §2: a list that may have a gap is told to nobody: %s', async (_, listPromotions) => {
  await using main = await startedAgain(listPromotions);
  await expect(main.announce()).rejects.toMatchObject({ code: 'DATABASE_DOWN' });
  expect(main.told).toEqual([]);
});
