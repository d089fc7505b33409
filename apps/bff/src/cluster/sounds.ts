/** When a member was last heard and last found silent, by the boot clock; every signed exchange in either direction counts. */
import type { ClusterContext } from './cluster-context.ts';
import type { Sounds } from './cluster-memory.ts';

export function bootMs({ clock }: Pick<ClusterContext, 'clock'>): number {
  return Math.round(clock.bootSeconds() * 1_000);
}

export function soundsOf(context: Pick<ClusterContext, 'memory'>, nodeId: number): Sounds {
  const known = context.memory.sounds.get(nodeId);
  if (known !== undefined) return known;
  const fresh: Sounds = {
    heardMs: null,
    failedMs: null,
    databaseAnsweredMs: null,
    databaseFailedMs: null,
    promiseAskedMs: null,
    promisedForMs: 0,
    confirmsMain: null,
    confirmAskedMs: null,
    receivedAskedMs: null,
  };
  context.memory.sounds.set(nodeId, fresh);
  return fresh;
}

export function hear(context: Pick<ClusterContext, 'clock' | 'memory'>, nodeId: number): void {
  soundsOf(context, nodeId).heardMs = bootMs(context);
}

/** `askedMs`: when the call was begun. A sound that came meanwhile by another way is later, and counts. */
export function missAnswer(context: Pick<ClusterContext, 'memory'>, nodeId: number, askedMs: number): void {
  const sounds = soundsOf(context, nodeId);
  sounds.failedMs = Math.max(sounds.failedMs ?? 0, askedMs);
}
