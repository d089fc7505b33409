import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { expect, test } from 'vitest';
import { newSecret } from '../host/test-node-file.ts';
import { candidateUrls } from './candidate-urls.ts';
import { deriveKey } from './cluster-token.ts';
import { findServer } from './find-server.ts';
import { createForwardToMain } from './forward-to-main.ts';
import { durationText } from './freshness.ts';
import { localAddressTowards } from './local-address.ts';
import { createPeerHttp } from './peer-http.ts';
import { createPortProbes } from './probe-ports.ts';
import { createSeal } from './seal.ts';
import { listen } from './test-peer-server.ts';

test.each([
  ['main.example', ['https://main.example', 'http://main.example']],
  [' 10.0.0.1\n', ['https://10.0.0.1', 'http://10.0.0.1']],
  ['main_1.lan', ['https://main_1.lan', 'http://main_1.lan']],
  ['main.example:8080', ['https://main.example:8080', 'http://main.example:8080']],
  ['main.example:80', ['http://main.example']],
  ['main.example:443', ['https://main.example']],
  ['2001:db8::1', ['https://[2001:db8::1]', 'http://[2001:db8::1]']],
  ['[2001:db8::1]:8080', ['https://[2001:db8::1]:8080', 'http://[2001:db8::1]:8080']],
  ['http://main.example', ['http://main.example']],
  ['HTTPS://Main.example:8443/', ['https://main.example:8443']],
  ['http://main.example:443', ['http://main.example:443']],
])('%j is dialled as %j', (address, urls) => {
  expect(candidateUrls(address)).toEqual(urls);
});

test.each([
  ['', 'empty'],
  ['ftp://main.example', 'must begin with http://'],
  ['http://admin:secret@main.example', 'user name'],
  ['admin@main.example', 'user name'],
  ['main.example/panel', 'leave the path away'],
  ['http://main.example/?a=1', 'leave the path away'],
  ['main.example#x', 'leave the path away'],
  ['main.example:99999', 'is not a host'],
  ['main.example:0', 'Port 0'],
  ['main example', 'must be one host'],
  ['$(reboot)', 'is not a host'],
  ['main.example;id', 'is not a host'],
  ['-rf.example', 'is not a host'],
  ['javascript:alert(1)', 'is not a host'],
])('%j is refused: %s', (address, sentence) => {
  const refusal = expect.objectContaining({ code: 'INVALID_REQUEST', message: expect.stringContaining(sentence) });
  expect(() => candidateUrls(address)).toThrow(refusal);
});

test('the first candidate that a ProxPanel server answers at is found', async () => {
  const http = createPeerHttp();
  const panel = createServer((_, response) =>
    response.end(JSON.stringify({ status: 'ok', role: 'main', version: '1.0.0' })),
  );
  const url = await listen(panel);
  const found = await findServer(http, [url.replace('http:', 'https:'), url], 30_000);
  expect(found).toMatchObject({ apiUrl: url, role: 'main', version: '1.0.0', roundTripMs: expect.any(Number) });
  panel.close();
  await http.close();
});

test('what is found instead of a server is said in one sentence', async () => {
  const http = createPeerHttp();
  const nginx = createServer((_, response) => response.end('<h1>Welcome</h1>'));
  const mover = createServer((_, response) => {
    response.writeHead(301, { location: 'https://panel.example/health?x=1' });
    response.end();
  });
  const silent = createTcpServer(() => undefined);
  const [nginxUrl, moverUrl, silentUrl] = await Promise.all([listen(nginx), listen(mover), listen(silent as never)]);
  await expect(findServer(http, [nginxUrl], 30_000)).rejects.toMatchObject({
    code: 'BAD_REPLY',
    message: expect.stringContaining('not as a ProxPanel server'),
  });
  await expect(findServer(http, [moverUrl], 30_000)).rejects.toMatchObject({
    message: expect.stringContaining('redirects to https://panel.example: give that address'),
  });
  const started = performance.now();
  await expect(findServer(http, [silentUrl.replace('http:', 'https:'), silentUrl], 1_000)).rejects.toMatchObject({
    code: 'MAIN_TIMEOUT',
    message: expect.stringContaining('within 1 s'),
  });
  expect(performance.now() - started).toBeGreaterThan(900);
  // A TLS handshake that hangs must not cost undici's own 5 s.
  expect(performance.now() - started).toBeLessThan(4_500);
  await expect(findServer(http, ['https://nowhere.invalid', 'http://nowhere.invalid'], 30_000)).rejects.toMatchObject({
    code: 'MAIN_UNRESOLVABLE',
  });
  for (const server of [nginx, mover, silent]) server.close();
  await http.close();
});

test("a person's call is passed on with the session, marked, and its reply comes back as it is", async () => {
  const http = createPeerHttp();
  const main = createServer((request, response) => {
    const { authorization, 'x-cluster-forwarded': forwarded } = request.headers;
    response.writeHead(409, { 'content-type': 'application/problem', 'retry-after': '7' });
    request.on('data', (body: Buffer) => {
      response.end(
        `${String(request.method)} ${String(request.url)} ${String(authorization)} ${String(forwarded)} ${body.toString()}`,
      );
    });
  });
  const forward = createForwardToMain({ http });
  const request = {
    method: 'PATCH',
    path: '/api/cluster/settings?a=1',
    body: '{}',
    sessionToken: 'token',
    timeoutMs: 30_000,
  };
  expect(await forward({ ...request, apiUrl: await listen(main) })).toEqual({
    status: 409,
    body: 'PATCH /api/cluster/settings?a=1 Bearer token 1 {}',
    contentType: 'application/problem',
    retryAfterSeconds: 7,
  });
  await expect(forward({ ...request, apiUrl: 'http://127.0.0.1:1', path: '//evil.example/x' })).rejects.toMatchObject({
    code: 'INVALID_REQUEST',
  });
  main.close();
  await http.close();
});

test('what answers at a port is told: PostgreSQL, Redis, something else, nothing', async () => {
  const probes = createPortProbes();
  const impatient = createPortProbes({ timeoutMs: 300 });
  const answering = (text: string) => createTcpServer((socket) => socket.once('data', () => socket.write(text)));
  const servers: Server[] = [];
  const portOf = async (server: Server) => {
    servers.push(server);
    await listen(server as never);
    return (server.address() as AddressInfo).port;
  };
  const host = '127.0.0.1';
  expect(await probes.postgresAnswers(host, await portOf(answering('S')))).toMatchObject({ tls: true });
  expect(await probes.postgresAnswers(host, await portOf(answering('N')))).toMatchObject({ tls: false });
  for (const alive of [
    '+PONG\r\n',
    '-NOAUTH Authentication required.\r\n',
    '-ERR max number of clients\r\n',
    '-LOADING x\r\n',
  ]) {
    expect(await probes.redisAnswers(host, await portOf(answering(alive)))).toEqual({
      roundTripMs: expect.any(Number),
    });
  }
  const http = await portOf(answering('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await expect(probes.postgresAnswers(host, http)).rejects.toMatchObject({
    code: 'BAD_REPLY',
    message: `127.0.0.1:${http} answers, but not as PostgreSQL does.`,
  });
  await expect(probes.redisAnswers(host, http)).rejects.toMatchObject({ code: 'BAD_REPLY' });
  const guarded = await portOf(answering('-DENIED Redis is running in protected mode\r\n'));
  await expect(probes.redisAnswers(host, guarded)).rejects.toMatchObject({ code: 'MAIN_REFUSED' });
  const closing = await portOf(createTcpServer((socket) => socket.end()));
  await expect(probes.redisAnswers(host, closing)).rejects.toMatchObject({ code: 'MAIN_UNREACHABLE' });
  const silent = await portOf(createTcpServer(() => undefined));
  await expect(impatient.postgresAnswers(host, silent)).rejects.toMatchObject({
    code: 'MAIN_TIMEOUT',
    message: expect.stringContaining('did not answer within 0.3 s'),
  });
  await expect(probes.postgresAnswers('nowhere.invalid', 5432)).rejects.toMatchObject({ code: 'MAIN_UNRESOLVABLE' });
  for (const server of servers) server.close();
  // Free now: refused.
  await expect(probes.redisAnswers(host, silent)).rejects.toMatchObject({
    code: 'MAIN_UNREACHABLE',
    message: expect.stringContaining(`127.0.0.1:${silent} refuses the connection`),
  });
});

test('what is sealed opens with the same secret alone', async () => {
  const seal = createSeal();
  const secret = newSecret();
  const sealed = await seal.seal(secret, { password: 'of-replicator' });
  expect(sealed).not.toContain(Buffer.from('of-replicator').toString('base64url').slice(0, 12));
  expect(await seal.open(secret.toUpperCase(), sealed)).toEqual({ password: 'of-replicator' });
  const [header, key, iv, text = '', tag] = sealed.split('.');
  const changed = [header, key, iv, `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`, tag].join('.');
  for (const [by, what] of [
    [newSecret(), sealed],
    [secret, changed],
    [secret, 'nonsense'],
  ] as const) {
    await expect(seal.open(by, what)).rejects.toMatchObject({ code: 'SECRET_MISMATCH' });
  }
});

test('each purpose has a key of its own, and a secret of a wrong form has none', () => {
  const secret = newSecret();
  const keys = (['request signing', 'reply signing', 'sealing'] as const).map((purpose) =>
    Buffer.from(deriveKey(secret, purpose)).toString('hex'),
  );
  expect(new Set([secret, ...keys]).size).toBe(4);
  for (const wrong of [secret.slice(1), `${secret}0`, `${secret.slice(1)}g`]) {
    expect(() => deriveKey(wrong, 'sealing')).toThrow(expect.objectContaining({ code: 'INVALID_SECRET_FORMAT' }));
  }
});

test('the local address towards another server is told without its answer', async () => {
  expect(await localAddressTowards('127.0.0.1', 9)).toBe('127.0.0.1');
  expect(await localAddressTowards('nowhere.invalid', 9)).toBeNull();
});

test('durations are told as a clock is set', () => {
  const told = [61, 119, 600, 3_599.6, 5_400, 90_000, 864_000].map(durationText);
  expect(told).toEqual(['61 s', '119 s', '10 min', '1 h', '1.5 h', '25 h', '10 days']);
});
