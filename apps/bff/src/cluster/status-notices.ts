/** What the admin should know without looking for it, most pressing first. */
import type { StatusNode } from '@proxpanel/contracts/nodes';
import type { Notice } from '@proxpanel/contracts/status';
import type { ClusterContext } from './cluster-context.ts';
import { isRejoinScript, scriptCommand } from './make-script.ts';
import { configuredRole, mainPeer, otherPeers } from './membership.ts';
import type { Membership } from './node-file.ts';

type Say = (code: string, severity: Notice['severity'], sentence: string, command?: string | null) => void;

export function readNotices(context: ClusterContext, nodes: readonly StatusNode[]): Notice[] {
  const { membership, ended_membership: ended } = context.nodeFile.get();
  const notices: Notice[] = [];
  const say = (code: string, severity: Notice['severity'], sentence: string, command: string | null = null): void => {
    notices.push({ code, severity, sentence, command });
  };
  if (membership !== null) sayOfStanding(context, membership, say);
  for (const [name, sentence] of context.memory.standingFaults) say(name, 'warning', sentence);
  const view = context.database.view();
  if (view.state === 'down') say('database_down', 'critical', view.sentence);
  if (context.redis.view().state === 'down') say('redis_down', 'warning', context.redis.view().sentence);
  if (ended !== null) say('membership_ended', 'warning', ended.sentence);
  if (membership === null) return notices;
  if (configuredRole(membership) === 'secondary') sayOfMain(context, membership, say);
  sayOfArbiter(context, membership, say);
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

/** Why this server's writes are shut, and what an admin can do about it. */
function sayOfStanding(context: ClusterContext, membership: Membership, say: Say): void {
  const { divergence, fence } = membership;
  if (divergence !== null) {
    const script = context.nodeFile.get().join_script;
    const command = script !== null && isRejoinScript(script) ? scriptCommand(script.script_path) : null;
    const cure = 'It stays read-only and keeps its rows until you have it repaired with Rejoin.';
    say('diverged', 'critical', `${divergence.reason} ${cure}`, command);
  } else if (fence?.equal_term === true) {
    const cure = 'Say on one of the two servers that it is the only main; the other one is then repaired.';
    say('fenced', 'critical', `${fence.reason} ${cure}`);
  } else if (fence !== null) {
    const cure = 'It follows the new main by itself as soon as that one is heard and its history allows.';
    say('fenced', 'critical', `${fence.reason} ${cure}`);
  }
  const { operation } = context.memory;
  const waits = configuredRole(membership) === 'main' && context.database.view().state === 'recovery';
  if (!waits || operation?.state === 'running') return;
  const because = context.memory.decision?.sentence ?? '';
  const sentence = `This server is main, and its database came up read-only, as it does after every restart; it promotes itself again when it is certain that it is still main. ${because}`;
  say('main_waiting', 'critical', sentence.trim());
}

function sayOfArbiter(context: ClusterContext, membership: Membership, say: Say): void {
  if (!context.arbiter.configured) return;
  const { arbiter, guardAlive } = context.memory;
  // Told by its own standing fault once it has been away for long.
  if (arbiter.silent && !context.memory.standingFaults.has('arbiter')) {
    say('arbiter_away', 'warning', `The arbiter does not answer: ${arbiter.sentence}`);
  }
  const isMain = configuredRole(membership) === 'main';
  if (isMain && guardAlive === false && otherPeers(membership).length > 0) {
    const sentence = 'The guard beside PostgreSQL does not live: if this panel hangs, nobody shuts its writes in time.';
    say('guard_dead', 'critical', sentence);
  }
  const address = context.nodeFile.get().address ?? context.own.address;
  const places = new Map([[address, 'this server']]);
  for (const peer of otherPeers(membership)) places.set(peer.address, `"${peer.display_name}"`);
  for (const host of context.own.arbiterHosts) {
    const name = places.get(host) ?? (loopbacks.includes(host) ? 'this server' : null);
    if (name === null) continue;
    const sentence = `The arbiter runs on ${name}: when that machine is lost, so is the third vote. Put it on a third one.`;
    say('arbiter_beside_server', 'warning', sentence);
  }
}

const loopbacks: readonly string[] = ['localhost', '127.0.0.1', '::1', '[::1]'];

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
