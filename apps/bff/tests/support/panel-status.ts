/** What the tests read of a server: its status as the page gets it, its node.json, its rows. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { clusterStatusSchema, type ClusterStatus } from '@proxpanel/contracts/status';
import { errorReplySchema, errorStatusByCode, type ErrorCode } from '@proxpanel/contracts/error-codes';
import type { PanelClient, PanelReply } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { nodeFileSchema, type NodeFile } from '../../src/cluster/node-file.ts';

/** GET /api/cluster/status, held to its contract. */
export async function readStatus(panel: PanelClient): Promise<ClusterStatus> {
  const body = await panel.expectOk(panel.get('/api/cluster/status'));
  return clusterStatusSchema.parse(body);
}

/** Polls the status until it is as described. */
export function waitForStatus(
  panel: PanelClient,
  describe: string,
  until: (status: ClusterStatus) => boolean,
  deadlineMs = 45_000,
): Promise<ClusterStatus> {
  return waitFor(() => readStatus(panel), { describe, deadlineMs, intervalMs: 200, until });
}

/** STATE_DIR/node.json as it lies on the disk. */
export function readNodeFile(server: Pick<TestServer, 'stateDirectory'>): NodeFile {
  return nodeFileSchema.parse(JSON.parse(readFileSync(join(server.stateDirectory, 'node.json'), 'utf8')));
}

/** A refusal of DESIGN §5's form: status by its code, one sentence that says all of `words`. Returns the sentence. */
export function expectRefusal(reply: PanelReply, code: ErrorCode, ...words: (string | RegExp)[]): string {
  const body = errorReplySchema.parse(reply.body);
  expect(body.code, body.error).toBe(code);
  expect(reply.status).toBe(errorStatusByCode[code]);
  for (const word of words) expect(body.error).toMatch(word);
  return body.error;
}

/** Adds a subscriber by the panel. */
export async function addSubscriber(panel: PanelClient, username: string): Promise<void> {
  await panel.expectOk(panel.post('/api/subscribers', { username }));
}

/** All subscribers of a server's own database, ordered. */
export async function subscribersOf(server: TestServer): Promise<string[]> {
  const rows = await server.postgres.query<{ username: string }>('SELECT username FROM subscribers ORDER BY username');
  return rows.map(({ username }) => username);
}

/** Names of the physical slots of a server's PostgreSQL. */
export async function slotsOf(server: TestServer): Promise<string[]> {
  const rows = await server.postgres.query<{ name: string }>(
    'SELECT slot_name AS name FROM pg_replication_slots ORDER BY 1',
  );
  return rows.map(({ name }) => name);
}

/** The lines of pg_hba.conf that open replication, as PostgreSQL itself reads them. */
export async function replicationLinesOf(server: TestServer): Promise<number> {
  const [row] = await server.postgres.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_hba_file_rules WHERE 'replicator' = ANY (user_name) AND error IS NULL`,
  );
  return row?.count ?? 0;
}
