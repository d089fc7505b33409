/** Pictures over HTTP: what is taken, how it is served, and what is refused before it can do harm. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { createUploadFiles } from '../host/upload-files.ts';
import { bombPng, noisePng } from '../panel/testing/png.ts';
import type { AuditedAct } from '../panel/upload-ports.ts';
import { registerUploadRoutes } from '../routes/upload-routes.ts';
import { startTestApp, type TestApp } from './test-app.ts';

const png = noisePng(40, 30);
const sha256 = createHash('sha256').update(png).digest('hex');

async function start() {
  const directory = await mkdtemp(join(tmpdir(), 'uploads-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const testApp = await startTestApp();
  const acts: AuditedAct[] = [];
  registerUploadRoutes(testApp.app.register, {
    pictures: createUploadFiles(directory),
    audit: {
      around: async (act, work) => {
        acts.push(act);
        await work();
      },
    },
    nowMs: () => testApp.state.nowMs,
  });
  return { testApp, directory, acts, token: await testApp.signIn('admin') };
}

function put(
  testApp: TestApp,
  token: string,
  bytes: Uint8Array<ArrayBuffer>,
  type = 'image/png',
  path = '/api/uploads/logo',
) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': type };
  return fetch(testApp.url + path, { method: 'PUT', headers, body: bytes });
}

/** The headers are sent at once, and no byte of the body. */
function begin(
  testApp: TestApp,
  token: string,
  headers: Record<string, string>,
  path = '/api/uploads/logo',
): ClientRequest {
  const all = { authorization: `Bearer ${token}`, 'content-type': 'image/png', ...headers };
  const call = request(testApp.url, { method: 'PUT', path, headers: all });
  call.flushHeaders();
  return call;
}

test('a picture is served with its type, its hash and leave to keep it, to everybody', async () => {
  const { testApp, acts, token } = await start();
  const sent = await put(testApp, token, Buffer.from(png));
  expect([sent.status, await sent.json()]).toMatchObject([
    200,
    { kind: 'logo', media_type: 'image/png', size_bytes: png.length, sha256 },
  ]);
  expect(acts).toMatchObject([{ actor: 'admin', action: 'upload', entityId: 'logo' }]);
  const read = await fetch(`${testApp.url}/api/uploads/logo`);
  expect(Buffer.from(await read.arrayBuffer()).equals(png)).toBe(true);
  expect(Object.fromEntries(read.headers)).toMatchObject({
    'content-type': 'image/png',
    'content-length': String(png.length),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache',
    etag: `"${sha256}"`,
  });
  // Not by fetch: with this header it asks every cache on the way to be left out.
  const asking = request(`${testApp.url}/api/uploads/logo`, { headers: { 'if-none-match': `"${sha256}"` } }).end();
  const [known] = (await once(asking, 'response')) as [IncomingMessage];
  expect([known.statusCode, await text(known), known.headers.etag]).toEqual([304, '', `"${sha256}"`]);
  const byHash = await fetch(`${testApp.url}/api/uploads/logo?v=${sha256}`);
  expect(byHash.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  const byOther = await fetch(`${testApp.url}/api/uploads/logo?v=${'0'.repeat(64)}`);
  expect([byOther.status, byOther.headers.get('cache-control')]).toEqual([200, 'no-cache']);
  const list = await testApp.ask('GET', '/api/uploads');
  expect(list.json.uploads).toMatchObject([{ kind: 'logo', sha256 }]);
});

test('a picture that is taken away is gone, and a second time there is none', async () => {
  const { testApp, directory, acts, token } = await start();
  await put(testApp, token, Buffer.from(png));
  expect((await testApp.ask('DELETE', '/api/uploads/logo', { token })).json).toEqual({ ok: true });
  expect((await testApp.ask('GET', '/api/uploads/logo')).json.code).toBe('NOT_FOUND');
  expect((await testApp.ask('DELETE', '/api/uploads/logo', { token })).json.code).toBe('NOT_FOUND');
  expect(acts.map(({ action }) => action)).toEqual(['upload', 'remove']);
  expect(await readdir(directory)).toEqual(['uploads.json']);
});

test('what is no picture, or another one than it says, is refused by its content and leaves nothing', async () => {
  const { testApp, directory, token } = await start();
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
  const refused: [string, Buffer, string][] = [
    ['image/png', Buffer.alloc(0), 'NOT_AN_IMAGE'],
    ['image/png', randomBytes(2_000), 'NOT_AN_IMAGE'],
    ['image/png', Buffer.from('<!doctype html><script>alert(1)</script>'), 'NOT_AN_IMAGE'],
    ['image/png', svg, 'NOT_AN_IMAGE'],
    ['image/png', Buffer.from('GIF89a\u0001\u0000\u0001\u0000'), 'NOT_AN_IMAGE'],
    ['image/png', png.subarray(1), 'NOT_AN_IMAGE'],
    ['image/jpeg', png, 'NOT_AN_IMAGE'],
    ['image/svg+xml', svg, 'UNSUPPORTED_MEDIA_TYPE'],
    ['application/octet-stream', png, 'UNSUPPORTED_MEDIA_TYPE'],
  ];
  for (const [type, bytes, code] of refused) {
    const reply = await put(testApp, token, Buffer.from(bytes), type);
    expect([type, bytes.length, reply.status, await reply.json()]).toMatchObject([
      type,
      bytes.length,
      415,
      { code, error: expect.stringMatching(/\.$/) },
    ]);
  }
  expect(await readdir(directory)).toEqual([]);
});

test('a decompression bomb is stored as the small file that it is: nothing here decodes it', async () => {
  const { testApp, token } = await start();
  const bomb = bombPng(64 * 1024 ** 2);
  expect(bomb.length).toBeLessThan(100_000);
  const before = process.memoryUsage().rss;
  const reply = await put(testApp, token, Buffer.from(bomb));
  expect([reply.status, await reply.json()]).toMatchObject([200, { size_bytes: bomb.length }]);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 ** 2);
});

test('10 GB are refused by their announcement alone, before a byte of them is sent', async () => {
  const { testApp, directory, token } = await start();
  const call = begin(testApp, token, { 'content-length': String(10 * 1024 ** 3) });
  // The server cuts a caller that goes on; this one has sent nothing.
  call.on('error', () => call.destroy());
  const [reply] = (await once(call, 'response')) as [IncomingMessage];
  expect([reply.statusCode, await json(reply)]).toMatchObject([413, { code: 'BODY_TOO_LARGE' }]);
  await once(call, 'close');
  expect(await readdir(directory)).toEqual([]);
});

test('a body without an end is refused once it is too long, and its connection is cut', async () => {
  const { testApp, directory, token } = await start();
  const call = begin(testApp, token, { 'transfer-encoding': 'chunked' });
  const piece = Buffer.alloc(64 * 1024, 0x89);
  let sentBytes = 0;
  const closed = Promise.withResolvers<void>();
  // Cut in the middle of a write is how it has to end.
  call.on('error', () => closed.resolve());
  call.on('close', () => closed.resolve());
  const send = (): void => {
    while (!call.destroyed) {
      sentBytes += piece.length;
      if (!call.write(piece)) break;
    }
    if (!call.destroyed) call.once('drain', send);
  };
  const response = once(call, 'response') as Promise<[IncomingMessage]>;
  send();
  const [reply] = await response;
  expect([reply.statusCode, await json(reply)]).toMatchObject([413, { code: 'BODY_TOO_LARGE' }]);
  expect(sentBytes).toBeGreaterThan(5 * 1024 ** 2);
  await closed.promise;
  expect(await readdir(directory)).toEqual([]);
});

test('one byte over the limit is too large, and the limit itself is not', async () => {
  const { testApp, token } = await start();
  const limit = 5 * 1024 ** 2;
  const padded = (bytes: number) => Buffer.concat([png, Buffer.alloc(bytes - png.length)]);
  expect((await put(testApp, token, padded(limit))).status).toBe(200);
  expect((await put(testApp, token, padded(limit + 1))).status).toBe(413);
});

test('an upload that ends early is refused and leaves the picture from before', async () => {
  const { testApp, token } = await start();
  await put(testApp, token, Buffer.from(png));
  const call = begin(testApp, token, { 'content-length': '50000' });
  call.on('error', () => call.destroy());
  const written = Promise.withResolvers<void>();
  call.write(noisePng(50, 50), () => {
    written.resolve();
  });
  await written.promise;
  call.destroy();
  const read = await fetch(`${testApp.url}/api/uploads/logo`);
  expect(read.headers.get('etag')).toBe(`"${sha256}"`);
});

test('no kind but the two exists, and no path leads out of them', async () => {
  const { testApp, directory, token } = await start();
  const paths = [
    '/api/uploads/favicon',
    '/api/uploads/..%2f..%2f..%2fetc%2fpasswd',
    '/api/uploads/../../../etc/passwd',
    '/api/uploads/..\\..\\x',
    '/api/uploads/logo%00.png',
    '/api/uploads/LOGO',
    '/api/uploads/logo/',
    '/api/uploads/uploads.json',
    '/api/uploads/__proto__',
  ];
  for (const path of paths) {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'image/png',
        'content-length': String(png.length),
      };
      const call = request(testApp.url, {
        method,
        path,
        headers: method === 'PUT' ? headers : { authorization: headers.authorization },
      });
      call.end(method === 'PUT' ? png : undefined);
      const [reply] = (await once(call, 'response')) as [IncomingMessage];
      expect([method, path, reply.statusCode, await json(reply)]).toMatchObject([
        method,
        path,
        404,
        { code: 'NOT_FOUND' },
      ]);
    }
  }
  expect(await readdir(directory)).toEqual([]);
});

test('only an admin uploads, and nobody while writes are shut', async () => {
  const { testApp, token } = await start();
  const reseller = await testApp.signIn('reseller');
  expect((await put(testApp, reseller, Buffer.from(png))).status).toBe(403);
  expect((await put(testApp, 'nobody', Buffer.from(png))).status).toBe(401);
  testApp.state.writes = { allowed: false, mainApiUrl: 'http://10.0.0.1' };
  const shut = await put(testApp, token, Buffer.from(png));
  expect([shut.status, await shut.json()]).toMatchObject([503, { code: 'READ_ONLY' }]);
});
