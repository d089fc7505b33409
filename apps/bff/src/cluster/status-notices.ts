/** What the admin should know without looking for it, most pressing first, and what the cluster promises now (SAFETY §6). */
import type { StatusNode } from '@proxpanel/contracts/nodes';
import type { Notice } from '@proxpanel/contracts/status';
import type { ClusterContext } from './cluster-context.ts';
import { configuredRole, mainPeer, otherPeers } from './membership.ts';
import type { Membership } from './node-file.ts';

export function readNotices(context: ClusterContext, nodes: readonly StatusNode[]): Notice[] {
  const { membership, ended_membership: ended } = context.nodeFile.get();
  const notices: Notice[] = [];
  const say = (code: string, severity: Notice['severity'], sentence: string, command: string | null = null): void => {
    notices.push({ code, severity, sentence, command });
  };
  if (membership?.fence != null) {
    say(
      'fenced',
      'critical',
      `${membership.fence.reason} It stays read-only until it is repaired: leave the cluster here and join again.`,
    );
  }
  for (const [name, sentence] of context.memory.standingFaults) say(name, 'warning', sentence);
  const view = context.database.view();
  if (view.state === 'down') say('database_down', 'critical', view.sentence);
  if (context.redis.view().state === 'down') say('redis_down', 'warning', context.redis.view().sentence);
  if (ended !== null) say('membership_ended', 'warning', ended.sentence);
  if (membership === null) return notices;
  if (configuredRole(membership) === 'secondary') sayOfMain(context, membership, say);
  for (const node of nodes) {
    if (node.status === 'offline' && !node.is_self && !node.is_main) {
      const held = `Its slot ${node.slot_name ?? ''} keeps WAL on main until it returns or is removed.`;
      say('node_offline', 'warning', `"${node.display_name}" is offline. ${node.status_reason} ${held}`);
    }
  }
  sayOfVersions(nodes, say);
  const waiting = membership.previous_secret?.waiting_node_ids ?? [];
  if (waiting.length > 0 && configuredRole(membership) === 'main') {
    say('rotation_waiting', 'info', `The new secret waits to be fetched by node ${waiting.join(', ')}.`);
  }
  return notices;
}

type Say = (code: string, severity: Notice['severity'], sentence: string, command?: string | null) => void;

function sayOfMain(context: ClusterContext, membership: Membership, say: Say): void {
  const failure = context.memory.lastHeartbeatFailure;
  if (failure !== null) say('main_silent', 'warning', `Main does not take this server's heartbeats: ${failure}`);
  const main = mainPeer(membership);
  const script = context.nodeFile.get().join_script;
  if (context.database.view().state !== 'writable') return;
  if (script !== null && !script.finished) {
    const name = main?.display_name ?? 'main';
    const sentence = `This server has joined "${name}"; run the script to copy its database.`;
    say('not_cloned', 'info', sentence, `bash ${script.script_path}`);
  } else if (membership.fence === null) {
    const sentence =
      "This server's PostgreSQL was promoted outside the panel and accepts writes, while another server is main. " +
      'Stop it, or leave the cluster here and join again.';
    say('promoted_outside', 'critical', sentence);
  }
}

function sayOfVersions(nodes: readonly StatusNode[], say: Say): void {
  const versions = new Set(nodes.map((node) => node.version).filter((version) => version !== 'unknown'));
  if (versions.size < 2) return;
  say(
    'versions_differ',
    'warning',
    `The servers run different panel versions (${[...versions].join(', ')}): update the secondary first, then main.`,
  );
}

/** SAFETY §6: without an arbiter a cut link looks like a death, and the tab says so in words. */
export function readPromises(context: ClusterContext, membership: Membership): string[] {
  if (otherPeers(membership).length === 0) {
    return ['There is no second server yet: if this one is lost, so is what was written since the last backup.'];
  }
  const promises = [
    'Replication is asynchronous: what main acknowledged in its last moments may be missing after an emergency promotion; the forecast says how much.',
    'There is no arbiter: a cut link looks like a dead server, so an admin decides who is main; this version promotes nobody by itself.',
    'A main that hears of a newer one shuts its writes at once and stays read-only.',
    'This is no backup: a DROP TABLE replicates too.',
  ];
  return context.roles.view().effective === 'main' ? promises : promises.slice(0, 3);
}
