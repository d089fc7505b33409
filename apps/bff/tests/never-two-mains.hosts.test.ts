/**
 * The promises of SAFETY, held against servers on hosts of their own with an arbiter on a third one, and judged by what
 * writers were told: the same scenarios that `npm run bench:failover` measures, one round each.
 */
import { expect, test } from 'vitest';
import { Random } from '@proxpanel/testbed/ha/random';
import { faultsOf, runKillRound } from '@proxpanel/testbed/ha/kill-rounds';
import { makeCluster } from '@proxpanel/testbed/ha/make-cluster';
import { withLogs, type Scenario } from '@proxpanel/testbed/ha/scenario';
import { scenarios } from '@proxpanel/testbed/ha/scenarios/all';

function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`There is no scenario "${name}".`);
  return found;
}

/** What was measured, by the measure's key; each of them once. */
async function runOnce(name: string, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const measured = new Map<string, number>();
  await scenarioNamed(name).run({
    rounds: 1,
    seed: 1,
    say: (line) => process.stderr.write(`${name}: ${line}\n`),
    record: (measure, value) => measured.set(measure, value),
    signal,
  });
  return measured;
}

const minutesMs = 60_000;

test(
  'SAFETY §3 Guard: a panel that hangs leaves no writer behind, and the other server takes over',
  async ({ signal }) => {
    const measured = await runOnce('panel-frozen', signal);
    expect(measured.get('both')).toBe(0);
  },
  6 * minutesMs,
);

test(
  'SAFETY §4 Durability sync: a main that is cut off loses nothing that it acknowledged',
  async ({ signal }) => {
    const measured = await runOnce('link-cut-sync', signal);
    expect(measured.get('both')).toBe(0);
    expect(measured.get('lost')).toBe(0);
  },
  6 * minutesMs,
);

test(
  'random kills during changes of main leave one writable main, one history and every acknowledged row',
  async () => {
    const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);
    const rounds = Number(process.env['KILL_ROUNDS'] ?? 10);
    const random = new Random(seed);
    await using cluster = await makeCluster({ durability: 'sync', leaseTtlMs: 3_000, timers: 'short' });
    process.stderr.write(`KILL_SEED=${String(seed)}\n`);
    await withLogs(cluster, async () => {
      for (let number = 1; number <= rounds; number += 1) {
        const round = await runKillRound(cluster, random);
        expect(faultsOf(round, true), `KILL_SEED=${String(seed)}, round ${String(number)}: ${round.story}`).toEqual([]);
      }
    });
  },
  20 * minutesMs,
);
