import { expect, vi } from 'vitest';
import { subscribersOf } from './testing/join-fixture.ts';
import { expectOldDataBack, test } from './testing/two-servers.ts';

// pg_basebackup writes all it did through to a disk that others use too.
vi.setConfig({ testTimeout: 300_000 });

// Runs of setup_replica.sh that end with this server as it was (issue 2, "Bad input and bad days").

test('a dry run checks, says what it would do, and changes nothing', async ({ standing }) => {
  const { fixture, control } = standing;
  fixture.panel.forget();
  const result = await fixture.run(await fixture.write(control), { args: ['--dry-run'] });
  expect(result.output).toContain('Nothing was changed. A real run would now');
  expect(result.exitCode).toBe(0);
  expect(fixture.panel.token).toBe('good');
  expect(fixture.panel.said).toEqual([]);
  await expectOldDataBack(standing);
});

test.for([
  ['TOKEN_SPENT', 'token is spent'],
  ['TOKEN_EXPIRED', 'token has expired'],
] as const)(
  '%s: says where to get a new script and exits 3 before anything is changed',
  async ([code, words], { standing }) => {
    const { fixture, control } = standing;
    fixture.panel.forget();
    fixture.panel.token = code;
    const result = await fixture.run(await fixture.write(control, { panelUrl: 'http://spare.example' }));
    expect(result.exitCode).toBe(3);
    expect(result.output).toContain(words);
    expect(result.output).toContain('sign in at http://spare.example, open Settings -> Cluster');
    expect(fixture.panel.said.at(-1)).toBe('failed:failed');
    await expectOldDataBack(standing);
  },
);

test.for([
  ['SIGTERM', 143],
  ['SIGINT', 130],
  ['SIGHUP', 129],
] as const)(
  '%s in the middle of the clone: the old data come back by themselves',
  async ([signal, exitCode], { standing }) => {
    const { fixture, control } = standing;
    fixture.panel.forget();
    const running = await fixture.startSlowClone(await fixture.write(control));
    running.process.kill(signal);
    const result = await running.ended;
    expect(result.exitCode).toBe(exitCode);
    expect(result.output).toContain('The old database is back');
    expect(fixture.panel.said.slice(-2)).toEqual(['base_backup:failed', 'rolled_back:completed']);
    await fixture.waitUntilMainIsAlone();
    await expectOldDataBack(standing);
  },
);

test.for([
  ['a disk too small', { requiredBytes: 1e15 }, 'make room'],
  ['another major version', { postgresMajor: 16 }, 'both must have the same major version'],
  ['a slot that main does not have', { slotName: 'replica_77' }, 'Main has no replication slot replica_77'],
  ['a main that is not there', { mainPort: 1 }, 'cannot be reached from here'],
  ['a panel that does not answer', { localApiUrl: 'http://127.0.0.1:1' }, 'did not answer at http://127.0.0.1:1'],
  ["a database that is not the panel's", { dataDirectory: '/var/lib/other' }, 'correct POSTGRES_CONTROL'],
] as const)('%s is refused before anything is changed', async ([, changes, words], { standing }) => {
  const { fixture, control } = standing;
  fixture.panel.forget();
  const result = await fixture.run(await fixture.write(control, changes));
  expect(result.output).toContain(words);
  expect(result.exitCode).toBe(2);
  await expectOldDataBack(standing);
});

test('main itself is refused as the server to replace', async ({ standing }) => {
  const { fixture } = standing;
  fixture.panel.forget();
  const result = await fixture.run(await fixture.write({ kind: 'pg_ctl', dataDirectory: fixture.main.dataDirectory }));
  expect(result.output).toContain("is main's own");
  expect(result.exitCode).toBe(2);
  expect(await subscribersOf(fixture.main)).toEqual(['on main']);
});

test('a second run at the same time is turned away and does not disturb the first', async ({ standing }) => {
  const { fixture, control } = standing;
  fixture.panel.forget();
  const script = await fixture.write(control);
  const running = await fixture.startSlowClone(script);
  const reports = fixture.panel.said.length;
  const second = await fixture.run(script);
  expect(second.output).toContain('Another run of this script is working on this database');
  expect(second.exitCode).toBe(5);
  expect(fixture.panel.said.length).toBe(reports);
  running.process.kill('SIGTERM');
  expect((await running.ended).exitCode).toBe(143);
  await expectOldDataBack(standing);
});
