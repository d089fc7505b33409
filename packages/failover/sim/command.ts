/** `pnpm sim`: runs schedules by hand, and replays one with everything that happens in it. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { MUTANTS, type Mutant } from './mutants.ts';
import { SCENARIOS } from './scenarios.ts';
import { writeTranscript } from './write-transcript.ts';
import { createLedger, simulate } from './simulate.ts';

const USAGE = `pnpm sim --seeds 100000 [--from 1] [--mutant NAME]
pnpm sim --seed N --trace [--mutant NAME]
pnpm sim --scenarios
mutants: ${Object.keys(MUTANTS).join(', ')}`;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function isMutant(name: string | undefined): name is Mutant {
  return name !== undefined && Object.hasOwn(MUTANTS, name);
}

function main(): number {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '10000' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      mutant: { type: 'string' },
      scenarios: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || (values.mutant !== undefined && !isMutant(values.mutant))) {
    print(USAGE);
    return values.help ? 0 : 2;
  }
  if (values.scenarios) return writeScenarios();
  const mutant = isMutant(values.mutant) ? values.mutant : null;
  if (values.seed !== undefined) return replay(Number(values.seed), mutant, values.trace);
  return runMany(Number(values.from), Number(values.seeds), mutant);
}

/** Anew from their scripts; the difference is to be read before it is committed. */
function writeScenarios(): number {
  for (const scenario of SCENARIOS) {
    writeFileSync(new URL(`../scenarios/${scenario.name}.txt`, import.meta.url), writeTranscript(scenario));
  }
  print(`${String(SCENARIOS.length)} transcripts written.`);
  return 0;
}

function replay(seed: number, mutant: Mutant | null, traced: boolean): number {
  const trace = (at: number, who: string, what: string): void => {
    print(`${(at / 1_000).toFixed(2).padStart(7)} ${who.padEnd(9)} ${what}`);
  };
  const result = simulate(seed, createLedger(), { mutant, trace: traced ? trace : null });
  print(
    `seed ${String(seed)}: ${result.violation ?? 'nothing broken'} (${String(Math.round(result.endedMs / 1_000))} s of its time)`,
  );
  return result.violation === null ? 0 : 1;
}

function runMany(from: number, count: number, mutant: Mutant | null): number {
  const ledger = createLedger();
  const startedMs = performance.now();
  let slowestMs = 0;
  const broken: number[] = [];
  for (let seed = from; seed < from + count && broken.length < 20; seed += 1) {
    const result = simulate(seed, ledger, { mutant });
    slowestMs = Math.max(slowestMs, result.settledAfterMs ?? 0);
    if (result.violation === null) continue;
    broken.push(seed);
    print(`seed ${String(seed)}: ${result.violation}`);
  }
  const tookSeconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  const { promotions, failovers, switchovers, rolledBack, firedRules } = ledger;
  const rules = [...firedRules].sort((left, right) => left - right).join(' ');
  print(`${String(count)} schedules in ${tookSeconds} s; broken: ${String(broken.length)}`);
  print(
    `${String(promotions)} promotions, ${String(failovers)} failovers, ${String(switchovers)} switchovers, ${String(rolledBack)} taken back; slowest to settle ${String(slowestMs / 1_000)} s`,
  );
  print(`rules that fired: ${rules}`);
  return broken.length === 0 ? 0 : 1;
}

process.exitCode = main();
