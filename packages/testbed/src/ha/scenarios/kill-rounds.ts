import { faultsOf, runKillRound } from '../kill-rounds.ts';
import { Random } from '../random.ts';
import { inOneCluster, none, printed } from '../scenario.ts';
import type { Scenario } from '../scenario.ts';

/** `--only kill-rounds --rounds 200` by hand. */
export const killRounds: Scenario = {
  name: 'kill-rounds',
  measures: {
    settled: { what: 'random kills, sync: until nothing is wrong', unit: 's', ...printed },
    faults: { what: 'random kills, sync: rounds that ended badly', unit: 'rounds', ...none },
    rejoined: { what: 'random kills, sync: servers rebuilt by rejoin.sh', unit: 'times', ...printed },
  },
  run: (run) => {
    run.say(`seed ${run.seed}`);
    const random = new Random(run.seed);
    const options = { durability: 'sync', leaseTtlMs: 3_000, timers: 'short' } as const;
    return inOneCluster(run, options, async (cluster, number) => {
      const round = await runKillRound(cluster, random);
      const faults = faultsOf(round, true);
      run.say(`${number}: ${round.story}; ${round.changes} changes, settled in ${Math.round(round.settledMs)} ms`);
      for (const fault of faults) run.say(`   ${fault}`);
      run.record('settled', round.settledMs / 1_000);
      run.record('faults', faults.length === 0 ? 0 : 1);
      run.record('rejoined', round.rejoined);
    });
  },
};
