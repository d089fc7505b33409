/** A main, the loopback routes of a panel, and runs of the generated script, for its tests on real servers. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { plainEnvironment } from '@proxpanel/testbed/command';
import { startPostgres } from '@proxpanel/testbed/postgres-server';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { openWorkspace } from '@proxpanel/testbed/workspace';
import type { Workspace } from '@proxpanel/testbed/workspace';
import type { PostgresControl } from '../postgres-control.ts';
import { renderSetupReplicaScript } from '../render-setup-replica-script.ts';
import type { ScriptInput } from '../render-script.ts';

/** With every character that a passfile or a connection string treats specially. */
export const replicationPassword = String.raw`p:w\ 'x"$(id)`;
export const slotName = 'replica_2';

export interface SaidPhase {
  phase: string;
  state: string;
  detail: string;
}

/** What the local BFF answers the script: the password once, and a yes to each phase. */
export class PanelRoutes {
  readonly phases: SaidPhase[] = [];
  /** `good` becomes `TOKEN_SPENT` at the first use. */
  token: 'good' | 'TOKEN_SPENT' | 'TOKEN_EXPIRED' = 'good';
  readonly #main: PostgresServer;
  readonly #server = createServer((request, reply) => void this.#answer(request, reply));

  constructor(main: PostgresServer) {
    this.#main = main;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  /** `phase:state` of each report, in its order. */
  get said(): string[] {
    return this.phases.map(({ phase, state }) => `${phase}:${state}`);
  }

  /** As if a new script had been made: a good token, nothing said yet. */
  forget(): void {
    this.token = 'good';
    this.phases.length = 0;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const body = new URLSearchParams(await text(request));
    const token = request.headers.authorization;
    if (request.method === 'POST' && request.url === '/api/cluster/script/phase' && token === `Bearer ${phaseToken}`) {
      const [phase, state, detail] = ['phase', 'state', 'detail'].map((name) => body.get(name) ?? '');
      this.phases.push({ phase: phase ?? '', state: state ?? '', detail: detail ?? '' });
      reply.writeHead(204).end();
      return;
    }
    if (request.url !== '/api/cluster/script/credential' || token !== `Bearer ${credentialToken}`) {
      reply.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"Wrong token.","code":"BAD_TOKEN"}');
      return;
    }
    if (this.token !== 'good') {
      const sentence = { error: 'Make a new script in Settings → Cluster.', code: this.token };
      reply.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify(sentence));
      return;
    }
    this.token = 'TOKEN_SPENT';
    const password = replicationPassword.replace(/[\\:]/g, (character) => `\\${character}`);
    const line = `127.0.0.1:${String(this.#main.port)}:*:replicator:${password}\n`;
    reply.writeHead(200, { 'content-type': 'text/plain' }).end(line);
  }
}

export const credentialToken = 'credential-token-0123456789';
export const phaseToken = 'phase-token-0123456789';

export interface ScriptResult {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  output: string;
}

export interface RunningScript {
  process: ChildProcess;
  ended: Promise<ScriptResult>;
}

export interface RunOptions {
  args?: string[];
  environment?: Record<string, string>;
  /** Put before `bash`. */
  as?: string[];
}

/** One main with the slot and the role that a join makes, and a directory that holds all of it. */
export class JoinFixture {
  readonly workspace: Workspace;
  readonly main: PostgresServer;
  readonly panel: PanelRoutes;
  /** TMPDIR of the scripts: what a run leaves behind is seen in it. */
  readonly temporaryDirectory: string;
  readonly #children: ChildProcess[] = [];
  #scripts = 0;

  constructor(workspace: Workspace, main: PostgresServer, panel: PanelRoutes, temporaryDirectory: string) {
    this.workspace = workspace;
    this.main = main;
    this.panel = panel;
    this.temporaryDirectory = temporaryDirectory;
  }

  /** Writes the script for this control and returns its path. Everybody may read it, so that a wrong user gets as far as its own check. */
  async write(
    control: PostgresControl,
    changes: Partial<ScriptInput> = {},
    render: (input: ScriptInput) => string = renderSetupReplicaScript,
  ): Promise<string> {
    const script = render({
      nodeId: 2,
      slotName,
      mainHost: this.main.host,
      mainPort: this.main.port,
      mainDisplayName: 'DC1 Primary',
      ownDisplayName: 'DC2 Spare',
      postgresMajor: 15,
      control,
      dataDirectory: null,
      localApiUrl: this.panel.url,
      credentialToken,
      phaseToken,
      requiredBytes: 20_000_000,
      generatedAt: '2026-11-22T20:00:00.000Z',
      ...changes,
    });
    this.#scripts += 1;
    const path = join(this.workspace.directory, `script_${String(this.#scripts)}.sh`);
    await writeFile(path, script, { mode: 0o755 });
    await chmod(path, 0o755);
    return path;
  }

  start(script: string, { args = [], environment = {}, as = [] }: RunOptions = {}): RunningScript {
    const [program, ...rest] = [...as, 'bash', script, ...args];
    const child = spawn(program ?? 'bash', rest, {
      cwd: '/',
      env: { ...plainEnvironment, TMPDIR: this.temporaryDirectory, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.workspace.recordProcess(child.pid);
    this.#children.push(child);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    // "close" comes when nobody holds the output any more: a server that inherited it would be seen as a hang.
    const ended = once(child, 'close').then(([exitCode, signal]) => ({
      exitCode: exitCode as number | null,
      signal: signal as NodeJS.Signals | null,
      output,
    }));
    return { process: child, ended };
  }

  run(script: string, options?: RunOptions): Promise<ScriptResult> {
    return this.start(script, options).ended;
  }

  /** Starts a clone that takes minutes and returns once main is sending its data. */
  async startSlowClone(script: string, options: RunOptions = {}): Promise<RunningScript> {
    const running = this.start(script, {
      ...options,
      environment: { PROXPANEL_MAX_RATE: '64k', ...options.environment },
    });
    const early = running.ended.then(({ output }) => {
      throw new Error(`the script ended before its clone was seen:\n${output}`);
    });
    const seen = waitFor(
      async () => {
        const [row] = await this.main.query<{ streaming: boolean }>(
          `SELECT EXISTS (SELECT FROM pg_stat_progress_basebackup WHERE backup_streamed > 0) AS streaming`,
        );
        return row?.streaming === true;
      },
      { describe: 'main to send the clone' },
    );
    await Promise.race([seen, early]);
    // From here on an early end is what the tests are about.
    early.catch(() => undefined);
    return running;
  }

  /** No clone and no walsender is left on main. */
  async waitUntilMainIsAlone(): Promise<void> {
    await waitFor(
      async () => {
        const [row] = await this.main.query<{ senders: number }>(
          'SELECT count(*)::int AS senders FROM pg_stat_replication',
        );
        return row?.senders === 0;
      },
      { describe: 'the clone to end' },
    );
  }

  async dispose(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await this.panel.close();
    await this.workspace.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** Starts main with a table `subscribers` of one row, "on main". */
export async function openJoinFixture(): Promise<JoinFixture> {
  const workspace = await openWorkspace();
  try {
    const main = await startPostgres({
      name: 'main',
      workspace,
      settings: { wal_log_hints: 'on' },
      hbaLines: ['host replication replicator 127.0.0.1/32 scram-sha-256'],
    });
    await main.query(
      `CREATE ROLE replicator REPLICATION LOGIN PASSWORD '${replicationPassword.replaceAll("'", "''")}'`,
    );
    await main.query(`SELECT pg_create_physical_replication_slot('${slotName}', true)`);
    await main.query(`CREATE TABLE subscribers (name text)`);
    await main.query(`INSERT INTO subscribers VALUES ('on main')`);
    return await fixtureAround(workspace, main);
  } catch (error) {
    await workspace.dispose();
    throw error;
  }
}

/** The panel and the directories of a fixture whose servers are there already. */
export async function fixtureAround(workspace: Workspace, main: PostgresServer): Promise<JoinFixture> {
  const temporaryDirectory = join(workspace.directory, 'tmp');
  await mkdir(temporaryDirectory);
  await chmod(temporaryDirectory, 0o1777);
  const panel = new PanelRoutes(main);
  await panel.listen();
  return new JoinFixture(workspace, main, panel, temporaryDirectory);
}

/** A standalone server with a table `subscribers` of one row, "before the join". */
export async function startOwnServer(
  workspace: Workspace,
  settings: Record<string, string> = {},
): Promise<PostgresServer> {
  const own = await startPostgres({ name: 'own', workspace, settings });
  await own.query(`CREATE TABLE subscribers (name text)`);
  await own.query(`INSERT INTO subscribers VALUES ('before the join')`);
  return own;
}

export async function subscribersOf(server: Pick<PostgresServer, 'query'>): Promise<string[]> {
  const rows = await server.query<{ name: string }>('SELECT name FROM subscribers ORDER BY name');
  return rows.map(({ name }) => name);
}
