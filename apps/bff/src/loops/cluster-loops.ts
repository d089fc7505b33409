/** What a server of the cluster does by itself, each as a loop of its own, so that a slow one holds up no other. */
import { assertCluster } from '../cluster/assert-cluster.ts';
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { judgeNodes, writeOwnRow } from '../cluster/judge-nodes.ts';
import { measureResources } from '../cluster/measure-resources.ts';
import { configuredRole, otherPeers } from '../cluster/membership.ts';
import { lookAtRedis } from '../cluster/look-at-redis.ts';
import { observeReplication } from '../cluster/observe-replication.ts';
import { askingGateReason } from '../cluster/gate-reasons.ts';
import { keepWalTimeouts } from '../cluster/keep-wal-timeouts.ts';
import { readPromotionRows } from '../cluster/own-promotions.ts';
import { probePeers } from '../cluster/probe-peers.ts';
import { followMain } from '../cluster/follow-main.ts';
import { flushJournal } from '../cluster/record-event.ts';
import { sendHeartbeat } from '../cluster/send-heartbeat.ts';
import { startAfterPanic } from '../cluster/watch-followers.ts';
import { Fault } from '../fault.ts';
import { createTicker, type Service } from './service.ts';

/** How often WAL is looked at: lag in seconds is only as fine as the history of LSNs that it is read from. */
const observeIntervalMs = 1_000;
const measureIntervalMs = 5_000;
/** While the script runs, the tab shows a percentage that arrives with heartbeats. */
const cloningHeartbeatMs = 1_000;
const judgeIntervalMs = 1_000;
/** A server whose main has changed serves nobody until it follows; on one that does, this costs nothing. */
const followIntervalMs = 200;

export function createClusterLoops(context: ClusterContext): Service[] {
  const { log } = context;
  const settings = () => context.nodeFile.get().membership?.settings ?? context.own.initialSettings;
  return [
    createTicker({ name: 'observe', log, intervalMs: () => observeIntervalMs, tick: () => observe(context) }),
    createTicker({
      name: 'measure',
      log,
      intervalMs: () => Math.min(measureIntervalMs, settings().heartbeat_interval_ms),
      tick: () => measureResources(context),
    }),
    createTicker({
      name: 'heartbeat',
      log,
      intervalMs: () => (isCloning(context) ? cloningHeartbeatMs : settings().heartbeat_interval_ms),
      tick: async (signal) => {
        await sendHeartbeat(context, signal);
        await ignoringFaults(context, () => writeOwnRow(context));
      },
    }),
    createTicker({
      name: 'probe',
      log,
      intervalMs: () => settings().probe_interval_ms,
      tick: (signal) => probePeers(context, signal),
    }),
    createTicker({
      name: 'judge',
      log,
      intervalMs: () => judgeIntervalMs,
      tick: () => ignoringFaults(context, () => judgeNodes(context)),
    }),
    createTicker({
      name: 'assert',
      log,
      intervalMs: () => Math.min(settings().probe_interval_ms, 10_000),
      tick: async () => {
        await ignoringFaults(context, () => keepWalTimeouts(context));
        await assertCluster(context);
      },
    }),
    createTicker({
      name: 'follow',
      log,
      intervalMs: () => followIntervalMs,
      tick: (signal) => follow(context, signal),
    }),
    createTicker({
      name: 'journal',
      log,
      intervalMs: () => observeIntervalMs * 5,
      tick: () => ignoringFaults(context, () => flushJournal(context)),
    }),
  ];
}

/** Operations that change the main follow by a step of their own. */
async function follow(context: ClusterContext, signal: AbortSignal): Promise<void> {
  if (context.lock.running() !== null) return;
  await ignoringFaults(context, async () => {
    await followMain(context, signal);
    await startAfterPanic(context);
  });
}

/** Side by side: a Redis that hangs must not make lag old. */
async function observe(context: ClusterContext): Promise<void> {
  await Promise.all([
    lookAtRedis(context),
    ignoringFaults(context, async () => {
      await observeReplication(context);
      await readPromotionRows(context);
    }),
  ]);
}

export function shutGateUntilAsked(context: ClusterContext): void {
  const { membership } = context.nodeFile.get();
  if (membership === null || configuredRole(membership) !== 'main') return;
  if (otherPeers(membership).length > 0) context.roles.shutGate(askingGateReason);
}

function isCloning(context: ClusterContext): boolean {
  const script = context.nodeFile.get().join_script;
  return script !== null && !script.finished;
}

/** A database that goes away in the middle of a tick is expected: the watch says so, and the next tick finds out. */
async function ignoringFaults(context: ClusterContext, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    context.log.warn({ code: error.code, reason: error.message }, 'put off to the next tick');
  }
}
