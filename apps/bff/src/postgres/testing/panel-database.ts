/** A throw-away PostgreSQL with the panel's tables and role, and what tests of the panel's stores read beside them. */
import { startPostgres } from '@proxpanel/testbed/postgres-server';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import type { DatabasePool } from '../pool.ts';
import { prepareDatabase } from '../panel-role.ts';
import { connect, recordingLog } from './test-database.ts';

export interface AuditedChange {
  readonly actor: string;
  readonly action: string;
  readonly entity: string;
  readonly entity_id: string;
  readonly changes: Record<string, unknown>;
}

export interface PanelDatabase extends AsyncDisposable {
  readonly server: PostgresServer;
  /** The panel's own role. */
  readonly panel: DatabasePool;
  /** Every audit row since the last call, in its order. */
  newAudit(): Promise<AuditedChange[]>;
}

/** What a person may type into a field, of which none may be more than a text. */
export const HOSTILE_TEXTS = [
  `'; DROP TABLE subscribers; --`,
  `" OR 1=1`,
  `$1 \\ \\' %s %_ {{x}}`,
  `=cmd|' /C calc'!A1`,
  `<script>alert(1)</script>`,
] as const;

export async function startPanelDatabase(): Promise<PanelDatabase> {
  const server = await startPostgres();
  const connections = connect(server);
  await prepareDatabase({ connections, nodeFile: connections.nodeFile, log: recordingLog(), radius: null });
  let seen = 0;
  return {
    server,
    panel: connections.panel,
    async newAudit() {
      const rows = await server.query<AuditedChange & { id: string }>(
        'SELECT id::int, actor, action, entity, entity_id, changes FROM audit_log WHERE id > $1 ORDER BY id',
        [seen],
      );
      seen = Number(rows.at(-1)?.id ?? seen);
      return rows.map(({ id: _, ...row }) => row);
    },
    async [Symbol.asyncDispose]() {
      await connections.close();
      await server.dispose();
    },
  };
}
