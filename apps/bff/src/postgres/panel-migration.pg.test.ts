import { Migrator } from 'kysely/migration';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listSubscribersQuerySchema } from '@proxpanel/contracts/subscribers';
import { startPostgres } from '@proxpanel/testbed/postgres-server';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import { migrations } from './migrations.ts';
import { createRecordStore } from './panel-records.ts';
import { prepareDatabase } from './panel-role.ts';
import { createSettingsStore } from './panel-rules.ts';
import { createSubscriberStore } from './panel-subscribers.ts';
import { createResellerStore, createUserStore } from './panel-users.ts';
import { connect, recordingLog } from './testing/test-database.ts';
import type { TestConnections } from './testing/test-database.ts';

/** The last one that has been released. */
const BEFORE = '0002_panel';

let server: PostgresServer;
let connections: TestConnections;

beforeAll(async () => {
  server = await startPostgres();
  connections = connect(server);
  const provider = { getMigrations: () => Promise.resolve(migrations) };
  const { error } = await new Migrator({ db: connections.cluster.db, provider }).migrateTo(BEFORE);
  expect(error).toBeUndefined();
  await server.query(
    `INSERT INTO users (username, role, password_hash) VALUES ('admin', 'admin', 'x'), ('rob', 'reseller', 'y');
     INSERT INTO subscribers (username) SELECT 'old-' || n FROM generate_series(1, 50) AS n;
     INSERT INTO revoked_tokens (jti, expires_at) VALUES ('living', now() + interval '1 hour')`,
  );
});
afterAll(async () => {
  await connections.close();
  await server.dispose();
});

test('a panel that was there before keeps its accounts, its subscribers and its revoked tokens', async () => {
  const options = { connections, nodeFile: connections.nodeFile, log: recordingLog(), radius: null };
  expect(await prepareDatabase(options)).toBe('prepared');
  const users = createUserStore(connections.panel);
  expect(await users.findByName('admin')).toMatchObject({ role: 'admin', passwordHash: 'x', isActive: true });
  const [rob, ...more] = await createResellerStore(connections.panel).list();
  expect(more).toEqual([]);
  // Nobody had a name to show before: it is the one that he signs in with.
  expect(rob).toMatchObject({ username: 'rob', display_name: 'rob', subscriber_count: 0, row_version: 0 });

  const subscribers = createSubscriberStore(connections.panel);
  const query = listSubscribersQuerySchema.parse({ search: 'old-', limit: 1 });
  const page = await subscribers.list(query, null);
  expect(page.matches).toEqual({ count: 50, more: false });
  expect(page.subscribers).toMatchObject([
    { username: 'old-50', is_active: true, is_online: false, expires_at: null, note: '', row_version: 0 },
  ]);
  const target = { id: page.subscribers[0]?.id ?? 0, rowVersion: 0, owner: null };
  expect(await subscribers.update(target, { resellerId: rob?.id, note: 'kept' }, 'admin')).toMatchObject({
    reseller_name: 'rob',
    note: 'kept',
    row_version: 1,
  });
  expect(await createSettingsStore(connections.panel).read()).toMatchObject({ row_version: 0 });
  expect((await createRecordStore(connections.panel).listAudit({ limit: 5 })).rows).toHaveLength(1);
  expect(await server.query('SELECT jti FROM revoked_tokens')).toEqual([{ jti: 'living' }]);
});

test("the panel's role may use what is new and alter nothing of it", async () => {
  await expect(connections.panel.query('DROP TABLE invoices')).rejects.toThrow(/must be owner/);
  await expect(connections.panel.query('ALTER TABLE services ADD COLUMN x int')).rejects.toThrow(/must be owner/);
  await expect(connections.panel.query("SELECT panel_open('\\x00')")).rejects.toThrow(/permission denied/);
});
