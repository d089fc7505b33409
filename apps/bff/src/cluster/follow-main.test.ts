/** What a server must know before it is judged (SAFETY §2); with real servers: tests/following, switchover-interrupted and rejoin. */
import { expect, test } from 'vitest';
import { Fault } from '../fault.ts';
import { membershipOf, peerOf, recordingLog, temporaryNodeFile } from '../host/test-node-file.ts';
import type { ClusterContext } from './cluster-context.ts';
import { createClusterMemory } from './cluster-memory.ts';
import { followMain } from './follow-main.ts';

test('SAFETY §2: a server whose own promotions cannot be read neither follows nor calls itself diverged', async () => {
  await using temporary = await temporaryNodeFile(
    membershipOf({ node_id: 2, main_node_id: 1, role: 'secondary', term: 3, peers: [peerOf(1), peerOf(2)] }),
  );
  const memory = createClusterMemory();
  memory.mainsPromotions = { nodeId: 1, term: 3, promotions: [], timeline: 3, forks: [] };
  const view = { state: 'recovery', timeline: 3 };
  const context = {
    log: recordingLog(),
    memory,
    nodeFile: temporary.file,
    database: { view: () => view, look: () => Promise.resolve(view) },
    rows: { listPromotions: () => Promise.reject(new Fault('DATABASE_DOWN', 'It is away.')) },
  } as unknown as ClusterContext;
  expect(await followMain(context, AbortSignal.timeout(10_000))).toBe('not_yet');
  expect(temporary.file.get().membership).toMatchObject({ attached: null, divergence: null });
});
