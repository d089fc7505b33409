import { randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { plainEnvironment, run, runChecked } from '@proxpanel/testbed/command';
import { reservePort } from '@proxpanel/testbed/free-port';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { mountOver } from './testing/mount-over.ts';
import { containerName, installStandInDocker } from './testing/stand-in-docker.ts';
import { openJoinFixture, startOwnServer, subscribersOf } from './testing/join-fixture.ts';
import type { JoinFixture } from './testing/join-fixture.ts';

// pg_basebackup writes all it did through to a disk that others use too.
vi.setConfig({ testTimeout: 300_000 });

// The kinds of POSTGRES_CONTROL that need root (DESIGN §6.5): Debian's clusters, a data directory that is a mount
// point, and being the wrong user.

async function joinedWithin(fixture: JoinFixture, own: Pick<PostgresServer, 'query'>): Promise<void> {
  await fixture.main.query(`INSERT INTO subscribers VALUES ('written later on main')`);
  await waitFor(async () => (await subscribersOf(own)).length === 2, { describe: 'the row to arrive' });
}

/** The entries of a data directory that the script put there. */
async function leftovers(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => /^\.(join|before-join|replica)-/.test(name));
}

test('docker, data on a mount point: joins by moving the contents, and --rollback --force brings them back', async () => {
  await using fixture = await openJoinFixture();
  const own = await startOwnServer(fixture.workspace);
  await own.stop();
  await using _mount = await mountOver(own.dataDirectory);
  await own.start();
  const docker = await installStandInDocker(fixture.workspace.directory, own);
  const environment = { PATH: `${docker.directory}:${plainEnvironment['PATH'] ?? ''}` };
  const script = await fixture.write(
    { kind: 'docker', container: containerName },
    { dataDirectory: own.dataDirectory },
  );

  const joined = await fixture.run(script, { environment });
  expect(joined.output).toContain('[done]');
  expect(joined.output).toContain(`docker exec --user 0 ${containerName} rm -rf ${own.dataDirectory}/.before-join-`);
  expect(joined.exitCode).toBe(0);
  await joinedWithin(fixture, own);
  const inside = await leftovers(own.dataDirectory);
  expect(inside).toEqual([expect.stringMatching(/^\.before-join-/), '.join-state']);
  const calls = await docker.calls();
  const clone = calls.find((call) => call.includes('pg_basebackup'));
  expect(clone?.slice(0, 7)).toEqual(['run', '--rm', '-i', '--name', 'proxpanel-clone-node_2', '--network', 'bridge']);
  expect(JSON.stringify(calls)).not.toContain('p:w');
  const stopped = calls.findIndex(([command]) => command === 'stop');
  expect(calls.findIndex((call) => call.includes('move_aside'))).toBeGreaterThan(stopped);

  expect((await fixture.run(script, { environment })).output).toContain('nothing to do');
  const back = await fixture.run(script, { environment, args: ['--rollback', '--force'] });
  expect(back.output).toContain('The clone is kept in');
  expect(back.exitCode).toBe(0);
  expect(await subscribersOf(own)).toEqual(['before the join']);
  expect(await leftovers(own.dataDirectory)).toEqual([expect.stringMatching(/^\.replica-/)]);
  await own.stop();
});

test.for(['SIGTERM', 'SIGKILL'] as const)(
  'docker, %s in the middle of the clone: the old data come back',
  async (signal) => {
    await using fixture = await openJoinFixture();
    const own = await startOwnServer(fixture.workspace);
    await own.stop();
    await using _mount = await mountOver(own.dataDirectory);
    await own.start();
    const docker = await installStandInDocker(fixture.workspace.directory, own);
    const environment = { PATH: `${docker.directory}:${plainEnvironment['PATH'] ?? ''}` };
    const script = await fixture.write({ kind: 'docker', container: containerName });

    const running = await fixture.startSlowClone(script, { environment });
    running.process.kill(signal);
    if (signal === 'SIGKILL') {
      const rollback = await fixture.run(script, { environment, args: ['--rollback'] });
      expect(rollback.output).toContain('The old database is back');
      expect(rollback.exitCode).toBe(0);
    } else {
      expect((await running.ended).exitCode).toBe(143);
    }
    expect(fixture.panel.said.at(-1)).toBe('rolled_back:completed');
    await fixture.waitUntilMainIsAlone();
    expect(await subscribersOf(own)).toEqual(['before the join']);
    expect(await leftovers(own.dataDirectory)).toEqual([]);
    await own.stop();
  },
);

test('docker: a container that is not there is refused', async () => {
  await using fixture = await openJoinFixture();
  const docker = await installStandInDocker(fixture.workspace.directory, fixture.main);
  const environment = { PATH: `${docker.directory}:${plainEnvironment['PATH'] ?? ''}` };
  const result = await fixture.run(await fixture.write({ kind: 'docker', container: 'elsewhere' }), { environment });
  expect(result.output).toContain('There is no container "elsewhere" on this server');
  expect(result.exitCode).toBe(2);
});

/** One of Debian's clusters with its configuration in /etc, data and log in the workspace. */
async function createDebianCluster(fixture: JoinFixture) {
  const name = `proxpanel_${randomBytes(4).toString('hex')}`;
  const port = await reservePort();
  fixture.workspace.recordReservation(port);
  const directory = join(fixture.workspace.directory, 'debian');
  await mkdir(directory);
  const { uid, gid } = await stat(fixture.main.dataDirectory);
  await chown(directory, uid, gid);
  const data = join(directory, 'data');
  const drop = () => run(['pg_dropcluster', '--stop', '15', name]);
  try {
    await runChecked([
      ...['pg_createcluster', '15', name, '--port', String(port.value), '--datadir', data],
      ...['--logfile', join(directory, 'postgres.log'), '--socketdir', directory, '--locale', 'C.UTF-8'],
    ]);
    await runChecked(['pg_ctlcluster', '15', name, 'start']);
  } catch (error) {
    await drop();
    throw error;
  }
  const psql = ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', 'psql', '-XAtq'];
  return {
    name,
    directory,
    /** By peer authentication as Debian has it; one column. */
    async rows(sql: string, database = 'proxpanel'): Promise<string[]> {
      const address = ['-h', directory, '-p', String(port.value), '-d', database];
      const { stdout } = await runChecked([...psql, ...address, '-c', sql], { cwd: '/' });
      return stdout.split('\n').filter((line) => line !== '');
    },
    [Symbol.asyncDispose]: async () => void (await drop()),
  };
}

test("pg_ctlcluster: Debian's cluster joins, keeps its configuration in /etc, and has nothing to do the second time", async () => {
  await using fixture = await openJoinFixture();
  await using cluster = await createDebianCluster(fixture);
  // Main's postgresql.auto.conf arrives with the clone; a Debian server's own port must win over it.
  await fixture.main.query(`ALTER SYSTEM SET port = ${String(fixture.main.port)}`);
  const script = await fixture.write({ kind: 'pg_ctlcluster', version: '15', name: cluster.name });

  const joined = await fixture.run(script);
  expect(joined.output).toContain('[done]');
  expect(joined.exitCode).toBe(0);
  await fixture.main.query(`INSERT INTO subscribers VALUES ('written later on main')`);
  const seen = () => cluster.rows('SELECT name FROM subscribers');
  await waitFor(async () => (await seen()).length === 2, { describe: 'the row to arrive' });
  expect(await cluster.rows('SHOW config_file')).toEqual([`/etc/postgresql/15/${cluster.name}/postgresql.conf`]);
  expect((await fixture.run(script)).output).toContain('nothing to do');
});

test('pg_ctlcluster, SIGKILL in the middle of the clone: --rollback brings the old data back', async () => {
  await using fixture = await openJoinFixture();
  await using cluster = await createDebianCluster(fixture);
  await cluster.rows('CREATE TABLE old (name text)', 'postgres');
  const script = await fixture.write({ kind: 'pg_ctlcluster', version: '15', name: cluster.name });
  const running = await fixture.startSlowClone(script);
  running.process.kill('SIGKILL');
  await running.ended;

  const rollback = await fixture.run(script, { args: ['--rollback'] });
  expect(rollback.output).toContain('The old database is back');
  expect(rollback.exitCode).toBe(0);
  expect(await cluster.rows(`SELECT to_regclass('old')`, 'postgres')).toEqual(['old']);
  expect((await readdir(cluster.directory)).filter((name) => name.startsWith('data'))).toEqual(['data']);
});

test('pg_ctlcluster: a cluster that is not there is refused', async () => {
  await using fixture = await openJoinFixture();
  const result = await fixture.run(await fixture.write({ kind: 'pg_ctlcluster', version: '15', name: 'elsewhere' }));
  expect(result.output).toContain('There is no PostgreSQL cluster 15/elsewhere on this server');
  expect(result.exitCode).toBe(2);
});

test('the wrong user is told who may run it, and nothing is changed; the owner may', async () => {
  await using fixture = await openJoinFixture();
  const own = await startOwnServer(fixture.workspace);
  const script = await fixture.write({ kind: 'pg_ctl', dataDirectory: own.dataDirectory });
  const nobody = ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups'];

  const refused = await fixture.run(script, { as: nobody });
  expect(refused.output).toContain('must be run as root or as "postgres"');
  expect(refused.output).toContain('you are "nobody"');
  expect(refused.exitCode).toBe(2);
  expect(await subscribersOf(own)).toEqual(['before the join']);

  const owner = ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'];
  const joined = await fixture.run(script, { as: owner });
  expect(joined.output).toContain('[done]');
  await joinedWithin(fixture, own);
});
