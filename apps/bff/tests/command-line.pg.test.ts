/** `proxpanel-cluster` on the day the page is down, and beside a panel that runs (DESIGN §9, §12; SAFETY §1). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterStatusSchema } from '@proxpanel/contracts/status';
import { builtBffPath } from '@proxpanel/testbed/bff-process';
import { joinServers, waitForRole } from '@proxpanel/testbed/join-servers';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cli, startCli } from './support/command-line.ts';
import { addSubscriber, readNodeFile, readStatus, subscribersOf } from './support/panel-status.ts';

let testbed: Testbed;
let main: TestServer;
let secondary: TestServer;

beforeAll(async () => {
  testbed = await createTestbed();
  // A panel is stopped here for longer than a secondary would wait.
  const options = { environment: { AUTO_FAILOVER: 'false', SELF_PROMOTE_AFTER_MS: 'none' } };
  [main, secondary] = await Promise.all([testbed.addServer('main', options), testbed.addServer('secondary', options)]);
  await joinServers(main, secondary);
  await addSubscriber(await main.panel().signIn(), 'first');
}, 300_000);

afterAll(() => testbed.dispose());

/** The code, and all that was printed. */
async function said(server: TestServer, ...words: string[]): Promise<[number, string]> {
  const { exitCode, stdout, stderr } = await cli(server, ...words);
  return [exitCode, `${stdout}\n${stderr}`];
}

async function untilWell(server: TestServer): Promise<void> {
  await waitFor(() => said(server, 'status'), {
    describe: `proxpanel-cluster status on ${server.name} to end with 0`,
    deadlineMs: 90_000,
    intervalMs: 500,
    until: ([code]) => code === 0,
  });
}

async function startPanel(server: TestServer): Promise<void> {
  await server.bff.start();
  await server.bff.waitUntilReady();
}

/** A crash of PostgreSQL while no panel is there to resume main (SAFETY §1 "Fail-safe restart"). */
async function crashWithoutPanel(server: TestServer): Promise<void> {
  await server.bff.stop();
  await server.postgres.kill();
  await server.postgres.start();
  expect(await server.postgres.isInRecovery()).toBe(true);
}

test('beside running panels the status of either server is well, and --json is the API’s', async () => {
  await untilWell(main);
  await untilWell(secondary);
  const { stdout } = await cli(secondary, 'status');
  expect(stdout).toMatch(/DC2 Standby.*secondary/);
  expect(stdout).toContain('DC1 Primary takes writes');
  const json = await cli(main, 'status', '--json');
  expect(clusterStatusSchema.parse(JSON.parse(json.stdout)).server.display_name).toBe('DC1 Primary');
});

test('a second panel on the same STATE_DIR says so in one line and ends', async () => {
  const run = await main.run([process.execPath, builtBffPath], { environment: { ...main.bff.environment } });
  expect(run.exitCode).toBe(1);
  expect(run.stderr.trim().split('\n')).toEqual([expect.stringMatching(/in use by the panel \(process \d+/)]);
});

test('a hold by the running panel carries the name of who typed it, and ends', async () => {
  expect((await said(secondary, 'hold', '--for', '2h', '--reason', 'new disks'))[0]).toBe(0);
  const { hold } = readNodeFile(secondary).membership ?? {};
  expect(hold).toMatchObject({ reason: 'new disks', actor: expect.stringContaining('(command line)') as string });
  await expect.poll(() => readNodeFile(main).membership?.hold?.reason, { timeout: 30_000 }).toBe('new disks');
  expect((await said(main, 'hold', '--end'))[1]).toContain('has ended');
});

test('wrong usage ends with 3, a refusal with 1, each with one sentence', async () => {
  expect((await said(main, 'nothing'))[0]).toBe(3);
  expect(await said(main, 'hold', '--for', 'long', '--reason', 'x')).toEqual([
    1,
    expect.stringContaining('no length of time'),
  ]);
  expect(await said(secondary, 'demote', '--yes')).toEqual([1, expect.stringContaining('not main')]);
  expect(await said(secondary, 'promote', '--emergency')).toEqual([1, expect.stringContaining('--yes')]);
  expect(await said(main, 'rejoin')).toEqual([1, expect.stringContaining('This server is main')]);
});

test('with the panel stopped the status is still told, and that nothing acts by itself', async () => {
  await main.bff.stop();
  const [code, text] = await said(main, 'status');
  expect(code, text).toBe(1);
  expect(text).toMatch(/STOPPED/);
  expect(text).toMatch(/next +Start the panel/);
  await main.postgres.stop('fast');
  const [down, textDown] = await said(main, 'status');
  expect(down, textDown).toBe(2);
  await main.postgres.start();
});

test('a main that came up read-only is resumed by promote without a panel, by the secondary’s word', async () => {
  await crashWithoutPanel(main);
  const [code, text] = await said(main, 'promote');
  expect(code, text).toBe(0);
  expect(text).toContain('is resumed, nobody is promoted');
  expect(await main.postgres.isInRecovery()).toBe(false);
  await main.postgres.query("INSERT INTO subscribers (username) VALUES ('resumed')");
  await startPanel(main);
  await untilWell(main);
  expect(readNodeFile(main).membership?.main_node_id).toBe(readNodeFile(main).membership?.node_id);
});

test.each([
  ['running', true],
  ['stopped', false],
])('demote with the panel %s shuts main until promote, through a restart of the panel', async (_, runs) => {
  if (!runs) await main.bff.stop();
  expect(await said(main, 'demote')).toEqual([1, expect.stringContaining('--confirm')]);
  const [code, text] = await said(main, 'demote', '--confirm', 'DC1 Primary', '--reason', 'a trial');
  expect(code, text).toBe(0);
  expect(await main.postgres.isInRecovery()).toBe(true);
  if (runs) await main.bff.restart();
  else await startPanel(main);
  const panel = await main.panel().signIn();
  await expect.poll(async () => (await readStatus(panel)).failover?.sentence, { timeout: 30_000 }).toBeTruthy();
  const [demoted, shown] = await said(main, 'status');
  expect(demoted).toBe(2);
  expect(shown).toContain('shut the writes of this main (a trial)');
  expect(await main.postgres.isInRecovery()).toBe(true);
  const [promoted, how] = await said(main, 'promote');
  expect(promoted, how).toBe(0);
  expect(await main.postgres.isInRecovery()).toBe(false);
  await untilWell(main);
  await untilWell(secondary);
});

test('two commands at once: the second is refused; killed, the first leaves nothing in the way', async () => {
  await secondary.bff.stop();
  await crashWithoutPanel(main);
  // Nobody answers, so it waits for somebody to say that this is still main.
  const waiting = await startCli(main, 'promote');
  const lockText = (): string => readFileSync(join(main.stateDirectory, 'lock'), 'utf8');
  await expect.poll(lockText, { timeout: 30_000 }).toContain('proxpanel-cluster promote');
  expect(await said(main, 'status')).toEqual([
    3,
    expect.stringContaining('in use by proxpanel-cluster promote (process'),
  ]);
  await waiting.end('SIGKILL');
  const [code, text] = await said(main, 'status');
  expect(code, text).toBe(2);
  expect(text).toContain('proxpanel-cluster promote');
});

test('where nobody answers, main goes on by the admin’s word alone', async () => {
  expect(await said(main, 'claim-main')).toEqual([1, expect.stringContaining('--confirm NAME')]);
  expect(await said(main, 'claim-main', '--confirm', 'DC2')).toEqual([1, expect.stringContaining('"DC1 Primary"')]);
  const [code, text] = await said(main, 'claim-main', '--confirm', 'DC1 Primary');
  expect(code, text).toBe(0);
  expect(text).toMatch(/done +promote_database/);
  expect(await main.postgres.isInRecovery()).toBe(false);
  await Promise.all([startPanel(main), startPanel(secondary)]);
  await untilWell(main);
  await untilWell(secondary);
});

test('a planned switchover by promote, and back again by a main whose panel is stopped', async () => {
  const [code, text] = await said(main, 'promote', '--yes', '--confirm', 'DC2 Standby');
  expect(code, text).toBe(0);
  await untilWell(secondary);
  expect(await secondary.postgres.isInRecovery()).toBe(false);
  await untilWell(main);
  await secondary.bff.stop();
  const [back, how] = await said(secondary, 'promote', '--switchover', '--yes', '--confirm', 'DC1 Primary');
  expect(back, how).toBe(0);
  expect(await main.postgres.isInRecovery()).toBe(false);
  await startPanel(secondary);
  await untilWell(main);
  await untilWell(secondary);
  expect(await secondary.postgres.isInRecovery()).toBe(true);
});

test('the host of main is lost and the secondary’s panel is stopped: promote --emergency', async () => {
  const panel = await main.panel().signIn();
  await addSubscriber(panel, 'last');
  await expect.poll(() => subscribersOf(secondary), { timeout: 30_000 }).toContain('last');
  await secondary.bff.stop();
  await main.kill();
  const [lost, status] = await said(secondary, 'status');
  expect(lost, status).toBe(2);
  expect(status).toContain('proxpanel-cluster promote --emergency');
  const words = ['promote', '--emergency', '--yes', '--confirm', 'DC2 Standby', '--reason', 'fire'];
  const [code, text] = await said(secondary, ...words);
  expect(code, text).toBe(0);
  expect(text).toMatch(/done +promote_database/);
  expect(await secondary.postgres.isInRecovery()).toBe(false);
  expect(await subscribersOf(secondary)).toEqual(expect.arrayContaining(['first', 'last']));
  await startPanel(secondary);
  await waitForRole(secondary, 'main');
});
