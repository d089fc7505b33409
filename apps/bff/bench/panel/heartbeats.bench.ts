/**
 * What secondaries cost their main: a heartbeat's processor time and reply, and the status, with 2, 20 and 200 of them. They
 * join by the real call and send real signed heartbeats; no database stands behind them.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { HeartbeatBody, HeartbeatReply, JoinBody } from '@proxpanel/contracts/peer';
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { medianOf, report, say } from '@proxpanel/testbed/bench-report';
import { configureMain } from '@proxpanel/testbed/join-servers';
import type { TestServer } from '@proxpanel/testbed/server';
import { withTestbed } from '@proxpanel/testbed/testbed';
import { audienceOf, signRequest, TOKEN_HEADER } from '../../src/peer/cluster-token.ts';

const counts = [2, 20, 200];
const rounds = 5;
const heartbeatsPerRound = 400;
const atOnce = 4;
const statusReads = 60;
/** A reading of the status is shared for as long: a pause makes each one anew. */
const statusPauseMs = 550;
const idleMs = 5_000;
/** Clock ticks of /proc in a second, on every Linux that Node runs on. */
const ticksPerSecond = 100;

interface Cluster {
  readonly main: TestServer;
  readonly secret: string;
  readonly clusterId: string;
  readonly mainNodeId: number;
  readonly version: string;
  readonly postgresVersionNum: number;
  readonly term: number;
  readonly agent: Agent;
}

interface Sender {
  readonly serverId: string;
  readonly nodeId: number;
  /** As a secondary does, it says which list of members it holds. */
  peersTag: string | null;
}

interface Cost {
  readonly cpuMs: number[];
  readonly replyMs: number[];
  readonly replyBytes: number;
  readonly statusMs: number[];
  readonly statusBytes: number;
}

await withTestbed({}, async (testbed) => {
  const many = { max_replication_slots: 250, max_wal_senders: 250 };
  // A cluster's own defaults: main's other work must not be counted as that of heartbeats.
  const environment = { HEARTBEAT_INTERVAL_MS: '30000', PROBE_INTERVAL_MS: '30000' };
  const main = await testbed.addServer('main', { postgresSettings: many, environment });
  const { clusterSecret, nodeId } = await configureMain(main, 'Main');
  const panel = await main.panel().signIn();
  const status = await panel.expectOk(panel.get<ClusterStatus>('/api/cluster/status'));
  const [row] = await main.postgres.query<{ num: string }>("SELECT current_setting('server_version_num') AS num");
  const cluster: Cluster = {
    ...{ main, secret: clusterSecret, mainNodeId: nodeId, version: status.server.version },
    clusterId: status.cluster?.cluster_id ?? '',
    term: status.cluster?.term ?? 0,
    postgresVersionNum: Number(row?.num),
    agent: new Agent({ connections: atOnce }),
  };
  const costs = new Map<number, Cost>();
  const senders: Sender[] = [];
  try {
    for (const count of counts) {
      await joinUntil(cluster, senders, count);
      costs.set(count, await measure(cluster, senders, panel.token ?? ''));
    }
  } finally {
    await cluster.agent.destroy();
  }
  reportCosts(costs);
});

async function joinUntil(cluster: Cluster, senders: Sender[], count: number): Promise<void> {
  while (senders.length < count) {
    const serverId = randomUUID();
    const body: JoinBody = {
      ...{ server_id: serverId, display_name: `Secondary ${String(senders.length + 1)}`, address: '127.0.0.1' },
      // Nobody listens there.
      ...{ api_url: 'http://127.0.0.1:9', postgres_port: 5_432, redis_port: 6_379 },
      ...{ version: cluster.version, postgres_version_num: cluster.postgresVersionNum },
    };
    const path = '/api/cluster/join';
    await send(cluster, path, { issuer: `server:${serverId}`, audience: audienceOf(null, 'POST', path), body });
    const [row] = await cluster.main.postgres.query<{ id: number }>(
      'SELECT id FROM cluster_nodes WHERE server_id = $1',
      [serverId],
    );
    if (row === undefined) throw new Error('a join left no row');
    senders.push({ serverId, nodeId: row.id, peersTag: null });
  }
}

async function send(
  { main, secret, agent }: Cluster,
  path: string,
  { issuer, audience, body }: { issuer: string; audience: string; body: object },
): Promise<{ ms: number; bytes: number; text: string }> {
  const text = JSON.stringify(body);
  const { token } = await signRequest({ secret, issuer, audience, body: text, nowMs: Date.now() });
  const started = performance.now();
  const reply = await request(main.url + path, {
    ...{ method: 'POST', body: text, dispatcher: agent },
    headers: { 'content-type': 'application/json', [TOKEN_HEADER]: token },
  });
  const answer = await reply.body.text();
  const ms = performance.now() - started;
  if (reply.statusCode !== 200) throw new Error(`${path}: ${String(reply.statusCode)} ${answer}`);
  return { ms, bytes: Buffer.byteLength(answer), text: answer };
}

async function sendHeartbeat(cluster: Cluster, sender: Sender) {
  const { serverId, nodeId } = sender;
  const { clusterId, mainNodeId, version, term } = cluster;
  const body: HeartbeatBody = {
    ...{ node_id: nodeId, server_id: serverId, term, version, hold: null, last_failover: null, journal: [] },
    ...{ standing: 'following', database_state: 'recovery', receiver_streaming: true },
    ...{ receive_lsn: '0/3000000', replay_lsn: '0/3000000' },
    ...{ cpu_percent: 10, memory_percent: 20, disk_percent: 30, subscriber_count: 1_000_000 },
    ...{ replication_lag_seconds: 0, replication_lag_bytes: 0, cloning: false, peers_tag: sender.peersTag },
  };
  const path = '/api/cluster/heartbeat';
  const audience = audienceOf({ clusterId, nodeId: mainNodeId }, 'POST', path);
  const reply = await send(cluster, path, { issuer: `node:${String(nodeId)}`, audience, body });
  sender.peersTag = (JSON.parse(reply.text) as HeartbeatReply).peers_tag;
  return reply;
}

async function measure(cluster: Cluster, senders: readonly Sender[], token: string): Promise<Cost> {
  const replies: { ms: number; bytes: number }[] = [];
  // Each once before it counts: what is written at a first heartbeat is not written again.
  for (const sender of senders) await sendHeartbeat(cluster, sender);
  const idleMsPerMs = await idleShare(cluster.main);
  const cpuMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const started = performance.now();
    const before = cpuMsOf(cluster.main);
    replies.push(...(await sendMany(cluster, senders)));
    const spent = cpuMsOf(cluster.main) - before - idleMsPerMs * (performance.now() - started);
    cpuMs.push(Math.max(0, spent) / heartbeatsPerRound);
  }
  const status = await readStatuses(cluster, token);
  const replyMs = replies.map(({ ms }) => ms);
  const cost: Cost = { cpuMs, replyMs, replyBytes: medianOf(replies.map(({ bytes }) => bytes)), ...status };
  say(
    `${String(senders.length)} secondaries: ${medianOf(cpuMs).toFixed(2)} ms of processor and a reply of ` +
      `${String(cost.replyBytes)} bytes a heartbeat, a status of ${String(cost.statusBytes)} bytes`,
  );
  return cost;
}

async function sendMany(cluster: Cluster, senders: readonly Sender[]): Promise<{ ms: number; bytes: number }[]> {
  const replies: { ms: number; bytes: number }[] = [];
  let next = 0;
  const run = async (): Promise<void> => {
    while (next < heartbeatsPerRound) {
      const sender = senders[next % senders.length];
      next += 1;
      if (sender !== undefined) replies.push(await sendHeartbeat(cluster, sender));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, run));
  return replies;
}

async function readStatuses({ main, agent }: Cluster, token: string) {
  const statusMs: number[] = [];
  let statusBytes = 0;
  for (let read = 0; read < statusReads; read += 1) {
    await pause(statusPauseMs);
    const started = performance.now();
    const reply = await request(`${main.url}/api/cluster/status`, {
      ...{ dispatcher: agent, headers: { authorization: `Bearer ${token}` } },
    });
    statusBytes = Buffer.byteLength(await reply.body.text());
    statusMs.push(performance.now() - started);
    if (reply.statusCode !== 200) throw new Error(`the status: ${String(reply.statusCode)}`);
  }
  return { statusMs, statusBytes };
}

/** Processor time of the BFF's process so far. */
function cpuMsOf({ bff }: TestServer): number {
  const fields =
    readFileSync(`/proc/${String(bff.pid)}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ') ?? [];
  // proc(5): utime and stime are fields 14 and 15; the first two are cut off here.
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
}

/** What main spends without heartbeats, in ms of processor for each ms. */
async function idleShare(main: TestServer): Promise<number> {
  const before = cpuMsOf(main);
  await pause(idleMs);
  return (cpuMsOf(main) - before) / idleMs;
}

function reportCosts(costs: ReadonlyMap<number, Cost>): void {
  for (const [count, { cpuMs, replyMs, replyBytes, statusMs, statusBytes }] of costs) {
    const who = `${String(count)} secondaries`;
    const one = (what: string, unit: string, samples: number[], goal: string, isMet: (median: number) => boolean) =>
      report({ what: `${who}: ${what}`, unit, samples, goal, isMet: ({ median }) => isMet(median) });
    one('heartbeat, processor of main', 'ms', cpuMs, 'under 10 ms', (ms) => ms < 10);
    one('heartbeat, reply p99', 'ms', [percentile(replyMs, 0.99)], 'under 100 ms', (ms) => ms < 100);
    one('heartbeat, reply', 'bytes', [replyBytes], '', () => true);
    one('status, reply p99', 'ms', [percentile(statusMs, 0.99)], 'under 250 ms', (ms) => ms < 250);
    one('status, reply', 'bytes', [statusBytes], '', () => true);
  }
  const [few, many] = [costs.get(counts[0] ?? 0), costs.get(counts.at(-1) ?? 0)];
  if (few === undefined || many === undefined) throw new Error('nothing was measured');
  const times = (counts.at(-1) ?? 0) / (counts[0] ?? 1);
  // Linear: a heartbeat costs the same however many there are, and a status at most as many times as much.
  const growth = (what: string, ratio: number, limit: number, goal: string) =>
    report({
      what: `growth, 200 against 2: ${what}`,
      unit: '×',
      samples: [ratio],
      goal,
      isMet: ({ median }) => median <= limit,
    });
  growth('processor of one heartbeat', medianOf(many.cpuMs) / medianOf(few.cpuMs), 1.5, 'linear in all: at most 1.5 ×');
  growth('bytes of one heartbeat reply', many.replyBytes / few.replyBytes, 1.5, 'linear in all: at most 1.5 ×');
  growth('bytes of the status', many.statusBytes / few.statusBytes, times, `linear: at most ${String(times)} ×`);
  growth(
    'time of the status',
    medianOf(many.statusMs) / medianOf(few.statusMs),
    times,
    `linear: at most ${String(times)} ×`,
  );
}

function percentile(samples: readonly number[], part: number): number {
  const sorted = [...samples].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}
