import { expect, test } from 'vitest';
import type { Operation } from '@proxpanel/contracts/operations';
import { membershipOf, peerOf, temporaryNodeFile } from '../host/test-node-file.ts';
import { acceptPromise } from './accept-promise.ts';
import { answerConfirmation } from './answer-confirmation.ts';
import type { ClusterContext } from './cluster-context.ts';
import { createClusterMemory } from './cluster-memory.ts';
import type { Membership } from './node-file.ts';
import type { DatabaseView } from './ports.ts';

const promotion = {
  promotion_id: 'a3f0c1de-0000-4000-8000-000000000001',
  term: 2,
  timeline: 2,
  fork_lsn: '0/3000000',
  node_id: 1,
  at: '2026-01-01T00:00:00.000Z',
};

/** Node 2, a secondary of node 1 in term 2. */
async function aSecondary(changes: Partial<Membership> = {}, hasArbiter = false) {
  const peers = [peerOf(1), peerOf(2)];
  const temporary = await temporaryNodeFile(
    membershipOf({ node_id: 2, role: 'secondary', term: 2, peers, promotions: [promotion], ...changes }),
  );
  const memory = createClusterMemory();
  const view = { state: 'recovery' as DatabaseView['state'] };
  let bootSeconds = 100;
  const context = {
    clock: { nowMs: () => 1_000, bootSeconds: () => bootSeconds, bootId: () => 'this-boot' },
    memory,
    arbiter: { configured: hasArbiter },
    nodeFile: temporary.file,
    database: { view: () => view as DatabaseView },
  } as unknown as ClusterContext;
  return {
    context,
    view,
    memory,
    pass: (seconds: number) => (bootSeconds += seconds),
    promiseOnDisk: async () => (await temporary.reopen()).get().membership?.promise,
    [Symbol.asyncDispose]: temporary[Symbol.asyncDispose],
  };
}

const ask = { node_id: 1, term: 2, duration_ms: 10_000 };
const runs = (kind: Operation['kind']) => ({ kind, state: 'running' }) as Operation;

test('SAFETY §3 Arbiter away: the promise is on the disk before it is answered, and a later one never shortens it', async () => {
  await using secondary = await aSecondary();
  expect(await acceptPromise(secondary.context, ask, 1)).toEqual({ promised: true, reason: null });
  const promised = { boot_id: 'this-boot', boot_ms: 110_000, to_node_id: 1, term: 2 };
  expect(await secondary.promiseOnDisk()).toEqual(promised);
  await acceptPromise(secondary.context, { ...ask, duration_ms: 1_000 }, 1);
  expect(await secondary.promiseOnDisk()).toEqual(promised);
  secondary.pass(5);
  await acceptPromise(secondary.context, ask, 1);
  expect(await secondary.promiseOnDisk()).toEqual({ ...promised, boot_ms: 115_000 });
});

test('SAFETY §3 Arbiter away: nothing is promised to another than its own main, to an old one, or in a promotion', async () => {
  await using secondary = await aSecondary();
  const refused = async () => (await acceptPromise(secondary.context, ask, 1)).promised;
  expect((await acceptPromise(secondary.context, { ...ask, node_id: 3 }, 3)).reason).toMatch(/node 1/);
  expect((await acceptPromise(secondary.context, { ...ask, term: 1 }, 1)).reason).toMatch(/term 2/);
  await expect(acceptPromise(secondary.context, ask, 3)).rejects.toThrow(/for itself/);
  for (const kind of ['emergency_promotion', 'automatic_failover', 'switchover'] as const) {
    secondary.memory.operation = runs(kind);
    expect(await refused(), kind).toBe(false);
  }
  secondary.memory.operation = null;
  secondary.view.state = 'writable';
  expect(await refused()).toBe(false);
  expect(await secondary.promiseOnDisk()).toBeNull();
});

test('SAFETY §3 Terms: "still main" is said only to the main of the newest reign that this server knows, and hearing it counts', async () => {
  await using secondary = await aSecondary();
  const question = { node_id: 1, term: 2, promotion_ids: [promotion.promotion_id] };
  expect(answerConfirmation(secondary.context, question, 1).still_main).toBe(true);
  expect(secondary.memory.sounds.get(1)?.heardMs).toBe(100_000);
  const no = (changes: Partial<typeof question>): string => {
    const { still_main: still, reason } = answerConfirmation(secondary.context, { ...question, ...changes }, 1);
    expect(still).toBe(false);
    return reason;
  };
  expect(no({ term: 1 })).toMatch(/[Tt]erm 2/);
  expect(no({ promotion_ids: [] })).toMatch(/promoted without it/);
  expect(answerConfirmation(secondary.context, { ...question, node_id: 3 }, 3).still_main).toBe(false);
  secondary.memory.operation = runs('automatic_failover');
  expect(no({})).toMatch(/being promoted/);
});

test('SAFETY §3 Terms: a term that the arbiter gave to main itself takes nothing from it; one that this server took does', async () => {
  const question = { node_id: 1, term: 2, promotion_ids: [promotion.promotion_id] };
  await using heard = await aSecondary({ term: 3 }, true);
  expect(answerConfirmation(heard.context, question, 1).still_main).toBe(true);
  await using took = await aSecondary({ term: 3, taken_term: 3 }, true);
  expect(answerConfirmation(took.context, question, 1)).toMatchObject({
    still_main: false,
    reason: 'Term 3 has begun.',
  });
});
