/**
 * Joining a 1 GB database: `setup_replica.sh` as the panel made it, from its start to `streaming`, against a bare
 * `pg_basebackup -X stream -c fast` by hand with a start of the standby and the wait for streaming. Same main, same
 * machine, same disk, in turn; pg_basebackup writes its copy through to the disk on both sides.
 *
 *   npm run bench -- join
 */
import { appendFile, chown, mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { plainEnvironment } from '@proxpanel/testbed/command';
import { configureMain } from '@proxpanel/testbed/join-servers';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import { readPostmasterFile } from '@proxpanel/testbed/postmaster';
import type { TestServer } from '@proxpanel/testbed/server';
import { withTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { medianOf, report, say } from '@proxpanel/testbed/bench-report';

const rounds = 3;
const databaseBytes = 2 ** 30;
const limitMs = 300_000;
const bareRole = 'bare_clone';

await withTestbed({}, async (testbed) => {
  const main = await testbed.addServer('main');
  const { clusterSecret } = await configureMain(main, 'Main');
  await fillDatabase(main.postgres);
  await letBareClonesIn(main.postgres);
  const productSeconds: number[] = [];
  const bareSeconds: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    // A fresh server each time, so that each script finds what an installer's does.
    const secondary = await testbed.addServer(`secondary-${String(round)}`);
    const product = async () => productSeconds.push(await joinByScript(main, secondary, clusterSecret));
    const bare = async () => bareSeconds.push(await cloneByHand(testbed, main, secondary));
    for (const measure of round % 2 === 1 ? [product, bare] : [bare, product]) {
      // What the one before left to be written must not be paid for by the next.
      await main.postgres.query('CHECKPOINT', [], { timeoutMs: limitMs });
      await execa('sync');
      await measure();
    }
    await secondary.bff.stop();
    await secondary.postgres.stop('immediate');
    await rm(join(secondary.directory, 'postgres'), { recursive: true });
  }
  say(`script ${seconds(productSeconds)}   by hand ${seconds(bareSeconds)}`);
  report({
    what: 'join of 1 GB until streaming',
    unit: 's',
    samples: productSeconds,
    floor: { what: 'bare pg_basebackup', samples: bareSeconds },
    goal: 'at most 1.15 × bare',
    isMet: ({ ratio }) => ratio <= 1.15,
  });
});

async function fillDatabase(postgres: PostgresServer): Promise<void> {
  const options = { timeoutMs: limitMs };
  await postgres.query('CREATE TABLE ballast (id bigint PRIMARY KEY, filler text NOT NULL)');
  for (let rows = 0; (await databaseSize(postgres)) < databaseBytes;) {
    await postgres.query(
      `INSERT INTO ballast SELECT id, repeat(md5(id::text), 30) FROM generate_series($1::bigint, $2::bigint) AS id`,
      [rows + 1, (rows += 100_000)],
      options,
    );
  }
  say(`main's database has ${((await databaseSize(postgres)) / 2 ** 20).toFixed(0)} MiB`);
}

async function databaseSize(postgres: PostgresServer): Promise<number> {
  const [row] = await postgres.query<{ bytes: string }>('SELECT pg_database_size(current_database()) AS bytes');
  return Number(row?.bytes);
}

/** Without a password: what signing in costs is left to the script alone. */
async function letBareClonesIn(postgres: PostgresServer): Promise<void> {
  await postgres.query(`CREATE ROLE ${bareRole} REPLICATION LOGIN`);
  await appendFile(join(postgres.dataDirectory, 'pg_hba.conf'), `host replication ${bareRole} 127.0.0.1/32 trust\n`);
  await postgres.query('SELECT pg_reload_conf()');
}

/** Seconds from the script's start to the line that says that it streams. */
async function joinByScript(main: TestServer, secondary: TestServer, clusterSecret: string): Promise<number> {
  const panel = await secondary.panel().signIn();
  const { script_path: script } = await panel.expectOk(
    panel.post<{ script_path: string }>('/api/cluster/setup-secondary', {
      main_address: main.url,
      cluster_secret: clusterSecret,
      display_name: secondary.name,
    }),
  );
  const started = performance.now();
  const phases: string[] = [];
  let streamingAfter = NaN;
  const child = execa('bash', [script], {
    ...{ cwd: secondary.directory, extendEnv: false, env: plainEnvironment, timeout: limitMs, stdin: 'ignore' },
  } as const);
  for await (const line of child) {
    const after = (performance.now() - started) / 1_000;
    const phase = /^\[(\w+)\]/.exec(line)?.[1];
    if (phase !== undefined) phases.push(`${phase} ${after.toFixed(2)}`);
    if (line.startsWith('[streaming] streaming from')) streamingAfter = after;
  }
  await child;
  if (Number.isNaN(streamingAfter)) throw new Error(`${script} never said that it streams`);
  say(`script  ${streamingAfter.toFixed(2)} s  (${phases.join(', ')})`);
  return streamingAfter;
}

/** Seconds of what an expert types, without anything that the script does beside: checks, stop, the old data aside. */
async function cloneByHand(testbed: Testbed, main: TestServer, secondary: TestServer): Promise<number> {
  const { postgres } = secondary;
  const directory = join(secondary.directory, 'by-hand');
  const data = join(directory, 'data');
  const { uid, gid } = await stat(postgres.socketDirectory);
  await mkdir(directory);
  await chown(directory, uid, gid);
  const source = `host=${main.postgres.host} port=${String(main.postgres.port)} user=${bareRole} application_name=by_hand`;
  const started = performance.now();
  const clone = [`--pgdata=${data}`, `--dbname=${source}`, '-X', 'stream', '-c', 'fast', '--write-recovery-conf'];
  await postgres.runProgram('pg_basebackup', clone, limitMs);
  const clonedAfter = (performance.now() - started) / 1_000;
  // Reached by its socket alone, since the other standby has the port.
  const settings = `listen_addresses = ''\nunix_socket_directories = '${directory}'\n`;
  await appendFile(join(data, 'postgresql.auto.conf'), settings);
  const control = (action: string[]) =>
    postgres.runProgram('pg_ctl', [...action, `--pgdata=${data}`, '--wait'], limitMs);
  await control(['start', `--log=${join(directory, 'log')}`]);
  testbed.workspace.recordProcess(readPostmasterFile(data)?.pid);
  const startedAfter = (performance.now() - started) / 1_000;
  await waitFor(() => main.postgres.query(`SELECT state FROM pg_stat_replication WHERE application_name = 'by_hand'`), {
    describe: 'the clone by hand to stream',
    until: ([row]) => row?.['state'] === 'streaming',
    intervalMs: 10,
  });
  const streamingAfter = (performance.now() - started) / 1_000;
  say(`by hand ${streamingAfter.toFixed(2)} s  (cloned ${clonedAfter.toFixed(2)}, started ${startedAfter.toFixed(2)})`);
  await control(['stop', '--mode=immediate']);
  await rm(directory, { recursive: true });
  return streamingAfter;
}

function seconds(samples: readonly number[]): string {
  return `${medianOf(samples).toFixed(2)} s (${samples.map((sample) => sample.toFixed(2)).join(', ')})`;
}
