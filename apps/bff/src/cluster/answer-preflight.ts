/** Main's facts and limits for a server that wants to join (DESIGN §6.3). Changes nothing. */
import type { PreflightReply } from '@proxpanel/contracts/peer';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { mainPeer, requireMembership } from './membership.ts';
import type { Membership } from './node-file.ts';
import { bootMs } from './sounds.ts';

/** The membership of a main whose database can be written; else MAIN_IS_SECONDARY, DATABASE_DOWN or NOT_CONFIGURED. */
export function requireWritableMain(context: ClusterContext): Membership {
  const membership = requireMembership(context.nodeFile.get());
  const { state, sentence } = context.database.view();
  if (membership.main_node_id !== membership.node_id || state === 'recovery') {
    const main = mainPeer(membership);
    const where = main === null || main.node_id === membership.node_id ? '' : ` Its main server is ${main.address}.`;
    throw new Fault('MAIN_IS_SECONDARY', `This server is itself a secondary; join its main server instead.${where}`);
  }
  if (state !== 'writable') throw new Fault('DATABASE_DOWN', `Main's database is not available: ${sentence}`);
  return membership;
}

/**
 * Before membership or the secret changes in node.json. A panel that hung since it was asked wakes up as a main whose time
 * is over and which has not met the next one yet: what it still did would part it from the cluster for good.
 *
 * @param asked the membership of the one who was asked.
 * @throws Fault BLOCKED.
 */
export function requireStillMain(context: ClusterContext, asked: Membership): void {
  const { membership } = context.nodeFile.get();
  const deadlineMs = context.arbiter.configured ? (context.memory.decision?.deadlineMs ?? null) : null;
  const isOver = deadlineMs !== null && deadlineMs <= bootMs(context);
  if (membership?.main_node_id === asked.node_id && membership.term === asked.term && !isOver) return;
  throw new Fault('BLOCKED', 'This server is not main any more. Do it on the page of the server that is main now.');
}

export async function answerPreflight(context: ClusterContext): Promise<PreflightReply> {
  const membership = requireWritableMain(context);
  const file = context.nodeFile.get();
  const view = context.database.view();
  const [limits, databaseBytes, subscriberCount] = await Promise.all([
    context.replication.limits(),
    context.replication.databaseBytes(),
    context.panelFacts.subscriberCount(),
  ]);
  if (view.versionNum === null || view.systemIdentifier === null) {
    throw new Fault('DATABASE_DOWN', "Main's database has not said its version yet; try again.");
  }
  return {
    cluster_id: membership.cluster_id,
    server_id: file.server_id,
    node_id: membership.node_id,
    display_name: membership.display_name,
    version: context.own.version,
    server_time: new Date(context.clock.nowMs()).toISOString(),
    postgres_version_num: view.versionNum,
    system_identifier: view.systemIdentifier,
    address: file.address ?? context.own.address,
    postgres_port: context.own.postgresPort,
    redis_port: context.own.redisPort,
    database_bytes: databaseBytes,
    subscriber_count: subscriberCount,
    limits,
  };
}
