/** Two joined servers that change places under writers, and what has to be true each time that they have. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Operation } from '@proxpanel/contracts/operations';
import { findLostRows, findWriteGap } from '@proxpanel/testbed/ha/judge';
import { startWriters, type Writers } from '@proxpanel/testbed/ha/writers';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { readNodeFile, readStatus } from './panel-status.ts';
import { readOperation } from './promotions.ts';

const writerRole = 'test_writer';
const table = 'written.rows';

export interface Pair {
  testbed: Testbed;
  one: TestServer;
  other: TestServer;
  panels: ReadonlyMap<TestServer, PanelClient>;
}

/** No automatic failover: what is tried here is what an admin asks for. `BFF_MAIN` names another build of the BFF. */
export async function makePair(environment: Record<string, string> = {}): Promise<Pair> {
  const testbed = await createTestbed();
  const bffMainPath = process.env['BFF_MAIN'];
  const options = {
    environment: { AUTO_FAILOVER: 'false', ...environment },
    ...(bffMainPath === undefined ? {} : { bffMainPath }),
  };
  const [one, other] = await Promise.all([testbed.addServer('one', options), testbed.addServer('other', options)]);
  for (const { postgres } of [one, other]) {
    const hba = join(postgres.dataDirectory, 'pg_hba.conf');
    // First, since the first line that fits is the one that counts.
    await writeFile(hba, `host proxpanel ${writerRole} all trust\n${await readFile(hba, 'utf8')}`);
    await postgres.query('SELECT pg_reload_conf()');
  }
  await one.postgres.query(
    `CREATE ROLE ${writerRole} LOGIN; CREATE SCHEMA written AUTHORIZATION ${writerRole};
     CREATE TABLE ${table} (id text PRIMARY KEY); ALTER TABLE ${table} OWNER TO ${writerRole}`,
  );
  await joinServers(one, other);
  const panels = new Map([one, other].map((server) => [server, server.panel()] as const));
  await Promise.all([...panels.values()].map((panel) => panel.signIn()));
  return { testbed, one, other, panels };
}

export function panelOf({ panels }: Pair, server: TestServer): PanelClient {
  const panel = panels.get(server);
  if (panel === undefined) throw new Error(`${server.name} is not of this pair`);
  return panel;
}

/** The control that the panels have from now on: `stop` needs it, without it main is demoted. */
export async function setControl({ one, other }: Pair, control: boolean): Promise<void> {
  await Promise.all([one, other].map(({ bff }) => bff.restart({ RUN_SCRIPTS: control ? 'true' : undefined })));
}

let started = 0;

/** Two clients, 80 one-row transactions a second each, that try the servers in turn: more would take the machine from the servers. */
export function startClients({ testbed, one, other }: Pair): Writers {
  started += 1;
  return startWriters({
    workspace: testbed.workspace,
    config: {
      targets: [one, other].map(({ name, address, ports }) => ({ name, host: address, port: ports.postgres })),
      ...{ clients: 2, perSecond: 80, prefix: `w${String(started)}`, connectTimeoutMs: 1_000 },
      ...{ statementTimeoutMs: 5_000, retryPauseMs: 100, user: writerRole, database: 'proxpanel', table },
    },
  });
}

/** Every row that was acknowledged is on the server. */
export async function expectNothingLost(server: TestServer, writers: Writers): Promise<void> {
  // Before the rows are read: what is acknowledged meanwhile may be missing from what is read.
  const acks = [...writers.acks];
  const rows = await server.postgres.query<{ id: string }>(`SELECT id FROM ${table}`, [], { timeoutMs: 60_000 });
  const lost = findLostRows(acks, new Set(rows.map(({ id }) => id)));
  expect(lost.map(({ id, server: name }) => `${id} by ${name}`)).toEqual([]);
}

export function gapOf(writers: Writers, sinceMs: number): number {
  return findWriteGap(writers.acks, sinceMs).gapMs;
}

/** One main that takes writes, and the other server streaming from it with nothing left to settle. */
export async function waitUntilSettled(
  pair: Pair,
  deadlineMs = 60_000,
): Promise<{ main: TestServer; secondary: TestServer }> {
  const faults = (): Promise<string[]> => findFaults(pair).catch((error: unknown) => [String(error)]);
  await waitFor(faults, {
    ...{ describe: 'one main, and the other server streaming from it', deadlineMs, intervalMs: 100 },
    until: (found) => found.length === 0,
  });
  const oneIsMain = !(await pair.one.postgres.isInRecovery());
  return oneIsMain ? { main: pair.one, secondary: pair.other } : { main: pair.other, secondary: pair.one };
}

async function findFaults(pair: Pair): Promise<string[]> {
  const servers = [pair.one, pair.other];
  if (servers.some(({ postgres }) => !postgres.isRunning())) return ['a PostgreSQL is down'];
  const recovery = await Promise.all(servers.map(({ postgres }) => postgres.isInRecovery()));
  const main = servers[recovery.indexOf(false)];
  if (main === undefined || recovery.filter((state) => !state).length > 1) return [`in recovery: ${recovery.join()}`];
  const faults: string[] = [];
  const senders = await main.postgres.query("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'");
  if (senders.length !== 1) faults.push(`${String(senders.length)} standbys stream`);
  for (const server of servers) {
    const status = await readStatus(panelOf(pair, server));
    const { membership } = readNodeFile(server);
    if (status.operation?.state === 'running') faults.push(`${server.name}: ${status.operation.kind} runs`);
    const isMain = server === main;
    if (status.writes.allowed !== isMain) faults.push(`${server.name}: ${status.writes.sentence}`);
    if (status.server.effective_role !== (isMain ? 'main' : 'secondary'))
      faults.push(`${server.name} has another role`);
    const { handover } = membership ?? {};
    if (handover != null && handover.state !== 'discarded') faults.push(`${server.name}: ${handover.state}`);
    if (membership?.fence != null) faults.push(`${server.name} is fenced`);
    if (membership?.main_node_id !== readNodeFile(main).membership?.node_id) faults.push(`${server.name}: other main`);
  }
  return faults;
}

/** Waits until `server`'s page offers the change and asks for it there; returns the operation's id. */
export async function askToSwitch(pair: Pair, on: TestServer, body: object = {}): Promise<string> {
  const panel = panelOf(pair, on);
  await waitFor(() => readStatus(panel), {
    describe: 'the page to offer a planned change',
    intervalMs: 100,
    until: ({ promote }) => promote.allowed && promote.mode === 'switchover',
  });
  const reply = await panel.expectOk(
    panel.post<{ operation_id: string }>('/api/cluster/promote', { mode: 'switchover', ...body }),
  );
  return reply.operation_id;
}

export function waitForOperation(pair: Pair, server: TestServer, id: string): Promise<Operation> {
  return waitFor(() => readOperation(panelOf(pair, server), id), {
    describe: `the operation to end on ${server.name}`,
    deadlineMs: 60_000,
    intervalMs: 50,
    until: ({ state }) => state !== 'running',
  });
}

/** `check 40 ms, shut_gate 6 ms, …` */
export function durationsOf({ phases }: Operation): string {
  return phases
    .filter(({ finished_at: finished, started_at: begun }) => finished !== null && begun !== null)
    .map(({ name, started_at: begun, finished_at: finished }) => {
      return `${name} ${String(Date.parse(finished ?? '') - Date.parse(begun ?? ''))}`;
    })
    .join(', ');
}
