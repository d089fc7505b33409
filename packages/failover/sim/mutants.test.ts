import { expect, test } from 'vitest';
import { MUTANTS, type Mutant } from './mutants.ts';
import { createLedger, simulate } from './simulate.ts';

/** Most are caught within a hundredth of it, the rarest within half; more only costs time once a checker has gone blind. */
const SEEDS = 10_000;

function isMutant(name: string): name is Mutant {
  return Object.hasOwn(MUTANTS, name);
}

function firstCaught(mutant: Mutant | null, seeds: number): number | null {
  for (let seed = 1; seed <= seeds; seed += 1) {
    if (simulate(seed, createLedger(), { mutant }).violation !== null) return seed;
  }
  return null;
}

const CASES = Object.keys(MUTANTS)
  .filter(isMutant)
  .map((mutant) => ({ mutant, without: MUTANTS[mutant] }));

test.each(CASES)('the checkers catch a world without a rule: $without', { timeout: 300_000 }, ({ mutant }) => {
  expect(firstCaught(mutant, SEEDS)).not.toBeNull();
});

test('a seed that caught a mutant catches it again', () => {
  const seed = firstCaught('promise', SEEDS) ?? 0;
  const again = simulate(seed, createLedger(), { mutant: 'promise' });
  expect(again.violation).toBe('Servers 1 and 2 accept writes at once.');
});
