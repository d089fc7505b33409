/** The BFF's own start and end: nothing half-said, nothing forgotten (DESIGN §3, §4). */
import { statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectionCheck } from '@proxpanel/contracts/membership';
import { configureMain } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { startSilentServer } from './support/false-mains.ts';
import { addSubscriber, readNodeFile, readStatus, subscribersOf } from './support/panel-status.ts';

let testbed: Testbed;
let server: TestServer;
let panel: PanelClient;

beforeAll(async () => {
  testbed = await createTestbed();
  server = await testbed.addServer('server');
  panel = await server.panel().signIn();
  await addSubscriber(panel, 'first');
});

afterAll(async () => {
  await testbed.dispose();
});

async function restart(): Promise<void> {
  await server.bff.start();
  await server.bff.waitUntilReady();
}

test('SIGTERM lets a running request finish, takes no new ones, and ends with 0', async () => {
  const { promise: called, resolve: onCall } = Promise.withResolvers<void>();
  await using silent = await startSilentServer((socket) => {
    // The panel's question is open from here on; it is answered, as nonsense, once the panel was told to stop.
    socket.once('data', () => {
      onCall();
      void stopped.then(() => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}'));
    });
  });
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const body = { main_address: `http://${silent.address}`, cluster_secret: 'a'.repeat(64) };
  const running = panel.post<{ checks: ConnectionCheck[] }>('/api/cluster/test-connection', body);
  await called;
  const ended = server.bff.stop();
  await expect.poll(() => refusesConnections(server), { timeout: 10_000 }).toBe(true);
  stop();
  const reply = await running;
  expect(reply.status).toBe(200);
  expect(reply.body.checks).toMatchObject([{ name: 'api', ok: false }]);
  await ended;
  expect(await server.bff.exitStatus()).toEqual({ code: 0, signal: null });
  await restart();
});

async function refusesConnections(target: TestServer): Promise<boolean> {
  try {
    await fetch(`${target.url}/health`, { signal: AbortSignal.timeout(2_000) });
    return false;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return true;
  }
}

test('SIGTERM with a request that never ends still ends the panel', async () => {
  await using silent = await startSilentServer();
  const body = { main_address: `http://${silent.address}`, cluster_secret: 'a'.repeat(64) };
  const cut = panel.post('/api/cluster/test-connection', body).then(
    () => 'answered',
    () => 'cut',
  );
  await server.bff.stop(20_000);
  expect(['answered', 'cut']).toContain(await cut);
  expect(server.bff.isRunning()).toBe(false);
  await restart();
});

test('a session outlives a restart of the panel, and so does its end', async () => {
  const leaving = await server.panel().signIn();
  await leaving.expectOk(leaving.post('/api/auth/logout', {}));
  await server.bff.restart();
  expect((await readStatus(panel)).server.role).toBe('standalone');
  await expect.poll(async () => (await leaving.get('/api/cluster/status')).status, { timeout: 30_000 }).toBe(401);
});

test('after SIGKILL it knows who it is and which cluster it belongs to', async () => {
  await configureMain(server, 'DC1 Primary');
  const before = readNodeFile(server);
  await server.bff.kill();
  await restart();
  const after = readNodeFile(server);
  expect(after.server_id).toBe(before.server_id);
  expect(after.session_signing_key).toBe(before.session_signing_key);
  expect(after.membership).toEqual(before.membership);
  const status = await readStatus(panel);
  expect(status.server).toMatchObject({ server_id: before.server_id, role: 'main', display_name: 'DC1 Primary' });
  expect(await subscribersOf(server)).toEqual(['first']);
  expect(statSync(join(server.stateDirectory, 'node.json')).mode & 0o777).toBe(0o600);
});

test('killed again and again while it writes node.json, the file is always whole', async () => {
  for (let round = 0; round < 3; round += 1) {
    // Both write node.json: a setting and the secret; the kill comes while they are under way.
    const writes = [
      panel.patch('/api/cluster/settings', { late_after_ms: 3_000 + round }),
      panel.post('/api/cluster/secret/rotate', {}),
    ].map((call) => call.catch(() => null));
    await Promise.race(writes);
    await server.bff.kill();
    await Promise.all(writes);
    expect(readNodeFile(server).membership?.display_name).toBe('DC1 Primary');
    await restart();
  }
  expect((await readStatus(panel)).server.role).toBe('main');
});

test('a node.json that cannot be understood stops the start with one sentence and is left as it is', async () => {
  const path = join(server.stateDirectory, 'node.json');
  await server.bff.stop();
  const good = await readFile(path, 'utf8');
  const cases = [
    ['{"format": 1, "server_id": ', /is not JSON/],
    [good.replace('"format": 1', '"format": 2'), /is not a node\.json of this version/],
  ] as const;
  for (const [text, words] of cases) {
    await writeFile(path, text);
    const said = await failedStart();
    expect(said).toMatch(words);
    expect(said).toContain(path);
    expect(await readFile(path, 'utf8')).toBe(text);
  }
  await writeFile(path, good);
  await restart();
  expect((await readStatus(panel)).server.role).toBe('main');
});

test('a bad value in the environment stops the start with one line that names it', async () => {
  const bad = { PORT: 'eighty', POSTGRES_CONTROL: 'magic:x', LATE_AFTER_MS: '5' };
  const good = server.bff.environment;
  const restored = Object.fromEntries(Object.keys(bad).map((variable) => [variable, good[variable]]));
  for (const [variable, value] of Object.entries(bad)) {
    await server.bff.stop();
    const logBefore = server.bff.readLog().length;
    await expect(server.bff.restart({ ...restored, [variable]: value })).rejects.toThrow(variable);
    expect(saidSince(logBefore)).toEqual([expect.stringContaining(variable)]);
  }
  await server.bff.restart(restored);
});

function saidSince(offset: number): string[] {
  return server.bff.readLog().slice(offset).trim().split('\n');
}

/** Starts a server that must refuse, and returns the one line that it says. */
async function failedStart(): Promise<string> {
  const logBefore = server.bff.readLog().length;
  await server.bff.start();
  expect(await server.bff.exitStatus()).toEqual({ code: 1, signal: null });
  const said = saidSince(logBefore);
  expect(said).toHaveLength(1);
  return said[0] ?? '';
}
