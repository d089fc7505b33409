import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { rejoinPhases } from '@proxpanel/contracts/script';
import { plainEnvironment } from '@proxpanel/testbed/command';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { slotName, subscribersOf } from './testing/join-fixture.ts';
import { endless, programsWith, setprivAfterDeath } from './testing/stand-in-programs.ts';
import { keptBeside, putIntoRecovery, subscribersSavedIn, test } from './testing/rejoin-fixture.ts';
import type { Parted } from './testing/rejoin-fixture.ts';

// pg_rewind and pg_basebackup write all they did through to a disk that others use too.
vi.setConfig({ testTimeout: 300_000 });

// SAFETY §2 "rejoin.sh: save a copy of the data directory; CHECKPOINT the source; …", on two real servers.

const ownRows = ['before the fork', 'only on the old main'];

/** It holds main's rows and no others, follows main by its own slot and port, and the old data are whole beside it. */
async function expectRejoined({ fixture, own }: Parted): Promise<void> {
  await fixture.main.query(`INSERT INTO subscribers VALUES ('written later on main')`);
  await waitFor(async () => (await subscribersOf(own)).includes('written later on main'), { describe: 'the row' });
  expect(await subscribersOf(own)).toEqual(['before the fork', 'on main', 'written later on main']);
  expect(await own.isInRecovery()).toBe(true);
  const [sender] = await fixture.main.query(
    `SELECT application_name, state, slot_name FROM pg_stat_replication JOIN pg_replication_slots ON active_pid = pid`,
  );
  expect(sender).toEqual({ application_name: 'node_2', state: 'streaming', slot_name: slotName });
  const [port] = await own.query<{ port: string }>(`SELECT current_setting('port') AS port`);
  expect(port?.port).toBe(String(own.port));
  expect((await stat(join(own.dataDirectory, 'proxpanel.pgpass'))).mode & 0o777).toBe(0o600);
  const saved = (await keptBeside(own)).find((name) => name.includes('.before-rejoin-'));
  expect(await subscribersSavedIn(own, saved ?? 'none')).toEqual(ownRows);
}

test('a diverged main is rewound: it streams with rows of main only, and the saved data hold the lost ones', async ({
  parted,
}) => {
  const { fixture } = parted;
  const script = await parted.write({ dataDirectory: parted.own.dataDirectory });
  const first = await fixture.run(script);
  expect(first.output).toContain('rewinding from last common checkpoint');
  expect(first.output).toContain('[done]');
  expect(first.exitCode).toBe(0);
  const steps = rejoinPhases.filter((phase) => phase !== 'base_backup');
  expect(fixture.panel.said).toEqual(steps.flatMap((step) => [`${step}:running`, `${step}:completed`]));
  await expectRejoined(parted);

  const again = await fixture.run(script);
  expect(again.output).toContain('nothing to do');
  expect(again.exitCode).toBe(0);
  const back = await fixture.run(script, { args: ['--rollback'] });
  expect(back.output).toContain("they do not agree with main's");
  expect(back.exitCode).toBe(2);
  expect(await subscribersOf(parted.own)).not.toContain('only on the old main');
});

test('"pg_rewind fails on a crashed target": it is started read-only and stopped cleanly first', async ({ parted }) => {
  await parted.own.kill();
  const result = await parted.fixture.run(await parted.write());
  expect(result.output).toContain('starting it once, read-only, for a clean stop');
  expect(result.output).toContain('rewinding from last common checkpoint');
  expect(result.exitCode).toBe(0);
  await expectRejoined(parted);
});

test('"Same timeline number under another id": a base backup, never pg_rewind', async ({ parted }) => {
  const { fixture, own } = parted;
  await own.query('SELECT pg_promote()');
  await own.query('CHECKPOINT');
  await putIntoRecovery(own);
  const result = await fixture.run(await parted.write({ repair: 'base_backup' }));
  expect(result.output).toContain('[done]');
  expect(result.exitCode).toBe(0);
  const said = new Set(fixture.panel.phases.map(({ phase }) => phase));
  expect(said).toContain('base_backup');
  expect(said).not.toContain('rewind');
  await expectRejoined(parted);
});

test('the same timeline number is noticed by the script as well, before anything is copied', async ({ parted }) => {
  const { fixture, own } = parted;
  await own.query('SELECT pg_promote()');
  await own.query('CHECKPOINT');
  await putIntoRecovery(own);
  const only = await fixture.run(await parted.write(), { args: ['--no-base-backup'] });
  expect(only.output).toContain('both on timeline 2');
  expect(only.exitCode).toBe(1);
  expect(fixture.panel.said.at(-1)).toBe('rolled_back:completed');
  expect(await subscribersOf(own)).toEqual(ownRows);

  fixture.panel.forget();
  const result = await fixture.run(await parted.write());
  expect(result.output).toContain("Cloning main's whole database instead");
  expect(result.exitCode).toBe(0);
  expect(fixture.panel.said).not.toContain('copy:running');
  await expectRejoined(parted);
});

test('a rewind that fails gives way to a base backup by itself, and not with --no-base-backup', async ({ parted }) => {
  const { fixture, own } = parted;
  // What pg_rewind reads main's files with.
  await fixture.main.query(
    'REVOKE EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint, boolean) FROM replicator',
    [],
    { database: 'postgres' },
  );
  const only = await fixture.run(await parted.write(), { args: ['--no-base-backup'] });
  expect(only.output).toContain('pg_rewind failed');
  expect(only.exitCode).toBe(1);
  expect(await subscribersOf(own)).toEqual(ownRows);
  expect(await own.isInRecovery()).toBe(true);

  fixture.panel.forget();
  const result = await fixture.run(await parted.write());
  expect(result.output).toContain("Cloning main's whole database instead");
  expect(result.exitCode).toBe(0);
  expect(fixture.panel.said).toContain('rewind:failed');
  expect(fixture.panel.said).toContain('base_backup:completed');
  await expectRejoined(parted);
});

test('SIGKILL in the middle of the rewind: --rollback brings the old data back, read-only, and may be repeated', async ({
  parted,
}) => {
  const { fixture, own } = parted;
  const programs = await programsWith(fixture, 'pg_rewind', endless);
  const script = await parted.write();
  const running = fixture.start(script, { environment: { PROXPANEL_PG_BINDIR: programs } });
  await waitFor(() => fixture.panel.said.includes('rewind:running'), { describe: 'the rewind to begin' });
  running.process.kill('SIGKILL');
  await running.ended;
  expect(own.isRunning()).toBe(false);

  const rollback = await fixture.run(script, { args: ['--rollback'] });
  expect(rollback.output).toContain('The old database is back');
  expect(rollback.exitCode).toBe(0);
  expect(fixture.panel.said.at(-1)).toBe('rolled_back:completed');
  expect(await own.isInRecovery()).toBe(true);
  expect(await subscribersOf(own)).toEqual(ownRows);
  expect(await keptBeside(own)).toEqual([]);
  const again = await fixture.run(script, { args: ['--rollback'] });
  expect(again.output).toContain('nothing to roll back');

  fixture.panel.forget();
  const result = await fixture.run(await parted.write());
  expect(result.exitCode).toBe(0);
  await expectRejoined(parted);
});

test('SIGKILL before the rewind could ask the kernel to end with the script: it never begins', async ({ parted }) => {
  const { fixture } = parted;
  const programs = await programsWith(fixture, 'pg_rewind', `: >"$(dirname "$0")/begun"\n${endless}`);
  const path = `${await setprivAfterDeath(fixture, 'pg_rewind')}:${plainEnvironment['PATH'] ?? ''}`;
  const environment = { PROXPANEL_PG_BINDIR: programs, PATH: path };
  const running = fixture.start(await parted.write(), { environment });
  await waitFor(() => fixture.panel.said.includes('rewind:running'), { describe: 'the rewind to begin' });
  running.process.kill('SIGKILL');
  // Ends when nobody holds the output any more, the rewind among them.
  await running.ended;
  await expect(stat(join(programs, 'begun'))).rejects.toThrow('ENOENT');
});
