import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, vi } from 'vitest';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { openJoinFixture, slotName, startOwnServer, subscribersOf } from './testing/join-fixture.ts';
import { programsWith } from './testing/stand-in-programs.ts';
import { asideDirectories, expectOldDataBack, test } from './testing/two-servers.ts';

// pg_basebackup writes all it did through to a disk that others use too.
vi.setConfig({ testTimeout: 300_000 });

// The pg_ctl kind on two real servers (DESIGN §6.5; issue 2, "Bad input and bad days").

test('a join streams, keeps the old data, and a second run has nothing to do', async ({ servers }) => {
  const { fixture, own, control } = servers;
  const script = await fixture.write(control, { dataDirectory: own.dataDirectory });

  const first = await fixture.run(script);
  expect(first.output).toContain('[done]');
  expect(first.exitCode).toBe(0);
  await fixture.main.query(`INSERT INTO subscribers VALUES ('written later on main')`);
  await waitFor(async () => (await subscribersOf(own)).length === 2, { describe: 'the row to arrive' });
  expect(await own.isInRecovery()).toBe(true);
  const steps = [
    'preflight',
    'credential',
    'stop',
    'move_aside',
    'base_backup',
    'configure',
    'start',
    'streaming',
    'done',
  ];
  expect(fixture.panel.said).toEqual(steps.flatMap((step) => [`${step}:running`, `${step}:completed`]));
  const [sender] = await fixture.main.query('SELECT application_name, state FROM pg_stat_replication');
  expect(sender).toEqual({ application_name: 'node_2', state: 'streaming' });
  const aside = (await asideDirectories(own)).find((name) => name.includes('.before-join-'));
  expect(first.output).toContain(join(dirname(own.dataDirectory), aside ?? 'none'));
  expect((await stat(join(own.dataDirectory, 'proxpanel.pgpass'))).mode & 0o777).toBe(0o600);
  expect(await readdir(fixture.temporaryDirectory)).toEqual([]);

  const second = await fixture.run(script);
  expect(second.output).toContain('nothing to do');
  expect(second.exitCode).toBe(0);
});

test("the clone keeps this server's own port and raises what a standby needs at least as large as main's", async () => {
  await using fixture = await openJoinFixture();
  const own = await startOwnServer(fixture.workspace, { max_connections: '20', work_mem: '7MB' });
  await fixture.main.query('ALTER SYSTEM SET max_connections = 150');
  await fixture.main.query(`ALTER SYSTEM SET port = ${String(fixture.main.port)}`);
  await fixture.main.stop();
  await fixture.main.start();

  const result = await fixture.run(await fixture.write({ kind: 'pg_ctl', dataDirectory: own.dataDirectory }));
  expect(result.output).toContain('[done]');
  const settings = await own.query<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_settings WHERE name IN ('max_connections', 'port', 'work_mem') ORDER BY name`,
  );
  expect(settings.map(({ setting }) => setting)).toEqual(['150', String(own.port), '7168']);
});

test('names full of shell do nothing', async ({ servers }) => {
  const { fixture, own, control } = servers;
  const bait = join(fixture.temporaryDirectory, 'ran');
  const hostile = `"'\n$(touch ${bait}) \`touch ${bait}\`; touch ${bait} #\\`;
  const script = await fixture.write(control, {
    mainDisplayName: hostile,
    ownDisplayName: hostile + 'x'.repeat(1_000_000),
  });
  const result = await fixture.run(script);
  expect(result.output).toContain('[done]');
  expect(existsSync(bait)).toBe(false);
  expect(await own.isInRecovery()).toBe(true);
});

test('SIGKILL in the middle of the clone: --rollback brings the old data back, and may be repeated', async ({
  servers,
}) => {
  const { fixture, control } = servers;
  const script = await fixture.write(control);
  const running = await fixture.startSlowClone(script);
  running.process.kill('SIGKILL');
  expect((await running.ended).signal).toBe('SIGKILL');

  const rollback = await fixture.run(script, { args: ['--rollback'] });
  expect(rollback.output).toContain('The old database is back');
  expect(rollback.exitCode).toBe(0);
  expect(fixture.panel.said.at(-1)).toBe('rolled_back:completed');
  await fixture.waitUntilMainIsAlone();
  expect(await subscribersOf(servers.own)).toEqual(['before the join']);

  const again = await fixture.run(script, { args: ['--rollback'] });
  expect(again.output).toContain('nothing to roll back');
  expect(again.exitCode).toBe(0);
  expect(await asideDirectories(servers.own)).toEqual([]);
});

test('SIGKILL in the middle of the clone: the next run puts the old data back before it joins', async ({ servers }) => {
  const { fixture, own, control } = servers;
  const script = await fixture.write(control);
  const running = await fixture.startSlowClone(script);
  running.process.kill('SIGKILL');
  await running.ended;

  const spent = await fixture.run(script);
  expect(spent.output).toContain('An earlier run was interrupted.');
  expect(spent.exitCode).toBe(3);
  expect(await subscribersOf(own)).toEqual(['before the join']);

  fixture.panel.token = 'good';
  const joined = await fixture.run(script);
  expect(joined.output).toContain('[done]');
  expect(await subscribersOf(own)).toEqual(['on main']);
});

test('main dying in the middle of the clone: the old data come back by themselves', async ({ servers }) => {
  const { fixture, control } = servers;
  const running = await fixture.startSlowClone(await fixture.write(control));
  await fixture.main.kill();
  const result = await running.ended;
  expect(result.exitCode).toBe(1);
  expect(fixture.panel.said.slice(-2)).toEqual(['base_backup:failed', 'rolled_back:completed']);
  await expectOldDataBack(servers);
});

test('the slot vanishing after the check: the old data come back', async ({ servers }) => {
  const { fixture, control } = servers;
  const psql = `${join(fixture.main.binDirectory, 'psql')} -h ${fixture.main.socketDirectory} -p ${String(fixture.main.port)} -U postgres`;
  const body = `if [[ $* == *--version* ]]; then exec "$real" "$@"; fi\n${psql} -qc "SELECT pg_drop_replication_slot('${slotName}')" postgres >&2\nexec "$real" "$@"\n`;
  const programs = await programsWith(fixture, 'pg_basebackup', body);
  const result = await fixture.run(await fixture.write(control), { environment: { PROXPANEL_PG_BINDIR: programs } });
  expect(result.output).toContain('replica_2');
  expect(result.exitCode).toBe(1);
  expect(fixture.panel.said.slice(-2)).toEqual(['base_backup:failed', 'rolled_back:completed']);
  await expectOldDataBack(servers);
});

test('a clone that does not stream in time: the old data come back', async ({ servers }) => {
  const { fixture, control } = servers;
  // A complete clone of which main then knows no slot: the receiver cannot start.
  const psql = `${join(fixture.main.binDirectory, 'psql')} -h ${fixture.main.socketDirectory} -p ${String(fixture.main.port)} -U postgres`;
  const body = `"$real" "$@" || exit\nif [[ $* == *--version* ]]; then exit; fi\n${psql} -qc "SELECT pg_drop_replication_slot('${slotName}')" postgres >&2\n`;
  const programs = await programsWith(fixture, 'pg_basebackup', body);
  const environment = { PROXPANEL_PG_BINDIR: programs, PROXPANEL_STREAM_TIMEOUT: '2' };
  const result = await fixture.run(await fixture.write(control), { environment });
  expect(result.output).toContain('Nothing was streamed from main within 2 s');
  expect(result.exitCode).toBe(1);
  expect(fixture.panel.said.slice(-2)).toEqual(['streaming:failed', 'rolled_back:completed']);
  await expectOldDataBack(servers);
});

test('after a join --rollback asks for --force, which keeps the clone beside the old data', async ({ servers }) => {
  const { fixture, own, control } = servers;
  const script = await fixture.write(control);
  expect((await fixture.run(script)).exitCode).toBe(0);

  const asked = await fixture.run(script, { args: ['--rollback'] });
  expect(asked.output).toContain('--rollback --force');
  expect(asked.exitCode).toBe(2);
  expect(await own.isInRecovery()).toBe(true);

  const forced = await fixture.run(script, { args: ['--rollback', '--force'] });
  expect(forced.output).toContain('The clone is kept in');
  expect(forced.exitCode).toBe(0);
  expect(await subscribersOf(own)).toEqual(['before the join']);
  const [kept] = await asideDirectories(own);
  expect(kept).toContain('.replica-');
  expect(await readFile(join(dirname(own.dataDirectory), kept ?? 'none', 'standby.signal'), 'utf8')).toBe('');
});

test('--rollback --force does not replace a database that was promoted since', async ({ servers }) => {
  const { fixture, own, control } = servers;
  const script = await fixture.write(control);
  expect((await fixture.run(script)).exitCode).toBe(0);
  await own.query('SELECT pg_promote()');
  await own.query('CHECKPOINT');
  await own.query(`INSERT INTO subscribers VALUES ('only here')`);

  const forced = await fixture.run(script, { args: ['--rollback', '--force'] });
  expect(forced.output).toContain('was promoted since');
  expect(forced.exitCode).toBe(2);
  expect(await subscribersOf(own)).toEqual(['on main', 'only here']);
});
