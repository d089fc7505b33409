import { expect, test } from 'vitest';
import { createCountStore } from './panel-counts.ts';
import { createSubscriberStore } from './panel-subscribers.ts';
import { createResellerStore } from './panel-users.ts';
import { startPanelDatabase } from './testing/panel-database.ts';

test('the counts agree with the lists behind them, and a reseller is told of his own alone', async () => {
  await using database = await startPanelDatabase();
  const counts = createCountStore(database.panel);
  expect(await counts.countForDashboard(null)).toMatchObject({
    subscribers: { total: 0, online: 0, active: 0, expired: 0, expiring_in_7_days: 0 },
    sessions: { open: 0, started_today: 0 },
  });
  const reseller = { username: 'rob', displayName: 'Rob', passwordHash: 'x' };
  const { id: rob } = await createResellerStore(database.panel).insert(reseller, 'ann');
  await database.server.query(
    `INSERT INTO subscribers (username, reseller_id, is_active, expires_at) VALUES
       ('endless', NULL, true, NULL), ('soon', $1, true, now() + interval '6 days'), ('later', NULL, true, now() + interval '8 days'),
       ('over', $1, true, now() - interval '1 hour'), ('off', NULL, false, NULL), ('off-and-over', NULL, false, now() - interval '1 day')`,
    [rob],
  );
  await database.server.query(
    `INSERT INTO radacct (acctsessionid, acctuniqueid, username, nasipaddress, acctstarttime, acctstoptime) VALUES
       ('1', '1', 'endless', '10.0.0.1', now(), NULL), ('2', '2', 'endless', '10.0.0.1', now(), NULL),
       ('3', '3', 'soon', '10.0.0.1', now() - interval '2 days', NULL), ('4', '4', 'soon', '10.0.0.1', now(), now())`,
  );
  const all = await counts.countForDashboard(null);
  expect(all).toEqual({
    counted_at: expect.any(String),
    subscribers: { total: 6, online: 2, active: 3, expired: 2, expiring_in_7_days: 1 },
    sessions: { open: 3, started_today: 3 },
  });
  expect(Math.abs(Date.parse(all.counted_at) - Date.now())).toBeLessThan(60_000);
  const list = createSubscriberStore(database.panel);
  for (const [state, count] of [
    ['online', 2],
    ['active', 3],
    ['expired', 2],
    ['expiring', 1],
  ] as const) {
    const query = { search: '', state, sort: 'newest', descending: false, limit: 50 } as const;
    expect((await list.list(query, null)).matches).toEqual({ count, more: false });
  }
  expect(await counts.countForDashboard('rob')).toMatchObject({
    subscribers: { total: 2, online: 1, active: 1, expired: 1, expiring_in_7_days: 1 },
    sessions: { open: 1, started_today: 1 },
  });
  expect((await counts.countForDashboard(`' OR true --`)).subscribers.total).toBe(0);
});
