import { expect, test } from 'vitest';
import { readinessIndicators, type IndicatorName, type ReadinessFacts } from './indicators.ts';

const good: ReadinessFacts = {
  mainHeartbeatAgeMs: 2_000,
  secondaryHeartbeatAgeMs: 59_999,
  replayLagSeconds: 4.999,
  slotActive: true,
  secondaryInRecovery: true,
  mainVersion: '1.0.0',
  secondaryVersion: '1.0.0',
};

function judge(facts: Partial<ReadinessFacts>): Map<IndicatorName, boolean | null> {
  return new Map(readinessIndicators({ ...good, ...facts }).map(({ name, ok }) => [name, ok]));
}

test('all six are there, in the order of the runbook, and good', () => {
  const indicators = readinessIndicators(good);
  expect(indicators.map(({ name }) => name)).toEqual([
    'main_heartbeat',
    'secondary_heartbeat',
    'replication_lag',
    'slot_active',
    'in_recovery',
    'versions_equal',
  ]);
  expect(indicators.every(({ ok }) => ok)).toBe(true);
});

const OFF: readonly [name: IndicatorName, facts: Partial<ReadinessFacts>, ok: boolean | null][] = [
  ['main_heartbeat', { mainHeartbeatAgeMs: 60_000 }, false],
  ['main_heartbeat', { mainHeartbeatAgeMs: null }, null],
  ['secondary_heartbeat', { secondaryHeartbeatAgeMs: 60_000 }, false],
  ['secondary_heartbeat', { secondaryHeartbeatAgeMs: null }, null],
  ['replication_lag', { replayLagSeconds: 5 }, false],
  ['replication_lag', { replayLagSeconds: null }, null],
  ['slot_active', { slotActive: false }, false],
  ['slot_active', { slotActive: null }, null],
  ['in_recovery', { secondaryInRecovery: false }, false],
  ['in_recovery', { secondaryInRecovery: null }, null],
  ['versions_equal', { secondaryVersion: '1.0.1' }, false],
  ['versions_equal', { mainVersion: null }, null],
];

test.each(OFF)('%s, and no other, is off with %j', (name, facts, ok) => {
  const judged = judge(facts);
  expect(judged.get(name)).toBe(ok);
  judged.delete(name);
  expect([...judged.values()]).toEqual(Array.from({ length: 5 }, () => true));
});

test('every sentence is one', () => {
  for (const [, facts] of OFF) {
    for (const { sentence } of readinessIndicators({ ...good, ...facts })) expect(sentence).toMatch(/^[A-Z].*\.$/);
  }
});
