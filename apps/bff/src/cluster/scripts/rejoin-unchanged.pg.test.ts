import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { plainEnvironment } from '@proxpanel/testbed/command';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { slotName, subscribersOf } from './testing/join-fixture.ts';
import { endless, failsOnce, programsWith } from './testing/stand-in-programs.ts';
import type { JoinFixture } from './testing/join-fixture.ts';
import { expectPartedAgain, test } from './testing/rejoin-fixture.ts';

// pg_rewind and pg_basebackup write all they did through to a disk that others use too.
vi.setConfig({ testTimeout: 300_000 });

// Runs of rejoin.sh that end with this server as it was: read-only, with its own rows (SAFETY §2, DESIGN §8).

test('a dry run checks, says what it would do, and changes nothing', async ({ standing }) => {
  const { fixture } = standing;
  fixture.panel.forget();
  const result = await fixture.run(await standing.write(), { args: ['--dry-run'] });
  expect(result.output).toContain('Nothing was changed. A real run would now');
  expect(result.output).toContain('rewind a copy of it to the history of "DC1 Primary"');
  expect(result.exitCode).toBe(0);
  expect(fixture.panel.token).toBe('good');
  expect(fixture.panel.said).toEqual([]);
  await expectPartedAgain(standing);
});

test('a spent token: exit 3 before anything is changed', async ({ standing }) => {
  const { fixture } = standing;
  fixture.panel.forget();
  fixture.panel.token = 'TOKEN_SPENT';
  const result = await fixture.run(await standing.write());
  expect(result.output).toContain('token is spent');
  expect(result.exitCode).toBe(3);
  await expectPartedAgain(standing);
});

test.for([
  ['a slot that main does not have', { slotName: 'replica_77' }, 'no replication slot replica_77: main'],
  ['a disk too small', { requiredBytes: 1e15 }, 'make room'],
  ['a main that is not there', { mainPort: 1 }, 'cannot be reached from here'],
] as const)('%s is refused before anything is changed', async ([, changes, words], { standing }) => {
  const { fixture } = standing;
  fixture.panel.forget();
  const result = await fixture.run(await standing.write(changes));
  expect(result.output).toContain(words);
  expect(result.exitCode).toBe(2);
  await expectPartedAgain(standing);
});

test('options of the other script are unknown, and a whole clone is refused where only that would repair', async ({
  standing,
}) => {
  const { fixture } = standing;
  fixture.panel.forget();
  const force = await fixture.run(await standing.write(), { args: ['--rollback', '--force'] });
  expect(force.output).toContain('unknown option: --force');
  expect(force.exitCode).toBe(2);
  const script = await standing.write({ repair: 'base_backup' });
  const refused = await fixture.run(script, { args: ['--no-base-backup'] });
  expect(refused.output).toContain('only a whole clone repairs it');
  expect(refused.exitCode).toBe(2);
  await expectPartedAgain(standing);
});

/** `cp` in front of the machine's own. */
async function failingCopy(fixture: JoinFixture): Promise<string> {
  const directory = join(fixture.workspace.directory, 'programs-cp');
  await mkdir(directory);
  await writeFile(
    join(directory, 'cp'),
    '#!/bin/sh\n[ "$1" = --help ] && exec /bin/cp --help\necho "cp: No space left" >&2\nexit 1\n',
    {
      mode: 0o755,
    },
  );
  return directory;
}

test('copy fails: the old data come back, read-only', async ({ standing }) => {
  const { fixture } = standing;
  fixture.panel.forget();
  const directory = await failingCopy(fixture);
  const environment = { PATH: `${directory}:${plainEnvironment['PATH'] ?? ''}` };
  const result = await fixture.run(await standing.write(), { environment });
  expect(result.output).toContain('No space left');
  expect(result.exitCode).toBe(1);
  expect(fixture.panel.said.slice(-2)).toEqual(['copy:failed', 'rolled_back:completed']);
  await expectPartedAgain(standing);
});

const notVersion = 'case $* in *--version*) exec "$real" "$@" ;; esac\n';

test.for([
  ['rewind', 'pg_rewind', 'echo "no luck" >&2\nexit 1\n', ['--no-base-backup'], 'rewind'],
  ['base_backup', 'pg_basebackup', `${notVersion}echo "no luck" >&2\nexit 1\n`, [], 'base_backup'],
  ['configure', 'postgres', 'echo "no luck" >&2\nexit 1\n', [], 'rewind'],
] as const)(
  '%s fails: the old data come back, read-only',
  async ([phase, program, body, args, repair], { standing }) => {
    const { fixture } = standing;
    fixture.panel.forget();
    const programs = await programsWith(fixture, program, body);
    const environment = { PROXPANEL_PG_BINDIR: programs };
    const result = await fixture.run(await standing.write({ repair }), { environment, args: [...args] });
    expect(result.output).toContain('no luck');
    expect(result.exitCode).toBe(1);
    expect(fixture.panel.said.slice(-2)).toEqual([`${phase}:failed`, 'rolled_back:completed']);
    await expectPartedAgain(standing);
  },
);

test('stop fails: nothing was moved, and the server runs on, read-only', async ({ standing }) => {
  const { fixture } = standing;
  fixture.panel.forget();
  // Once: putting back stops what runs by the same program.
  const programs = await programsWith(fixture, 'pg_ctl', failsOnce('stop'));
  const result = await fixture.run(await standing.write(), { environment: { PROXPANEL_PG_BINDIR: programs } });
  expect(result.output).toContain('did not stop');
  expect(result.exitCode).toBe(1);
  expect(fixture.panel.said.slice(-2)).toEqual(['stop:failed', 'rolled_back:completed']);
  await expectPartedAgain(standing);
});

test('start fails: the old data come back, read-only', async ({ standing }) => {
  const { fixture } = standing;
  fixture.panel.forget();
  const programs = await programsWith(fixture, 'pg_ctl', failsOnce('start'));
  const result = await fixture.run(await standing.write(), { environment: { PROXPANEL_PG_BINDIR: programs } });
  expect(result.output).toContain('PostgreSQL did not start on the clone');
  expect(fixture.panel.said.slice(-2)).toEqual(['start:failed', 'rolled_back:completed']);
  await expectPartedAgain(standing);
});

test('nothing streams in time: the old data come back, read-only', async ({ standing }) => {
  const { fixture, own } = standing;
  fixture.panel.forget();
  const psql = `${join(own.binDirectory, 'psql')} -h ${fixture.main.socketDirectory} -p ${String(fixture.main.port)} -U postgres`;
  const drop = `${psql} -qc "SELECT pg_drop_replication_slot('${slotName}')" postgres >&2\n`;
  const programs = await programsWith(fixture, 'pg_rewind', `"$real" "$@" || exit\n${drop}`);
  const environment = { PROXPANEL_PG_BINDIR: programs, PROXPANEL_STREAM_TIMEOUT: '2' };
  const result = await fixture.run(await standing.write(), { environment });
  expect(result.output).toContain('Nothing was streamed from main within 2 s');
  expect(fixture.panel.said.slice(-2)).toEqual(['streaming:failed', 'rolled_back:completed']);
  await fixture.main.query(`SELECT pg_create_physical_replication_slot('${slotName}', true)`);
  await expectPartedAgain(standing);
});

test('SIGTERM in the middle of the rewind: the old data come back by themselves, read-only', async ({ standing }) => {
  const { fixture } = standing;
  fixture.panel.forget();
  const programs = await programsWith(fixture, 'pg_rewind', endless);
  const running = fixture.start(await standing.write(), { environment: { PROXPANEL_PG_BINDIR: programs } });
  await waitFor(() => fixture.panel.said.includes('rewind:running'), { describe: 'the rewind to begin' });
  running.process.kill('SIGTERM');
  expect((await running.ended).exitCode).toBe(143);
  expect(fixture.panel.said.slice(-2)).toEqual(['rewind:failed', 'rolled_back:completed']);
  await expectPartedAgain(standing);
});

test('a server that accepts writes is refused', async ({ parted }) => {
  const { fixture, own } = parted;
  await own.query('SELECT pg_promote()');
  const result = await fixture.run(await parted.write());
  expect(result.output).toContain('accepts writes');
  expect(result.exitCode).toBe(2);
  expect(await own.isInRecovery()).toBe(false);
  expect(await subscribersOf(own)).toEqual(['before the fork', 'only on the old main']);
});

test('a main that is in recovery itself is refused', async ({ parted }) => {
  const { fixture } = parted;
  await fixture.main.stop();
  await writeFile(join(fixture.main.dataDirectory, 'standby.signal'), '');
  await fixture.main.start();
  const result = await fixture.run(await parted.write());
  expect(result.output).toContain('so it is not main now');
  expect(result.exitCode).toBe(2);
  await expectPartedAgain(parted);
});
