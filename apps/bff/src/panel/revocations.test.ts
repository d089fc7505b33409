import { expect, test } from 'vitest';
import { Fault } from '../fault.ts';
import { createLogger } from '../log.ts';
import { createRevocationList } from '../http/revocation-list.ts';
import type { RevocationStore } from './ports.ts';
import { createRevocations } from './revocations.ts';

const NOW = Date.UTC(2026, 10, 1);

function memoryStore() {
  const stored = new Map<string, number>();
  const state: { fault: Fault | null } = { fault: null };
  const guard = () => {
    if (state.fault !== null) throw state.fault;
  };
  const store: RevocationStore = {
    async add(jti, expiresAt) {
      guard();
      stored.set(jti, expiresAt.getTime());
    },
    async listUnexpired() {
      guard();
      return [...stored.keys()];
    },
  };
  return { store, stored, state };
}

function revocationsWith(...stores: RevocationStore[]) {
  const clock = { ms: NOW };
  const list = createRevocationList(() => clock.ms);
  const warnings: string[] = [];
  const log = createLogger('warn', { write: (line: string) => void warnings.push(line) });
  const nowMs = () => clock.ms;
  return { clock, list, warnings, revocations: createRevocations({ list, stores, nowMs, log }) };
}

test('a revoked token is refused from memory at once and stands in every store', async () => {
  const first = memoryStore();
  const second = memoryStore();
  const { list, revocations } = revocationsWith(first.store, second.store);
  await revocations.revoke({ jti: 'a', expiresAtMs: NOW + 60_000 });
  expect(list.has('a')).toBe(true);
  for (const { stored } of [first, second]) expect([...stored]).toEqual([['a', NOW + 60_000]]);
});

test('on a secondary signing out works, and is stored when the database can be written again', async () => {
  const database = memoryStore();
  const cache = memoryStore();
  const { list, revocations, warnings } = revocationsWith(database.store, cache.store);
  database.state.fault = new Fault('READ_ONLY', 'secondary server is read-only');
  await revocations.revoke({ jti: 'a', expiresAtMs: NOW + 60_000 });
  expect([list.has('a'), database.stored.size, cache.stored.size, warnings.length]).toEqual([true, 0, 1, 1]);
  database.state.fault = null;
  await revocations.synchronize();
  expect([...database.stored.keys()]).toEqual(['a']);
});

test('what has ended by itself is not stored late', async () => {
  const database = memoryStore();
  const { clock, revocations } = revocationsWith(database.store);
  database.state.fault = new Fault('DATABASE_DOWN', 'away');
  await revocations.revoke({ jti: 'a', expiresAtMs: NOW + 1_000 });
  database.state.fault = null;
  clock.ms = NOW + 2_000;
  await revocations.synchronize();
  expect(database.stored.size).toBe(0);
});

test('a restarted server, or another one, learns from the stores what was revoked', async () => {
  const database = memoryStore();
  await revocationsWith(database.store).revocations.revoke({ jti: 'a', expiresAtMs: NOW + 60_000 });
  const restarted = revocationsWith(database.store);
  expect(restarted.list.has('a')).toBe(false);
  await restarted.revocations.synchronize();
  expect(restarted.list.has('a')).toBe(true);
});

test('the list in memory forgets tokens that have ended', () => {
  let now = NOW;
  const list = createRevocationList(() => now);
  list.add('old', NOW + 1);
  now += 2;
  for (let index = 0; index < 300; index += 1) list.add(`new-${String(index)}`, NOW + 60_000);
  expect([list.has('old'), list.has('new-0'), list.has('new-299')]).toEqual([false, true, true]);
});
