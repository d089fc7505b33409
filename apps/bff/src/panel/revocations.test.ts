import { REVOCATIONS_PER_CALL, SESSION_LIFETIME_MS } from '@proxpanel/contracts/sessions';
import { expect, test } from 'vitest';
import { Fault } from '../fault.ts';
import { createLogger } from '../log.ts';
import { createRevocationList } from '../http/revocation-list.ts';
import type { KeptRevocation, RevocationFile, RevocationStore, RevokedSession } from './ports.ts';
import { createRevocations } from './revocations.ts';

const NOW = Date.UTC(2026, 10, 1);
const END = NOW + 60_000;
const a = { jti: 'a', sessionEndsAtMs: END };
const away = new Fault('DATABASE_DOWN', 'away');

function memoryStore() {
  const stored = new Map<string, number>();
  const state: { fault: Fault | null } = { fault: null };
  const guard = () => {
    if (state.fault !== null) throw state.fault;
  };
  const store: RevocationStore = {
    async add(revoked) {
      guard();
      for (const { jti, endsAtMs } of revoked) stored.set(jti, endsAtMs);
    },
    async list() {
      guard();
      return [...stored].map(([jti, endsAtMs]) => ({ jti, endsAtMs }));
    },
  };
  return { store, stored, state };
}

type MemoryStore = ReturnType<typeof memoryStore>;

/** A server: its databases and its file outlive its process. */
function serverWith(database: MemoryStore = memoryStore(), cache: MemoryStore = memoryStore()) {
  const clock = { ms: NOW };
  const state = { isMain: true, main: null as null | ((revoked: readonly RevokedSession[]) => Promise<void>) };
  let onDisk: readonly KeptRevocation[] = [];
  const warnings: string[] = [];
  const log = createLogger('warn', { write: (line: string) => void warnings.push(line) });
  const start = () => {
    const list = createRevocationList(() => clock.ms);
    const file: RevocationFile = {
      found: onDisk,
      save: async (all) => {
        onDisk = all;
      },
    };
    const revocations = createRevocations({
      list,
      database: database.store,
      cache: cache.store,
      file,
      mayStore: () => state.isMain,
      tellMain: async (revoked) => state.main?.(revoked),
      nowMs: () => clock.ms,
      log,
    });
    return { list, revocations };
  };
  return { clock, state, database, cache, warnings, start, onDisk: () => onDisk };
}

test('a session revoked on main is refused from memory at once and stands in both databases', async () => {
  const { start, database, cache, onDisk } = serverWith();
  const { list, revocations } = start();
  await revocations.revoke(a);
  expect(list.has('a')).toBe(true);
  for (const { stored } of [database, cache]) expect([...stored]).toEqual([['a', END]]);
  // No disk is waited for where the database has it.
  expect(onDisk()).toEqual([]);
});

test('when the database cannot be written the file holds it, over a restart, until it can', async () => {
  const { start, database, cache, onDisk, warnings } = serverWith();
  database.state.fault = away;
  cache.state.fault = new Fault('REDIS_DOWN', 'away');
  await start().revocations.revoke(a);
  expect(onDisk()).toEqual([{ jti: 'a', endsAtMs: END, stored: false }]);

  const restarted = start();
  expect(restarted.list.has('a')).toBe(true);
  for (let turn = 0; turn < 3; turn += 1) await restarted.revocations.synchronize(true);
  // Once for each store and process, not for each attempt.
  expect(warnings).toHaveLength(4);
  database.state.fault = null;
  cache.state.fault = null;
  await restarted.revocations.synchronize(true);
  for (const { stored } of [database, cache]) expect([...stored]).toEqual([['a', END]]);
  expect(onDisk()).toEqual([{ jti: 'a', endsAtMs: END, stored: true }]);
});

test('a secondary sends what it revoked to main at once, and writes nothing but its own file', async () => {
  const { start, state, database, cache, onDisk } = serverWith();
  const told: string[] = [];
  state.isMain = false;
  state.main = async (revoked) => void told.push(...revoked.map(({ jti }) => jti));
  const { list, revocations } = start();
  await revocations.revoke(a);
  expect([list.has('a'), told, database.stored.size, cache.stored.size]).toEqual([true, ['a'], 0, 0]);
  expect(onDisk()).toEqual([{ jti: 'a', endsAtMs: END, stored: false }]);
});

test('a secondary whose main is away remembers over a restart, and tells main when it is back until replication shows it', async () => {
  const { start, state, database, onDisk } = serverWith();
  let told = 0;
  state.isMain = false;
  state.main = async () => {
    throw new Fault('MAIN_UNREACHABLE', 'away');
  };
  await start().revocations.revoke(a);
  const { list, revocations } = start();
  await revocations.synchronize(true);
  expect(list.has('a')).toBe(true);

  state.main = async () => {
    told += 1;
  };
  // Main has said yes and may die before it has sent its WAL.
  for (let turn = 0; turn < 2; turn += 1) await revocations.synchronize(true);
  expect(told).toBe(2);
  database.stored.set('a', END);
  for (let turn = 0; turn < 2; turn += 1) await revocations.synchronize(true);
  expect(told).toBe(2);
  expect(onDisk()).toEqual([{ jti: 'a', endsAtMs: END, stored: true }]);
});

test('a secondary that becomes main stores by itself what the lost main had not replicated', async () => {
  const { start, state, database, cache } = serverWith();
  state.isMain = false;
  const { revocations } = start();
  await revocations.revoke(a);
  state.isMain = true;
  await revocations.synchronize(true);
  for (const { stored } of [database, cache]) expect([...stored]).toEqual([['a', END]]);
});

test('a fenced main writes neither database', async () => {
  const { start, state, database, cache, onDisk } = serverWith();
  state.isMain = false;
  const { list, revocations } = start();
  await revocations.revoke(a);
  await revocations.synchronize(true);
  expect([list.has('a'), database.stored.size, cache.stored.size, onDisk().length]).toEqual([true, 0, 0, 1]);
});

test('an emptied Redis revokes nothing less, and is filled again', async () => {
  const { start, database, cache } = serverWith();
  await start().revocations.revoke(a);
  cache.stored.clear();
  const { list, revocations } = start();
  await revocations.synchronize(true);
  expect([list.has('a'), database.stored.size, cache.stored.size]).toEqual([true, 1, 1]);
});

test('with PostgreSQL away a restarted server knows what Redis holds, and what its own file has kept of both', async () => {
  const { start, database, cache } = serverWith();
  const first = start();
  await first.revocations.revoke(a);
  await first.revocations.synchronize(true);
  database.state.fault = away;
  cache.stored.clear();
  cache.stored.set('b', END);
  const { list, revocations } = start();
  expect(list.has('a')).toBe(true);
  await revocations.synchronize(false);
  expect(list.has('b')).toBe(true);
});

test("a database that a clone has replaced gets back through main what this server's own had held", async () => {
  const { start, state, database } = serverWith();
  const told: string[] = [];
  const { revocations } = start();
  await revocations.revoke(a);
  await revocations.synchronize(true);
  // Joined and cloned: the rows are main's.
  state.isMain = false;
  state.main = async (revoked) => void told.push(...revoked.map(({ jti }) => jti));
  database.stored.clear();
  const restarted = start();
  await restarted.revocations.synchronize(true);
  expect([restarted.list.has('a'), told]).toEqual([true, ['a']]);
});

test('main takes what a secondary sends once its database has it, and refuses while it has not', async () => {
  const { start, state, database } = serverWith();
  const { list, revocations } = start();
  const sent = [{ jti: 'a', endsAtMs: NOW + 1_000 * SESSION_LIFETIME_MS }];
  database.state.fault = away;
  await expect(revocations.take(sent)).rejects.toMatchObject({ code: 'DATABASE_DOWN' });
  database.state.fault = null;
  state.isMain = false;
  await expect(revocations.take(sent)).rejects.toMatchObject({ code: 'READ_ONLY' });
  expect([list.has('a'), database.stored.size]).toEqual([true, 0]);
  state.isMain = true;
  await revocations.take(sent);
  // No session lives longer, whatever a secondary says.
  expect([...database.stored]).toEqual([['a', NOW + SESSION_LIFETIME_MS]]);
});

test('many are sent in calls of a size that main takes', async () => {
  const { start, state } = serverWith();
  const sizes: number[] = [];
  state.isMain = false;
  const { list, revocations } = start();
  const count = REVOCATIONS_PER_CALL * 2 + 7;
  for (let index = 0; index < count; index += 1) list.add(`s${String(index)}`, END);
  state.main = async (revoked) => void sizes.push(revoked.length);
  await revocations.synchronize(true);
  expect(sizes).toEqual([REVOCATIONS_PER_CALL, REVOCATIONS_PER_CALL, 7]);
});

test('what has ended by itself is forgotten everywhere: not stored late, not sent, not kept', async () => {
  const { start, clock, database, onDisk } = serverWith();
  database.state.fault = away;
  const { list, revocations } = start();
  await revocations.revoke(a);
  database.state.fault = null;
  clock.ms = END;
  await revocations.synchronize(true);
  expect([list.has('a'), database.stored.size, onDisk()]).toEqual([false, 0, []]);
});

test('a database that hangs holds nobody up who signs out', async () => {
  const { start, database, onDisk } = serverWith();
  const { list, revocations } = start();
  database.store.add = () => new Promise(() => undefined);
  await revocations.revoke(a);
  expect([list.has('a'), onDisk().length]).toEqual([true, 1]);
});
