import { describe, expect, test } from 'vitest';
import { ALL_TRANSITIONS } from '../src/decide.ts';
import { createLedger, simulate } from './simulate.ts';

const BATCHES = 20;
const SCHEDULES_EACH = 500;
/** Half a minute for all on an idle core; a loaded machine may take as long as it needs. */
const LIMIT_MS = 300_000;

describe('10 000 schedules break nothing, and fire every transition', () => {
  const ledger = createLedger();

  // In batches, because a test that runs for long without a pause is taken for one that hangs.
  const firsts = Array.from({ length: BATCHES }, (_, index) => index * SCHEDULES_EACH + 1);
  test.each(firsts)(`${String(SCHEDULES_EACH)} schedules from seed %i`, { timeout: LIMIT_MS }, (first) => {
    const broken: string[] = [];
    for (let seed = first; seed < first + SCHEDULES_EACH && broken.length < 5; seed += 1) {
      const { violation } = simulate(seed, ledger);
      if (violation !== null) broken.push(`${violation} Replay it: pnpm sim --seed ${String(seed)} --trace`);
    }
    expect(broken).toEqual([]);
  });

  test('every numbered transition fired, and much has happened', () => {
    const rules = ALL_TRANSITIONS.map(({ rule }) => rule);
    expect(rules.filter((rule) => !ledger.firedRules.has(rule))).toEqual([]);
    // A world in which nothing happens breaks nothing either.
    expect(ledger.failovers).toBeGreaterThan(1_000);
    expect(ledger.switchovers).toBeGreaterThan(500);
    expect(ledger.rolledBack).toBeGreaterThan(300);
  });
});

test('a main that hung while it removed the last secondary does not part from the one that took over', () => {
  // The panel wakes up in the middle of the removal, and the arbiter had been put back to before it.
  expect(simulate(559_463, createLedger()).violation).toBeNull();
});

test('a seed is replayed exactly', () => {
  const traces = [0, 1].map(() => {
    const lines: string[] = [];
    simulate(4_711, createLedger(), { trace: (atMs, who, what) => lines.push(`${String(atMs)} ${who} ${what}`) });
    return lines;
  });
  expect(traces[0]?.length).toBeGreaterThan(20);
  expect(traces[1]).toEqual(traces[0]);
});
