import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ClusterEvent } from '@proxpanel/contracts/events';
import { membershipOf, peerOf, temporaryNodeFile } from '../host/test-node-file.ts';
import { createClusterMemory } from './cluster-memory.ts';
import type { Membership } from './node-file.ts';
import type { ClusterRowsPort } from './ports.ts';
import { forgetTaken, journalToSend, takeJournal } from './share-journal.ts';

const nowMs = Date.UTC(2026, 0, 1);
const eventOf = (nodeId: number | null, changes: Partial<ClusterEvent> = {}): ClusterEvent => ({
  id: randomUUID(),
  at: new Date(nowMs).toISOString(),
  type: 'main_fenced',
  node_id: nodeId,
  actor: 'system',
  severity: 'critical',
  message: 'Superseded.',
  rule: null,
  details: {},
  ...changes,
});

async function aSecondary(journal: readonly ClusterEvent[], changes: Partial<Membership> = {}) {
  const peers = [peerOf(1), peerOf(2)];
  const temporary = await temporaryNodeFile(membershipOf({ node_id: 2, role: 'secondary', peers, ...changes }));
  await temporary.file.update((file) => ({ ...file, journal: [...journal] }));
  const context = { nodeFile: temporary.file, memory: createClusterMemory() };
  return {
    context,
    journal: () => temporary.file.get().journal,
    [Symbol.asyncDispose]: temporary[Symbol.asyncDispose],
  };
}

test('a member tells of itself alone, little at a time, and nothing that would fill main’s disk', async () => {
  const many = Array.from({ length: 30 }, () => eventOf(2));
  const huge = eventOf(2, { details: { text: 'x'.repeat(9_000) } });
  await using secondary = await aSecondary([huge, eventOf(1), ...many]);
  const sent = journalToSend(secondary.context);
  expect(sent).toEqual(many.slice(0, 20));
});

test('main takes what a member may tell, and says which: another’s, a huge one and one of the future are not among it', async () => {
  const written: ClusterEvent[] = [];
  const rows = {
    appendEvents: (events: readonly ClusterEvent[]) => Promise.resolve(void written.push(...events)),
  } as unknown as ClusterRowsPort;
  const good = [eventOf(2), eventOf(null)];
  const bad = [
    eventOf(1),
    eventOf(2, { details: { text: 'x'.repeat(9_000) } }),
    eventOf(2, { at: new Date(nowMs + 48 * 3_600_000).toISOString() }),
  ];
  const clock = { nowMs: () => nowMs, bootSeconds: () => 0, bootId: () => '' };
  expect(await takeJournal({ rows, clock }, 2, [...bad, ...good])).toEqual(good.map(({ id }) => id));
  expect(written).toEqual(good);
});

test('what main has taken leaves the journal of a server that follows, and is not sent twice by one that does not', async () => {
  const [first, second] = [eventOf(2), eventOf(2)];
  await using follower = await aSecondary([first, second]);
  await forgetTaken(follower.context, [first.id]);
  expect(follower.journal()).toEqual([second]);

  const fence = { at: new Date(nowMs).toISOString(), reason: 'Superseded.', term: 2 };
  await using fenced = await aSecondary([first, second], { fence });
  await forgetTaken(fenced.context, [first.id]);
  expect(fenced.journal()).toEqual([first, second]);
  expect(journalToSend(fenced.context)).toEqual([second]);
});
