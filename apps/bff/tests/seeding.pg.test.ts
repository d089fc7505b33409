/** `proxpanel-cluster seed`: a panel at any size, made up, repeatable, and never by mistake in somebody's real one. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SubscriberListReply } from '@proxpanel/contracts/subscribers';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { cli, startCli } from './support/command-line.ts';

let testbed: Testbed;
let main: TestServer;
let other: TestServer;
let password = '';

beforeAll(async () => {
  testbed = await createTestbed();
  [main, other] = await Promise.all([testbed.addServer('main'), testbed.addServer('other')]);
}, 240_000);

afterAll(() => testbed.dispose());

async function one(server: TestServer, text: string): Promise<number> {
  const [row] = await server.postgres.query<{ count: number }>(`SELECT (${text})::integer AS count`);
  return row?.count ?? -1;
}

const subscribersOn = (server: TestServer) => one(server, 'SELECT count(*) FROM subscribers');
const auditsOn = (server: TestServer) => one(server, `SELECT count(*) FROM audit_log WHERE action = 'seed'`);

test('an interrupted run is gone on with: nothing is there twice, and what is missing is added', async () => {
  const begun = await startCli(main, 'seed', '--subscribers', '30000');
  await waitFor(() => subscribersOn(main), { describe: 'a first batch', until: (count) => count > 0, intervalMs: 20 });
  await begun.end('SIGKILL');
  const kept = await subscribersOn(main);
  expect(kept).toBeLessThan(30_000);
  expect(kept % 10_000).toBe(0);
  const rest = await cli(main, 'seed', '--subscribers', '30000');
  expect(rest.stderr).toMatch(/^100 %: 30000 subscribers$/m);
  expect(rest.stdout).toMatch(/^Added \d+ subscribers to \d+ in /);
  expect(rest.exitCode).toBe(0);
  expect(await subscribersOn(main)).toBe(30_000);
});

test('a second run adds nothing, says so and leaves no audit row', async () => {
  const audits = await auditsOn(main);
  const again = await cli(main, 'seed', '--subscribers', '30000');
  expect([again.exitCode, again.stdout]).toEqual([
    0,
    'All 30000 made-up subscribers are there already; nothing was added.',
  ]);
  expect(await auditsOn(main)).toBe(audits);
});

test('what was removed by hand comes back, beside one audit row of who did it', async () => {
  const audits = await auditsOn(main);
  await main.postgres.query('DELETE FROM subscribers WHERE id % 5000 = 0');
  const missing = 30_000 - (await subscribersOn(main));
  const again = await cli(main, 'seed', '--subscribers', '30000');
  expect(again.stdout).toContain(`Added ${String(missing)} subscribers`);
  expect(await subscribersOn(main)).toBe(30_000);
  expect(await auditsOn(main)).toBe(audits + 1);
  const [row] = await main.postgres.query<{ actor: string }>(
    `SELECT actor FROM audit_log WHERE action = 'seed' ORDER BY id DESC LIMIT 1`,
  );
  expect(row?.actor).toContain('(command line)');
});

test('the same seed gives the same subscribers on another server, with passwords that open, and its resellers sign in', async () => {
  const made = await cli(other, 'seed', '--subscribers', '2000');
  password = /sign in with (\S+)/.exec(made.stdout)?.[1] ?? '';
  const names = `SELECT username, is_active, open_sessions, note FROM subscribers WHERE split_part(note, ': ', 2)::integer < 2000
                  ORDER BY username`;
  expect(await other.postgres.query(names)).toEqual(await main.postgres.query(names));
  expect(await one(other, 'SELECT count(DISTINCT password_sealed) FROM subscribers')).toBe(2_000);
  const key = other.bff.environment['PANEL_ENCRYPTION_KEY'] ?? '';
  const [opened] = await other.postgres.query<{ count: number }>(
    `SELECT count(panel_open(password_sealed))::integer AS count
       FROM subscribers, set_config('proxpanel.encryption_key', '${key}', false) AS given WHERE given <> ''`,
  );
  expect(opened?.count).toBe(2_000);
  const small = await other.panel().signIn('trial.small', password);
  const list = await small.expectOk(small.get<SubscriberListReply>('/api/subscribers'));
  expect(list.matches).toEqual({ count: 10, more: false });
});

test('beside real subscribers it does nothing until it is told to', async () => {
  await other.postgres.query(`INSERT INTO subscribers (username) VALUES ('a.real.one')`);
  const refused = await cli(other, 'seed', '--subscribers', '3000');
  expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining('--beside-real-ones')]);
  expect(await subscribersOn(other)).toBe(2_001);
  const told = await cli(other, 'seed', '--subscribers', '3000', '--beside-real-ones');
  expect(told.exitCode).toBe(0);
  expect(await subscribersOn(other)).toBe(3_001);
});

test('a secondary is not filled: it is read-only', async () => {
  await joinServers(main, other);
  const refused = await cli(other, 'seed', '--subscribers', '70000');
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain('secondary server is read-only');
  expect(await subscribersOn(other)).toBe(30_000);
});
