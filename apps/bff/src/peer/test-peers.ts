/** For tests: main (node 1) as a real HTTP server, its one member (node 2) as a client, and both clocks. */
import { randomUUID } from 'node:crypto';
import { request as sendRaw } from 'undici';
import { membershipOf, newSecret, peerOf, recordingLog, temporaryNodeFile } from '../host/test-node-file.ts';
import type { Membership } from '../cluster/node-file.ts';
import type { PeerTarget } from '../cluster/peer-ports.ts';
import { createPeerClient } from './peer-client.ts';
import { createPeerHttp } from './peer-http.ts';
import { shiftedClock, startPeerServer } from './test-peer-server.ts';

export const options = { timeoutMs: 30_000 };
export const farewell = { node_id: 2 };
export const preflight = { server_id: randomUUID(), version: '1.0.0', postgres_version_num: 150_000 };
export const ok = { ok: true };

interface SetUp {
  readonly membership?: Partial<Membership> | null;
  readonly tamper?: (body: string) => string;
  readonly answer?: unknown;
}

/** Main (node 1) with one member (node 2), a client for it, and both clocks. */
export async function setUp({ membership: changes = {}, tamper, answer = ok }: SetUp = {}) {
  const membership = changes === null ? null : membershipOf({ peers: [peerOf(1), peerOf(2)], ...changes });
  const nodeFile = await temporaryNodeFile(membership);
  const serverClock = shiftedClock();
  // Started a while ago: its own start is not what most tests are about.
  serverClock.shiftMs = -3_000;
  const options = { nodeFile: nodeFile.file, clock: serverClock, answer: () => answer, ...(tamper ? { tamper } : {}) };
  const server = await startPeerServer(options);
  serverClock.shiftMs = 0;
  const clientClock = shiftedClock();
  const http = createPeerHttp();
  const client = createPeerClient({ http, clock: clientClock, log: recordingLog() });
  const member: PeerTarget = {
    apiUrl: server.apiUrl,
    nodeId: 1,
    clusterId: membership?.cluster_id ?? randomUUID(),
    secret: membership?.secret ?? newSecret(),
    issuer: 'node:2',
  };
  const stranger: PeerTarget = { ...member, nodeId: null, clusterId: null, issuer: `server:${randomUUID()}` };
  return {
    nodeFile,
    server,
    serverClock,
    clientClock,
    client,
    member,
    stranger,
    async [Symbol.asyncDispose]() {
      await http.close();
      await server[Symbol.asyncDispose]();
      await nodeFile[Symbol.asyncDispose]();
    },
  };
}

/** A request as it was heard, sent once more by somebody else. */
export async function repeat(
  apiUrl: string,
  heard: { headers: Record<string, string>; body: Buffer; path: string },
  body = heard.body,
) {
  const headers = { 'x-cluster-token': heard.headers['x-cluster-token'] ?? '', 'content-type': 'application/json' };
  const reply = await sendRaw(`${apiUrl}${heard.path}`, { method: 'POST', headers, body });
  return (await reply.body.json()) as { code?: string; error?: string; nonce?: string };
}
