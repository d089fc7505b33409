import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { request as sendRaw } from 'undici';
import { expect, test } from 'vitest';
import { membershipOf, newSecret, peerOf, recordingLog, temporaryNodeFile } from '../host/test-node-file.ts';
import type { Membership } from '../cluster/node-file.ts';
import type { PeerTarget } from '../cluster/peer-ports.ts';
import { createPeerClient } from './peer-client.ts';
import { createPeerHttp } from './peer-http.ts';
import { listen, shiftedClock, startPeerServer } from './test-peer-server.ts';

const options = { timeoutMs: 30_000 };
const farewell = { node_id: 2 };
const preflight = { server_id: randomUUID(), version: '1.0.0', postgres_version_num: 150_000 };
const ok = { ok: true };

interface SetUp {
  readonly membership?: Partial<Membership> | null;
  readonly tamper?: (body: string) => string;
  readonly answer?: unknown;
}

/** Main (node 1) with one member (node 2), a client for it, and both clocks. */
async function setUp({ membership: changes = {}, tamper, answer = ok }: SetUp = {}) {
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
async function repeat(
  apiUrl: string,
  heard: { headers: Record<string, string>; body: Buffer; path: string },
  body = heard.body,
) {
  const headers = { 'x-cluster-token': heard.headers['x-cluster-token'] ?? '', 'content-type': 'application/json' };
  const reply = await sendRaw(`${apiUrl}${heard.path}`, { method: 'POST', headers, body });
  return (await reply.body.json()) as { code?: string; error?: string; nonce?: string };
}

test('a member is known by its number, and its reply is believed', async () => {
  await using s = await setUp();
  const { body, roundTripMs } = await s.client.call('farewell', s.member, farewell, options);
  expect(body).toEqual(ok);
  expect(roundTripMs).toBeGreaterThan(0);
  expect(s.server.accepted).toMatchObject([{ nodeId: 2, serverId: null, usedPreviousSecret: false }]);
});

test('the secret is never on the wire', async () => {
  await using s = await setUp();
  await s.client.call('farewell', s.member, farewell, options);
  const heard = JSON.stringify(s.server.heard.map(({ headers, body }) => ({ headers, body: body.toString('latin1') })));
  expect(heard).not.toContain(s.member.secret);
  expect(heard).not.toContain(Buffer.from(s.member.secret, 'hex').toString('base64url'));
});

test('a token is accepted once (TOKEN_REPLAYED), and only with its own body, route and server (BAD_TOKEN)', async () => {
  await using s = await setUp();
  await s.client.call('farewell', s.member, farewell, options);
  const [heard] = s.server.heard;
  if (!heard) throw new Error('nothing was heard');
  expect(await repeat(s.server.apiUrl, heard)).toMatchObject({ code: 'TOKEN_REPLAYED' });
  expect(await repeat(s.server.apiUrl, heard, Buffer.from('{"node_id":3}'))).toMatchObject({ code: 'BAD_TOKEN' });
  const elsewhere = { ...heard, path: '/api/cluster/announce' };
  expect(await repeat(s.server.apiUrl, elsewhere)).toMatchObject({ code: 'BAD_TOKEN' });
  for (const target of [
    { ...s.member, nodeId: 3 },
    { ...s.member, clusterId: randomUUID() },
  ]) {
    await expect(s.client.call('farewell', target, farewell, options)).rejects.toMatchObject({ code: 'BAD_TOKEN' });
  }
  expect(s.server.accepted).toHaveLength(1);
});

test('tokens of a wrong form are refused before anything is computed', async () => {
  await using s = await setUp();
  const path = '/api/cluster/farewell';
  for (const token of ['', 'no.token', 'a.b.c', 'x'.repeat(5_000), 'e30.e30.e30', undefined]) {
    const call = s.server.auth.verify({
      token,
      method: 'POST',
      path,
      body: Buffer.from(''),
      remoteAddress: '192.0.2.1',
    });
    await expect(call).rejects.toMatchObject({ code: 'BAD_TOKEN' });
  }
  // A member's issuer on a stranger's route, and the other way round.
  await expect(
    s.client.call('preflight', { ...s.stranger, issuer: 'node:2' }, preflight, options),
  ).rejects.toMatchObject({
    code: 'BAD_REPLY',
    message: expect.stringContaining('BAD_TOKEN'),
  });
});

test.each([
  ['an hour behind', -3_600_000, 'behind', '1 h'],
  ['an hour ahead', 3_600_000, 'ahead of', '1 h'],
])('a clock %s is answered with a nonce, which the client signs (CLOCK_SKEW)', async (_, shiftMs, direction, by) => {
  await using s = await setUp();
  s.clientClock.shiftMs = shiftMs;
  await s.client.call('farewell', s.member, farewell, options);
  expect(s.server.accepted).toHaveLength(1);
  // Somebody who repeats the first request gets no further without the key, and hears by how much the clocks differ.
  const [first, second] = s.server.heard;
  if (!first || !second) throw new Error('there should have been two requests');
  expect(await repeat(s.server.apiUrl, second)).toMatchObject({ code: 'TOKEN_REPLAYED' });
  s.clientClock.shiftMs = shiftMs;
  const { verify } = s.server.auth;
  const { token } = await signFor(s, s.clientClock.nowMs());
  const refused = verify({ token, method: 'POST', path: first.path, body: first.body, remoteAddress: '192.0.2.1' });
  await expect(refused).rejects.toMatchObject({
    code: 'CLOCK_SKEW',
    message: expect.stringMatching(new RegExp(`differ by ${by}.*${direction} this server`)),
    details: { nonce: expect.any(String) },
  });
});

async function signFor(s: Awaited<ReturnType<typeof setUp>>, nowMs: number, nonce?: string) {
  const { signRequest, audienceOf } = await import('./cluster-token.ts');
  const { clusterId, nodeId, secret, issuer } = s.member;
  const target = { clusterId: clusterId ?? '', nodeId: nodeId ?? 0 };
  const audience = audienceOf(target, 'POST', '/api/cluster/farewell');
  const body = JSON.stringify(farewell);
  return signRequest({ secret, issuer, audience, body, nowMs, ...(nonce === undefined ? {} : { nonce }) });
}

const asRequest = (token: string) => ({
  token,
  method: 'POST',
  path: '/api/cluster/farewell',
  body: Buffer.from(JSON.stringify(farewell)),
  remoteAddress: '192.0.2.1',
});

test('a nonce serves once, for who got it, and for a minute', async () => {
  await using s = await setUp();
  const hourAgo = Date.now() - 3_600_000;
  const challenge = async () => {
    const refusal = await s.server.auth.verify(asRequest((await signFor(s, hourAgo)).token)).catch((e: unknown) => e);
    return (refusal as { details: { nonce: string } }).details.nonce;
  };
  const nonce = await challenge();
  await s.server.auth.verify(asRequest((await signFor(s, hourAgo, nonce)).token));
  await expect(s.server.auth.verify(asRequest((await signFor(s, hourAgo, nonce)).token))).rejects.toMatchObject({
    code: 'CLOCK_SKEW',
  });
  await expect(s.server.auth.verify(asRequest((await signFor(s, hourAgo, 'made-up')).token))).rejects.toMatchObject({
    code: 'CLOCK_SKEW',
  });
  const late = await challenge();
  const { bootSeconds } = s.serverClock;
  s.serverClock.bootSeconds = () => bootSeconds() + 61;
  await expect(s.server.auth.verify(asRequest((await signFor(s, hourAgo, late)).token))).rejects.toMatchObject({
    code: 'CLOCK_SKEW',
  });
});

test('a token that has run out is refused (TOKEN_EXPIRED)', async () => {
  await using s = await setUp();
  const { CompactSign } = await import('jose');
  const { deriveKey, bodyHash, audienceOf } = await import('./cluster-token.ts');
  const now = Math.floor(Date.now() / 1000);
  const aud = audienceOf({ clusterId: s.member.clusterId ?? '', nodeId: 1 }, 'POST', '/api/cluster/farewell');
  const sign = (iat: number, exp: number) =>
    new CompactSign(
      Buffer.from(
        JSON.stringify({
          iss: 'node:2',
          aud,
          iat,
          exp,
          jti: randomUUID(),
          body_sha256: bodyHash(JSON.stringify(farewell)),
        }),
      ),
    )
      .setProtectedHeader({ alg: 'HS256', typ: 'cluster-request' })
      .sign(deriveKey(s.member.secret, 'request signing'));
  s.serverClock.shiftMs = 30_000;
  await expect(s.server.auth.verify(asRequest(await sign(now, now + 10)))).rejects.toMatchObject({
    code: 'TOKEN_EXPIRED',
  });
  await expect(s.server.auth.verify(asRequest(await sign(now, now + 600)))).rejects.toMatchObject({
    code: 'BAD_TOKEN',
  });
});

test('a restart opens no replay window: what was accepted before is not accepted after (SAFETY §5)', async () => {
  for (const clientShiftMs of [0, 50_000]) {
    await using s = await setUp();
    s.clientClock.shiftMs = clientShiftMs;
    await s.client.call('farewell', s.member, farewell, options);
    const [heard] = s.server.heard;
    if (!heard) throw new Error('nothing was heard');
    // Killed: nothing is flushed that was not written by itself.
    const reopened = await s.nodeFile.reopen();
    await using restarted = await startPeerServer({ nodeFile: reopened, clock: s.serverClock, answer: () => ok });
    expect(await repeat(restarted.apiUrl, heard)).toMatchObject({ code: 'CLOCK_SKEW', nonce: expect.any(String) });
    expect(restarted.accepted).toEqual([]);
    // The member itself gets through at once, by one more round trip.
    await s.client.call('farewell', { ...s.member, apiUrl: restarted.apiUrl }, farewell, options);
    expect(restarted.accepted).toHaveLength(1);
  }
});

test('the newest times are written to node.json, once for many calls', async () => {
  await using s = await setUp();
  let writes = 0;
  s.nodeFile.file.onChange(() => (writes += 1));
  for (let index = 0; index < 20; index += 1) await s.client.call('farewell', s.member, farewell, options);
  await s.server.auth.close();
  const { newest_iat_by_issuer: newest } = (await s.nodeFile.reopen()).get();
  expect(Math.abs((newest['node:2'] ?? 0) - Date.now() / 1000)).toBeLessThan(60);
  expect(writes).toBeLessThan(10);
});

test('five wrong secrets in a minute slow an address; a valid token of a member passes all the same', async () => {
  await using s = await setUp();
  const wrong = { ...s.stranger, secret: newSecret() };
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const fault = await s.client.call('preflight', wrong, preflight, options).catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'SECRET_MISMATCH', message: 'cluster secret mismatch', status: 403 });
  }
  const slowed = await s.client.call('preflight', wrong, preflight, options).catch((error: unknown) => error);
  expect(slowed).toMatchObject({ code: 'TOO_MANY_REQUESTS', status: 429 });
  expect((slowed as { details: { retryAfterSeconds: number } }).details.retryAfterSeconds).toBeGreaterThan(0);
  // The right secret does not help a stranger now, and a wrong one does not help who says to be a member.
  await expect(s.client.call('preflight', s.stranger, preflight, options)).rejects.toMatchObject({
    code: 'TOO_MANY_REQUESTS',
  });
  await expect(
    s.client.call('farewell', { ...s.member, secret: newSecret() }, farewell, options),
  ).rejects.toMatchObject({
    code: 'BAD_REPLY',
    message: expect.stringContaining('TOO_MANY_REQUESTS'),
  });
  await s.client.call('farewell', s.member, farewell, options);
  const { bootSeconds } = s.serverClock;
  s.serverClock.bootSeconds = () => bootSeconds() + 61;
  await expect(s.client.call('preflight', wrong, preflight, options)).rejects.toMatchObject({
    code: 'SECRET_MISMATCH',
  });
});

test('the previous secret serves a waiting member, for its heartbeat alone', async () => {
  const previous = newSecret();
  await using s = await setUp({
    membership: {
      previous_secret: { secret: previous, waiting_node_ids: [2] },
      peers: [peerOf(1), peerOf(2), peerOf(3)],
    },
  });
  const { audienceOf, signRequest } = await import('./cluster-token.ts');
  const verify = async (issuer: string, path: string) => {
    const audience = audienceOf({ clusterId: s.member.clusterId ?? '', nodeId: 1 }, 'POST', path);
    const { token } = await signRequest({ secret: previous, issuer, audience, body: '', nowMs: Date.now() });
    return s.server.auth.verify({ token, method: 'POST', path, body: Buffer.alloc(0), remoteAddress: '192.0.2.7' });
  };
  expect(await verify('node:2', '/api/cluster/heartbeat')).toMatchObject({
    usedPreviousSecret: true,
    secret: previous,
  });
  for (const [issuer, path] of [
    ['node:3', '/api/cluster/heartbeat'],
    ['node:2', '/api/cluster/announce'],
    [`server:${randomUUID()}`, '/api/cluster/join'],
  ] as const) {
    if (issuer.startsWith('server:')) {
      const { token } = await signRequest({
        secret: previous,
        issuer,
        audience: `POST ${path}`,
        body: '',
        nowMs: Date.now(),
      });
      const call = s.server.auth.verify({
        token,
        method: 'POST',
        path,
        body: Buffer.alloc(0),
        remoteAddress: '192.0.2.8',
      });
      await expect(call).rejects.toMatchObject({ code: 'SECRET_MISMATCH' });
    } else {
      await expect(verify(issuer, path)).rejects.toMatchObject({ code: 'SECRET_MISMATCH' });
    }
  }
});

test('a removed node is told so, signed with the key that it still has; for 30 days and no longer', async () => {
  const old = newSecret();
  const until = new Date(Date.now() + 1_000_000).toISOString();
  await using s = await setUp({
    membership: { peers: [peerOf(1)], removed_nodes: [{ node_id: 2, secret: old, until }] },
  });
  const removed = { ...s.member, secret: old };
  await expect(s.client.call('farewell', removed, farewell, options)).rejects.toMatchObject({
    code: 'NODE_REMOVED',
    status: 410,
    message: expect.stringContaining('removed'),
  });
  s.serverClock.shiftMs = 2_000_000;
  await expect(s.client.call('farewell', removed, farewell, options)).rejects.toMatchObject({
    code: 'BAD_REPLY',
    message: expect.stringContaining('SECRET_MISMATCH'),
  });
});

test('a server outside a cluster, an unknown number, a disbanded cluster', async () => {
  await using alone = await setUp({ membership: null });
  await expect(alone.client.call('preflight', alone.stranger, preflight, options)).rejects.toMatchObject({
    code: 'NOT_CONFIGURED',
    status: 409,
  });
  await using s = await setUp();
  await expect(s.client.call('farewell', { ...s.member, issuer: 'node:9' }, farewell, options)).rejects.toMatchObject({
    code: 'NODE_UNKNOWN',
  });
  await using over = await setUp({ membership: { is_active: false, role: 'standalone' } });
  await expect(over.client.call('preflight', over.stranger, preflight, options)).rejects.toMatchObject({
    code: 'NOT_CONFIGURED',
  });
  // A member still hears that the cluster has ended.
  await over.client.call('farewell', over.member, farewell, options);
});

test('a reply that was changed on the way, or that nobody signed, is not believed (BAD_REPLY)', async () => {
  await using changed = await setUp({ tamper: (body) => body.replace('true', 'true ') });
  await expect(changed.client.call('farewell', changed.member, farewell, options)).rejects.toMatchObject({
    code: 'BAD_REPLY',
  });
  await using other = await setUp({ answer: { ok: false } });
  await expect(other.client.call('farewell', other.member, farewell, options)).rejects.toMatchObject({
    code: 'BAD_REPLY',
    message: expect.stringContaining('form'),
  });
  const liar = createServer((_, response) => {
    response.writeHead(410, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: 'go away', code: 'NODE_REMOVED' }));
  });
  const apiUrl = await listen(liar);
  await using s = await setUp();
  await expect(s.client.call('farewell', { ...s.member, apiUrl }, farewell, options)).rejects.toMatchObject({
    code: 'BAD_REPLY',
  });
  liar.close();
});

test('a reply to another request is not believed', async () => {
  await using s = await setUp();
  const replay = createServer((_, response) => {
    void s.server.auth
      .signReply({ jti: randomUUID(), secret: s.member.secret }, 200, JSON.stringify(ok))
      .then((token) => {
        response.writeHead(200, { 'x-cluster-reply': token });
        response.end(JSON.stringify(ok));
      });
  });
  const apiUrl = await listen(replay);
  await expect(s.client.call('farewell', { ...s.member, apiUrl }, farewell, options)).rejects.toMatchObject({
    code: 'BAD_REPLY',
  });
  replay.close();
});

test('an address that hangs, refuses, does not resolve or belongs to something else: one sentence each', async () => {
  await using s = await setUp();
  const silent = createTcpServer(() => undefined);
  const chatty = createTcpServer((socket) => socket.end('220 mail.example ESMTP\r\n'));
  const endless = createServer((_, response) => {
    response.writeHead(200);
    response.end(Buffer.alloc(1_100_000, 0x20));
  });
  const [silentUrl, chattyUrl] = await Promise.all([silent, chatty].map(listenTcp));
  const endlessUrl = await listen(endless);
  const closed = createTcpServer();
  const closedUrl = await listenTcp(closed);
  closed.close();
  const call = (apiUrl: string, timeoutMs: number) =>
    s.client.call('farewell', { ...s.member, apiUrl }, farewell, { timeoutMs }).catch((error: unknown) => error);
  expect(await call(silentUrl ?? '', 300)).toMatchObject({
    code: 'MAIN_TIMEOUT',
    message: expect.stringContaining('did not answer within 0.3 s'),
  });
  expect(await call(closedUrl, 30_000)).toMatchObject({
    code: 'MAIN_UNREACHABLE',
    message: expect.stringContaining('refuses the connection'),
  });
  expect(await call('http://no-such-host.invalid', 30_000)).toMatchObject({
    code: 'MAIN_UNRESOLVABLE',
    message: expect.stringContaining('The address "no-such-host.invalid" cannot be resolved'),
  });
  expect(await call(chattyUrl ?? '', 30_000)).toMatchObject({ code: 'BAD_REPLY' });
  expect(await call(endlessUrl, 30_000)).toMatchObject({ code: 'BAD_REPLY', message: expect.stringContaining('1 MB') });
  for (const server of [silent, chatty, endless]) server.close();
});

test("the caller's own abort ends a call at once", async () => {
  await using s = await setUp();
  const silent = createTcpServer(() => undefined);
  const apiUrl = await listenTcp(silent);
  const stop = new AbortController();
  const call = s.client.call('farewell', { ...s.member, apiUrl }, farewell, { ...options, signal: stop.signal });
  stop.abort(new Error('shutting down'));
  await expect(call).rejects.toThrow('shutting down');
  silent.close();
});

async function listenTcp(server: ReturnType<typeof createTcpServer>): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
