/** One join with everything that can come in between: odd names, a killed script, a second run, a wrong secret (DESIGN §6). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectionCheck } from '@proxpanel/contracts/membership';
import { configureMain, waitForRole, waitForStreaming } from '@proxpanel/testbed/join-servers';
import type { PanelClient, PanelReply } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import {
  addSubscriber,
  expectRefusal,
  readNodeFile,
  readStatus,
  slotsOf,
  subscribersOf,
  waitForStatus,
} from './support/panel-status.ts';
import { runScript, startSlowClone } from './support/scripts.ts';
import { isSigned, peerStatusCall, sendSigned, sendToken, signCall, signWithTimes } from './support/signed-calls.ts';

interface Joined {
  node_id: number;
  slot_name: string;
  script_path: string;
  script_command: string;
}

let testbed: Testbed;
let main: TestServer;
let other: TestServer;
let third: TestServer;
let mainPanel: PanelClient;
let otherPanel: PanelClient;
let secret: string;
let script: string;

const mainName = `O'Brien "DC1" $(touch pwned) \`id\` 🏠`;
const otherName = `Größe '"; touch pwned; echo $(touch pwned) \${HOME} %s \\n 🛰️`;

beforeAll(async () => {
  testbed = await createTestbed();
  [main, other, third] = await Promise.all([
    testbed.addServer('main'),
    testbed.addServer('other'),
    testbed.addServer('third'),
  ]);
  ({ clusterSecret: secret } = await configureMain(main, mainName));
  [mainPanel, otherPanel] = await Promise.all([main.panel().signIn(), other.panel().signIn()]);
  await addSubscriber(mainPanel, 'on-main');
  await addSubscriber(otherPanel, 'on-other');
});

afterAll(async () => {
  await testbed.dispose();
});

function askToJoin(panel: PanelClient, body: object = {}): Promise<PanelReply<Joined>> {
  const given = { main_address: main.url, cluster_secret: secret, display_name: otherName };
  return panel.post<Joined>('/api/cluster/setup-secondary', { ...given, ...body });
}

test('white space around a pasted secret does no harm', async () => {
  const pasted = `\n  ${secret.toUpperCase()} \t\r\n`;
  const body = { main_address: main.url, cluster_secret: pasted };
  const reply = await otherPanel.expectOk(
    otherPanel.post<{ ok: boolean; checks: ConnectionCheck[] }>('/api/cluster/test-connection', body),
  );
  expect(reply.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(reply.ok).toBe(true);
});

test('two joins at once from one server end with one node and one slot', async () => {
  const pasted = `  ${secret}\n`;
  const replies = await Promise.all([1, 2].map(() => askToJoin(otherPanel, { cluster_secret: pasted })));
  const good = replies.filter(({ status }) => status === 200);
  expect(good.length).toBeGreaterThan(0);
  for (const reply of replies.filter(({ status }) => status !== 200)) expectRefusal(reply, 'BUSY', 'a join');
  expect(new Set(good.map(({ body }) => body.node_id)).size).toBe(1);
  script = good.at(-1)?.body.script_path ?? '';
  // Repeated before the clone: the same node and slot, with a new script.
  const again = await otherPanel.expectOk(askToJoin(otherPanel));
  expect(again).toMatchObject({ node_id: good[0]?.body.node_id, slot_name: good[0]?.body.slot_name });
  script = again.script_path;
  expect(await slotsOf(main)).toEqual([again.slot_name]);
  expect((await readStatus(mainPanel)).nodes.map(({ display_name }) => display_name)).toEqual([mainName, otherName]);
  expect(await subscribersOf(other)).toEqual(['on-other']);
});

test('a script killed half-way brings the old data back, the page says so, and its token is spent', async () => {
  const running = await startSlowClone(main, other, script);
  await waitForStatus(
    otherPanel,
    'the page to show the clone',
    ({ join: seen }) =>
      seen?.phases.some(({ phase, state }) => phase === 'base_backup' && state === 'running') === true,
  );
  // Not waited for by `end`: the script first puts the old data back, which is what is watched here.
  running.signal('SIGTERM');
  await waitFor(() => !running.isRunning(), { describe: 'the script to put the old data back and end' });
  const { join: seen } = await waitForStatus(
    otherPanel,
    'the page to say that the old data is back',
    ({ join: now }) => now?.phases.at(-1)?.phase === 'rolled_back',
  );
  expect(seen?.finished).toBe(false);
  expect(seen?.credential_expires_at).toBeNull();
  expect(await subscribersOf(other)).toEqual(['on-other']);

  const again = await runScript(other, script);
  expect(again.output).toMatch(/Settings → Cluster/);
  expect(again.exitCode).toBe(3);
  expect(await subscribersOf(other)).toEqual(['on-other']);
});

test('a script made anew works, with names of every kind, and signed-in people stay signed in', async () => {
  const renewed = await otherPanel.expectOk(otherPanel.post<Joined>('/api/cluster/script/renew', {}));
  script = renewed.script_path;
  const { exitCode, output } = await runScript(other, script);
  expect(exitCode, output).toBe(0);
  await waitForStreaming(main, renewed.slot_name);
  await waitForRole(other, 'secondary');
  expect(output).toContain(mainName);
  for (const server of [main, other]) {
    expect(existsSync(join(server.directory, 'pwned'))).toBe(false);
    expect(existsSync(join(server.scriptDirectory, 'pwned'))).toBe(false);
    expect(existsSync(join(server.postgres.dataDirectory, 'pwned'))).toBe(false);
  }
  // The very panel that joined: its session was signed by the key that the join replaced (DESIGN §6.6).
  const seen = await waitForStatus(otherPanel, 'main to call it online', ({ nodes }) =>
    nodes.some((node) => node.is_self && node.status === 'online'),
  );
  expect(seen.join?.finished).toBe(true);
  expect(seen.nodes.map(({ display_name }) => display_name)).toEqual([mainName, otherName]);
  await addSubscriber(mainPanel, 'after-the-join');
  await waitFor(() => subscribersOf(other), {
    describe: 'the row to arrive',
    until: (rows) => rows.join() === 'after-the-join,on-main',
  });
});

test('running the script again finds nothing to do', async () => {
  const { exitCode, output } = await runScript(other, script);
  expect(output).toMatch(/nothing to do/i);
  expect(exitCode).toBe(0);
  expect(await other.postgres.isInRecovery()).toBe(true);
});

test('a server that has joined cannot join again, nor be made main, and says what it is', async () => {
  expectRefusal(await askToJoin(otherPanel), 'ALREADY_JOINED', mainName.slice(0, 12));
  const setup = await otherPanel.post('/api/cluster/setup-main', {});
  expect([409, 503]).toContain(setup.status);
  expect(readNodeFile(other).membership?.role).toBe('secondary');
});

test('a secondary is not taken for a main: a third server is told where its main is', async () => {
  const panel = await third.panel().signIn();
  const reply = await askToJoin(panel, { main_address: other.url });
  expectRefusal(reply, 'MAIN_IS_SECONDARY', 'itself a secondary', '127.0.0.1');
  expect(readNodeFile(third).membership).toBeNull();
});

test('a token is good once, until it ends, for its own route and body', async () => {
  const nodeId = readNodeFile(other).membership?.node_id ?? 0;
  const call = peerStatusCall(main, { nodeId, secret });
  const { token, text } = await signCall(call);
  const first = await sendToken(mainPanel, call, token, text);
  expect(first.status).toBe(200);
  expect(isSigned(first)).toBe(true);
  expectRefusal(await sendToken(mainPanel, call, token, text), 'TOKEN_REPLAYED', 'used before');

  const now = Math.floor(Date.now() / 1000);
  const stale = await signWithTimes(call, { iat: now - 2, exp: now - 1 });
  expectRefusal(await sendToken(mainPanel, call, stale, ''), 'TOKEN_EXPIRED', 'expired');
  const eternal = await signWithTimes(call, { iat: now, exp: now + 3_600 });
  expectRefusal(await sendToken(mainPanel, call, eternal, ''), 'BAD_TOKEN', '60 s at most');

  const elsewhere = await signCall({ ...call, path: '/api/cluster/uploads' });
  expectRefusal(await sendToken(mainPanel, call, elsewhere.token, ''), 'BAD_TOKEN', 'another server or another route');
  const farewell = { ...call, method: 'POST' as const, path: '/api/cluster/farewell', body: { node_id: nodeId } };
  const signed = await signCall(farewell);
  const changed = await sendToken(mainPanel, farewell, signed.token, JSON.stringify({ node_id: nodeId + 1 }));
  expectRefusal(changed, 'BAD_TOKEN', 'not the one that the cluster token was made for');
  expect((await readStatus(mainPanel)).nodes).toHaveLength(2);
});

test('a clock an hour off is said, and the nonce in the refusal lets the call through all the same', async () => {
  const nodeId = readNodeFile(other).membership?.node_id ?? 0;
  const call = peerStatusCall(main, { nodeId, secret });
  const nowMs = Date.now() - 3_600_000;
  const refused = await sendSigned(mainPanel, { ...call, nowMs });
  expectRefusal(refused, 'CLOCK_SKEW', '1 h', 'behind');
  // Signed, since the caller has proved that it knows the secret (SAFETY §5).
  expect(isSigned(refused)).toBe(true);
  const { nonce } = refused.body as { nonce: string };
  expect((await sendSigned(mainPanel, { ...call, nowMs, nonce })).status).toBe(200);
  expectRefusal(await sendSigned(mainPanel, { ...call, nowMs, nonce }), 'CLOCK_SKEW');
});

// The last: it slows this machine's address for a minute.
test('a wrong secret is refused, five in a minute are slowed, and heartbeats of members still pass', async () => {
  const panel = await third.panel().signIn();
  for (let tries = 0; tries < 5; tries += 1) {
    const sentence = expectRefusal(await askToJoin(panel, { cluster_secret: 'f'.repeat(64) }), 'SECRET_MISMATCH');
    expect(sentence).toBe('cluster secret mismatch');
  }
  const slowed = await askToJoin(panel, { cluster_secret: 'f'.repeat(64) });
  expectRefusal(slowed, 'TOO_MANY_REQUESTS', 'wrong secrets too often');
  expect(Number(slowed.headers['retry-after'])).toBeGreaterThan(0);
  // Also with the right secret: who is slowed is not heard at all.
  expectRefusal(await askToJoin(panel), 'TOO_MANY_REQUESTS');
  const seenAt = async () => {
    const { nodes } = await readStatus(mainPanel);
    return Date.parse(nodes.find(({ is_main: isMain }) => !isMain)?.last_heartbeat_at ?? '1970-01-01T00:00:00Z');
  };
  const before = await seenAt();
  await waitFor(seenAt, { describe: 'two more heartbeats', until: (now) => now > before + 1_500 });
});
