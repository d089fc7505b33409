/** What a new main tells the others of its promotions, by which they judge themselves (SAFETY §2). */
import { expect, test } from 'vitest';
import type { Promotion } from '@proxpanel/contracts/change-of-main';
import type { AnnounceBody } from '@proxpanel/contracts/peer';
import type { Operation } from '@proxpanel/contracts/operations';
import { Fault } from '../fault.ts';
import { membershipOf, peerOf, recordingLog, temporaryNodeFile } from '../host/test-node-file.ts';
import type { ClusterContext } from './cluster-context.ts';
import { createClusterMemory } from './cluster-memory.ts';
import { keepUnseenPromotion, promotionSteps } from './promotion-steps.ts';

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

/** A main of term 3 whose database went on to timeline 5 while nobody looked. It can be promoted by nothing here. */
async function onAnUnseenTimeline(meanwhile: object) {
  const temporary = await temporaryNodeFile(
    membershipOf({ ...{ node_id: 2, main_node_id: 2, role: 'main', term: 3 }, promotions: [ownPromotion] }),
  );
  const timelineHistory = async () => {
    await temporary.file.update((file) => ({
      ...file,
      membership: file.membership === null ? null : { ...file.membership, ...meanwhile },
    }));
    return { timeline: 5, forks: [...forks, { timeline: 4, left_at_lsn: '0/5000000' }] };
  };
  const context = {
    memory: createClusterMemory(),
    nodeFile: temporary.file,
    clock: { nowMs: () => 0 },
    replication: { timelineHistory },
  } as unknown as ClusterContext;
  return {
    keep: () => keepUnseenPromotion(context),
    membership: () => temporary.file.get().membership,
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

test('SAFETY §2: a promotion that nobody saw is kept as PostgreSQL tells of it', async () => {
  await using main = await onAnUnseenTimeline({});
  expect(await main.keep()).toMatchObject({ term: 3, timeline: 5, fork_lsn: '0/5000000', node_id: 2 });
  expect(main.membership()?.promotions).toMatchObject([ownPromotion, { timeline: 5 }]);
});

test.each([
  ['it was fenced', { fence: { at: '2026-01-01T00:00:00.000Z', reason: 'Superseded.', term: 3 } }],
  ['a higher term was met', { term: 4 }],
  ['another server is main', { main_node_id: 1 }],
])(
  'SAFETY §1: a main that is looked after promotes nothing, and what was met meanwhile stands: %s',
  async (_, meanwhile) => {
    await using main = await onAnUnseenTimeline(meanwhile);
    expect(await main.keep()).toBeUndefined();
    expect(main.membership()).toMatchObject({ ...meanwhile, promotions: [ownPromotion] });
  },
);
