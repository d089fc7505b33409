import { randomUUID } from 'node:crypto';
import { CompactSign } from 'jose';
import { expect, test } from 'vitest';
import { audienceOf, bodyHash, deriveKey, signRequest } from './cluster-token.ts';
import { farewell, ok, options, repeat, setUp } from './test-peers.ts';
import { startPeerServer } from './test-peer-server.ts';

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
  const started = performance.now();
  s.nodeFile.file.onChange(() => (writes += 1));
  for (let index = 0; index < 20; index += 1) await s.client.call('farewell', s.member, farewell, options);
  await s.server.auth.close();
  const { newest_iat_by_issuer: newest } = (await s.nodeFile.reopen()).get();
  expect(Math.abs((newest['node:2'] ?? 0) - Date.now() / 1000)).toBeLessThan(60);
  // One a second, and the last when it closes.
  expect(writes).toBeLessThanOrEqual((performance.now() - started) / 1_000 + 2);
});
