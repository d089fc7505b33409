import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { newSecret, peerOf } from '../host/test-node-file.ts';
import { audienceOf, signRequest } from './cluster-token.ts';
import { farewell, ok, options, preflight, setUp } from './test-peers.ts';

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
