import { expect, test } from 'vitest';
import { Fault } from '../fault.ts';
import {
  checkClock,
  checkDatabasePort,
  checkDiskRoom,
  checkLimits,
  checkPanelVersion,
  checkPostgresVersion,
  checkRoundTrip,
} from './connection-checks.ts';

const limits = {
  max_connections: 100,
  max_worker_processes: 8,
  max_wal_senders: 10,
  max_prepared_transactions: 0,
  max_locks_per_transaction: 64,
};

test('a round trip over 50 ms passes with a warning', () => {
  expect(checkRoundTrip('http://main', 50)).toMatchObject({ ok: true, warning: false, latency_ms: 50 });
  expect(checkRoundTrip('http://main', 50.1)).toMatchObject({
    ok: true,
    warning: true,
    fix: expect.any(String) as string,
  });
});

test('another panel version fails and says both', () => {
  expect(checkPanelVersion('1.2.0', '1.2.0').ok).toBe(true);
  expect(checkPanelVersion('1.2.0', '1.3.0')).toMatchObject({
    ok: false,
    detail: 'Main runs panel version 1.3.0, this server 1.2.0.',
  });
});

test('only the major version of PostgreSQL has to be equal', () => {
  expect(checkPostgresVersion(150_002, 150_018).ok).toBe(true);
  expect(checkPostgresVersion(140_010, 150_018)).toMatchObject({
    ok: false,
    detail: expect.stringContaining('15') as string,
  });
  expect(checkPostgresVersion(null, 150_018).ok).toBe(false);
});

test('clocks a second apart pass, half a minute warns, an hour fails and says which way', () => {
  expect(checkClock(900)).toMatchObject({ ok: true, warning: false });
  expect(checkClock(-30_000)).toMatchObject({ ok: true, warning: true });
  expect(checkClock(3_600_000)).toMatchObject({ ok: false, detail: "This server's clock is 3600 s behind main's." });
  expect(checkClock(-3_600_000)).toMatchObject({ ok: false, detail: "This server's clock is 3600 s ahead of main's." });
});

test('the disk must hold main’s database and a fifth more; an unknown disk warns', () => {
  expect(checkDiskRoom(1_200, 1_000).ok).toBe(true);
  expect(checkDiskRoom(1_199, 1_000)).toMatchObject({
    ok: false,
    fix: expect.stringContaining('Free at least') as string,
  });
  expect(checkDiskRoom(null, 1_000)).toMatchObject({ ok: true, warning: true });
});

test('a limit below main’s is named with both values, because the standby would not start', () => {
  expect(checkLimits(limits, limits).ok).toBe(true);
  expect(checkLimits({ ...limits, max_connections: 200 }, limits).ok).toBe(true);
  expect(checkLimits({ ...limits, max_connections: 50 }, limits)).toMatchObject({
    ok: false,
    detail: 'max_connections is 50 here and 100 on main.',
  });
});

test('a port that does not answer fails with the knock’s own sentence', async () => {
  const refused = Promise.reject(new Fault('MAIN_UNREACHABLE', 'main:5432 refuses the connection.'));
  expect(await checkDatabasePort(refused, 'main:5432')).toMatchObject({
    ok: false,
    detail: 'main:5432 refuses the connection.',
  });
});
