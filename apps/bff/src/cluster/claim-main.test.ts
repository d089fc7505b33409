import { expect, test } from 'vitest';
import type { PeerStatusReply } from '@proxpanel/contracts/peer';
import { membershipOf, peerOf, temporaryNodeFile } from '../host/test-node-file.ts';
import { judgeClaim } from './claim-main.ts';
import type { ClusterContext } from './cluster-context.ts';
import { createClusterMemory } from './cluster-memory.ts';
import type { Membership } from './node-file.ts';
import type { DatabaseView } from './ports.ts';

const fence = { at: '2026-01-01T00:00:00.000Z', reason: 'Two mains.', term: 1 };

/** Node 1 of two; the codes of what stands against its claim. */
async function judged(
  changes: Partial<Membership>,
  state: DatabaseView['state'] = 'recovery',
  other: Partial<PeerStatusReply> = {},
): Promise<string[]> {
  const peers = [peerOf(1), peerOf(2)];
  await using temporary = await temporaryNodeFile(membershipOf({ peers, ...changes }));
  const memory = createClusterMemory();
  const reply = { role: 'secondary', effective_role: 'secondary', database_state: 'recovery', term: 1, ...other };
  memory.probes.set(2, {
    lastGoodAtMs: 1,
    lastFailedAtMs: null,
    lastFailure: null,
    reply: reply as unknown as PeerStatusReply,
  });
  const context = {
    memory,
    nodeFile: temporary.file,
    lock: { running: () => null },
    database: { view: () => ({ state, sentence: '' }) as DatabaseView },
  } as unknown as ClusterContext;
  return judgeClaim(context).map(({ code }) => code);
}

test('SAFETY §3 "I am the only main" may be said by a main that waits, and by one of two that were shut', async () => {
  expect(await judged({})).toEqual([]);
  const twin = { role: 'secondary', main_node_id: 2 } as const;
  expect(await judged({ ...twin, fence: { ...fence, equal_term: true } })).toEqual([]);
});

test('SAFETY §3 "I am the only main" is no way past a higher term, another writing main, or a main that was superseded', async () => {
  const twin = { role: 'secondary', main_node_id: 2 } as const;
  expect(await judged({}, 'writable')).toEqual(['is_main']);
  expect(await judged({ ...twin, term: 2, fence: { ...fence, term: 2 } })).toEqual(['not_main']);
  // Shut with a twin once, and superseded since.
  expect(await judged({ ...twin, term: 2, fence: { ...fence, equal_term: true } })).toEqual(['not_main']);
  expect(await judged(twin)).toEqual(['not_main']);
  expect(await judged({}, 'down')).toEqual(['database_down']);
  expect(await judged({}, 'recovery', { term: 2 })).toEqual(['newer_main']);
  const writing = { role: 'main', effective_role: 'main', database_state: 'writable' } as const;
  expect(await judged({}, 'recovery', writing)).toEqual(['other_main']);
  expect(await judged({ is_active: false })).toEqual(['not_configured']);
});
