/**
 * A server that cannot write its database brings what happened there to main by its heartbeats, so that main's page and
 * every copy of its database tell it too (DESIGN §3, SAFETY §6: a split is to be seen on both sides).
 */
import type { ClusterEvent } from '@proxpanel/contracts/events';
import type { ClusterContext } from './cluster-context.ts';
import { standingOf } from './membership.ts';

const eventsAtOnce = 20;
/** Of one event as JSON: a heartbeat must not become a way to fill main's disk. */
const largestEventChars = 8_000;
const newestAheadMs = 24 * 3_600_000;

/** The oldest that main has not taken. A larger one stays here. */
export function journalToSend({ nodeFile, memory }: Pick<ClusterContext, 'nodeFile' | 'memory'>): ClusterEvent[] {
  const { journal, membership } = nodeFile.get();
  const nodeId = membership?.node_id ?? null;
  return journal
    .filter((event) => !memory.takenEvents.has(event.id) && isAcceptable(event, nodeId))
    .slice(0, eventsAtOnce);
}

/** A member tells only of itself. Returns the ids that the database holds now; the others are not asked for again. */
export async function takeJournal(
  context: Pick<ClusterContext, 'rows' | 'clock'>,
  nodeId: number,
  events: readonly ClusterEvent[],
): Promise<string[]> {
  const latestMs = context.clock.nowMs() + newestAheadMs;
  const acceptable = events.filter((event) => isAcceptable(event, nodeId) && Date.parse(event.at) <= latestMs);
  if (acceptable.length > 0) await context.rows.appendEvents(acceptable);
  return acceptable.map((event) => event.id);
}

function isAcceptable(event: ClusterEvent, nodeId: number | null): boolean {
  const isOwn = event.node_id === null || event.node_id === nodeId;
  return isOwn && JSON.stringify(event).length <= largestEventChars;
}

/**
 * What main has taken comes back by replication; a server that does not follow keeps its own, or its page would not tell
 * why it is shut.
 */
export async function forgetTaken(
  context: Pick<ClusterContext, 'nodeFile' | 'memory'>,
  taken: readonly string[],
): Promise<void> {
  const { journal, membership } = context.nodeFile.get();
  for (const id of taken) context.memory.takenEvents.add(id);
  const { takenEvents } = context.memory;
  for (const id of takenEvents) if (!journal.some((event) => event.id === id)) takenEvents.delete(id);
  if (membership === null || standingOf(membership) !== 'following') return;
  if (!journal.some((event) => takenEvents.has(event.id))) return;
  await context.nodeFile.update((file) => ({
    ...file,
    journal: file.journal.filter((event) => !takenEvents.has(event.id)),
  }));
}
