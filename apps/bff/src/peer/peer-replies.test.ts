import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { farewell, ok, options, setUp } from './test-peers.ts';
import { listen } from './test-peer-server.ts';

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
