/** Promotes a server as an admin does and reads what came of it: the operation, the record, PostgreSQL's own history. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { operationSchema, type Operation } from '@proxpanel/contracts/operations';
import { effectiveRole } from '@proxpanel/testbed/join-servers';
import type { PanelClient, PanelReply } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { waitForStatus } from './panel-status.ts';

interface Accepted {
  operation_id: string;
}

/** POST /api/cluster/promote; the reply as it came. */
export function askToPromote(panel: PanelClient, body: object = {}): Promise<PanelReply<Accepted>> {
  return panel.post<Accepted>('/api/cluster/promote', { mode: 'emergency', ...body });
}

/** Promotes, and waits until the operation has ended one way or the other. */
export async function promote(panel: PanelClient, body: object): Promise<Operation> {
  const reply = await askToPromote(panel, body);
  if (reply.status !== 202) throw new Error(`promote: ${String(reply.status)} ${JSON.stringify(reply.body)}`);
  return waitForEnd(panel, reply.body.operation_id);
}

export async function readOperation(panel: PanelClient, id: string): Promise<Operation> {
  return operationSchema.parse(await panel.expectOk(panel.get(`/api/cluster/operations/${id}`)));
}

export function waitForEnd(panel: PanelClient, id: string): Promise<Operation> {
  return waitFor(() => readOperation(panel, id), {
    describe: 'the promotion to end',
    deadlineMs: 60_000,
    until: ({ state }) => state !== 'running',
  });
}

/** Every operation as it lies on the disk, which can be read while the BFF is dead. */
export function readOperationFiles(server: TestServer): Operation[] {
  const directory = join(server.stateDirectory, 'operations');
  const files = readdirSync(directory).filter((file) => file.endsWith('.json'));
  return files.map((file) => operationSchema.parse(JSON.parse(readFileSync(join(directory, file), 'utf8'))));
}

/** The running one of them; null while there is none. */
export function readOperationFile(server: TestServer): Operation | null {
  return readOperationFiles(server).find(({ state }) => state === 'running') ?? null;
}

/** Waits until main has not answered for longer than `offline_after_ms`, so that the name is no longer asked. */
export function waitUntilOffered(panel: PanelClient): Promise<unknown> {
  const read = async () =>
    (
      await panel.expectOk(
        panel.get<{ promote: { allowed: boolean; confirm_name: string | null } }>('/api/cluster/status'),
      )
    ).promote;
  return waitFor(read, {
    describe: 'the page to offer Promote without asking for the name',
    intervalMs: 250,
    deadlineMs: 45_000,
    until: ({ allowed, confirm_name: name }) => allowed && name === null,
  });
}

/**
 * Promotes as soon as the page offers it, with the name typed in where that is asked: a main that was killed within two
 * seconds of the join has told nobody how far it had written.
 */
export async function promoteWithName(panel: PanelClient): Promise<void> {
  const { promote: offer } = await waitForStatus(
    panel,
    'the page to offer an emergency promotion',
    ({ promote: { allowed, mode } }) => allowed && mode === 'emergency',
  );
  const operation = await promote(panel, offer.confirm_name === null ? {} : { confirm: offer.confirm_name });
  if (operation.state !== 'completed') throw new Error(JSON.stringify(operation));
}

/** The last line of `pg_wal/<timeline>.history`: where PostgreSQL itself says that it left the timeline before. */
export async function readHistory(server: TestServer): Promise<{ timeline: number; forkLsn: string }> {
  const [row] = await server.postgres.query<{ name: string; text: string }>(
    `SELECT name, pg_read_file('pg_wal/' || name) AS text FROM pg_ls_waldir() WHERE name LIKE '%.history'
      ORDER BY name DESC LIMIT 1`,
  );
  const [, forkLsn] = row?.text.trim().split('\n').at(-1)?.split('\t') ?? [];
  if (row === undefined || forkLsn === undefined) throw new Error(`${server.name} has no timeline history`);
  return { timeline: Number.parseInt(row.name, 16), forkLsn };
}

export interface PromotionRow {
  promotion_id: string;
  term: number;
  timeline: number;
  fork_lsn: string;
  node_id: number;
}

export function readPromotionRows(server: TestServer): Promise<PromotionRow[]> {
  return server.postgres.query<PromotionRow>(
    `SELECT promotion_id, term::int AS term, timeline::int AS timeline, fork_lsn::text AS fork_lsn, node_id
       FROM cluster_promotions ORDER BY term`,
  );
}

export async function eventTypesOf(server: TestServer): Promise<string[]> {
  const rows = await server.postgres.query<{ type: string }>('SELECT type FROM cluster_events ORDER BY at, type');
  return rows.map(({ type }) => type);
}

export async function settingOf(server: TestServer, name: string): Promise<string> {
  const [row] = await server.postgres.query<{ value: string }>('SELECT current_setting($1) AS value', [name]);
  if (row === undefined) throw new Error(`${server.name} has no setting ${name}`);
  return row.value;
}

/** Which of them are main by what they say and by what PostgreSQL does. */
export async function writableServers(...servers: TestServer[]): Promise<string[]> {
  const roles = await Promise.all(
    servers.map(async (server) => {
      if (!server.postgres.isRunning() || (await server.postgres.isInRecovery())) return [];
      return [`${server.name} (${await effectiveRole(server)})`];
    }),
  );
  return roles.flat();
}
