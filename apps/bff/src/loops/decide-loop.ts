/** The heart: every tick reads what is known, decides, and sets the actions going (DESIGN §9, SAFETY §3 and §4). */
import { decide } from '@proxpanel/failover/decide';
import { writeDeadlineMs, renewalIntervalMs } from '@proxpanel/failover/lease';
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { keepGuard } from '../cluster/hold-lease.ts';
import { knockOnMain } from '../cluster/knock-on-main.ts';
import { otherPeers } from '../cluster/membership.ts';
import { observeForDecision, policyOf } from '../cluster/observe-for-decision.ts';
import { performDecision, settlePerformed } from '../cluster/perform-decision.ts';
import { probePeers } from '../cluster/probe-peers.ts';
import { readArbiter } from '../cluster/read-arbiter.ts';
import { bootMs } from '../cluster/sounds.ts';
import { watchDurability } from '../cluster/watch-durability.ts';
import { createTicker, pause, type Service } from './service.ts';

/** A main without a lease has to be shut within its margin of 1 s; a tick costs some 50 µs. */
const tickMs = 100;
const urgentProbeMs = 1_000;

export function createDecideServices(context: ClusterContext): Service[] {
  const { log } = context;
  const services: Service[] = [
    createTicker({ name: 'decide', log, intervalMs: () => tickMs, tick: () => decideNow(context) }),
    createTicker({
      name: 'urgent probe',
      log,
      intervalMs: () => urgentProbeMs,
      tick: (signal) => probeWhenUrgent(context, signal),
    }),
    createTicker({ name: 'durability', log, intervalMs: () => 500, tick: () => watchDurability(context) }),
    { name: 'database since', run: (signal) => followDatabase(context, signal) },
  ];
  if (!context.arbiter.configured) return services;
  return [
    ...services,
    createTicker({
      name: 'arbiter',
      log,
      intervalMs: () => arbiterPauseMs(context),
      tick: (s) => readArbiter(context, s),
    }),
    { name: 'arbiter watch', run: (signal) => watchArbiter(context, signal) },
    createTicker({ name: 'guard', log, intervalMs: () => tickMs, tick: () => tellGuard(context) }),
  ];
}

function decideNow(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  if (membership?.is_active !== true) {
    context.memory.decision = null;
    return Promise.resolve();
  }
  const { memory } = context;
  const observation = observeForDecision(context, membership);
  const decision = decide(observation, memory.decisionMemory, policyOf(context, membership));
  const before = memory.decision?.rules[0];
  if (before !== decision.rules[0]) context.log.info({ rules: decision.rules }, decision.sentence);
  memory.decisionMemory = decision.memory;
  memory.decision = decision;
  performDecision(context, decision);
  return Promise.resolve();
}

/** The guard hears of each new deadline at once, and a dead one is noticed by it. */
async function tellGuard(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  if (membership?.is_active !== true || membership.main_node_id !== membership.node_id) return;
  if (otherPeers(membership).length === 0 || context.database.view().state !== 'writable') return;
  const observation = observeForDecision(context, membership);
  const deadlineMs = writeDeadlineMs(observation, policyOf(context, membership));
  if (deadlineMs === null || deadlineMs <= bootMs(context) || deadlineMs === context.memory.guardDeadlineMs) return;
  await keepGuard(context, deadlineMs);
}

function arbiterPauseMs(context: ClusterContext): number {
  const { membership } = context.nodeFile.get();
  if (membership === null) return 1_000;
  return Math.min(1_000, renewalIntervalMs(policyOf(context, membership)));
}

/** An end of the lease is seen the moment it happens, and not at the next look. */
async function watchArbiter(context: ClusterContext, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { membership } = context.nodeFile.get();
    if (membership?.is_active !== true) {
      await pause(urgentProbeMs, signal);
      continue;
    }
    const inner = new AbortController();
    const stop = (): void => inner.abort();
    signal.addEventListener('abort', stop, { once: true });
    // Another cluster needs another watch.
    const unlisten = context.nodeFile.onChange((file) => {
      if (file.membership?.cluster_id !== membership.cluster_id || !file.membership.is_active) inner.abort();
    });
    const look = (): void => {
      readArbiter(context, inner.signal).catch((error: unknown) => {
        context.log.error({ err: error }, 'a look at the arbiter failed');
      });
    };
    await context.arbiter.watchMain(membership.cluster_id, look, inner.signal);
    unlisten();
    signal.removeEventListener('abort', stop);
  }
}

/** When main is not heard, or its own database is down, what the others hold is needed now, not at the next probe. */
async function probeWhenUrgent(context: ClusterContext, signal: AbortSignal): Promise<void> {
  const { membership } = context.nodeFile.get();
  if (membership?.is_active !== true) return;
  const observation = observeForDecision(context, membership);
  const policy = policyOf(context, membership);
  if (observation.self.role === 'main') {
    const isWell = observation.database.state === 'writable';
    const unasked = observation.peers.some((peer) => peer.heardMs === null && !peer.apiSilent);
    if (!isWell || unasked || policy.durability === 'sync') await probePeers(context, signal);
    return;
  }
  const { walFlows } = observation.database;
  const leaseIsGone = observation.arbiter !== null && observation.arbiter.lease === null;
  if (walFlows && !leaseIsGone) {
    context.memory.upstreamInRecovery = null;
    return;
  }
  await Promise.all([probePeers(context, signal), knockOnMain(context)]);
}

async function followDatabase(context: ClusterContext, signal: AbortSignal): Promise<void> {
  const { memory } = context;
  memory.databaseSinceMs = bootMs(context);
  const stop = context.database.onChange((view, before) => {
    if (view.state === before.state) return;
    memory.databaseSinceMs = bootMs(context);
    if (view.state === 'writable' || view.state === 'recovery') memory.startTried = false;
    // What was known of it belongs to the server that was there before.
    memory.standbySignal = null;
    for (const sounds of memory.sounds.values()) sounds.confirmsMain = null;
  });
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  stop();
  await settlePerformed(context);
}
