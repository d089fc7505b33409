import type { Scenario } from '../scenario.ts';
import * as cutOff from './cut-off-main.ts';
import { killRounds } from './kill-rounds.ts';
import * as lost from './lost-main.ts';
import * as stays from './main-stays.ts';
import { partitionAlone } from './partition-alone.ts';
import * as power from './power-cut.ts';
import * as switchover from './switchover.ts';

/** Every row of the table, in the order in which it is printed. */
export const scenarios: readonly Scenario[] = [
  switchover.switchoverByStop,
  switchover.switchoverByDemotion,
  switchover.switchoverUnderLoad,
  lost.hostKilled10s,
  lost.hostKilled3s,
  lost.databaseKilled3s,
  lost.databaseKilled1s,
  lost.databaseKilledControl,
  cutOff.linkCut,
  cutOff.linkCutSync,
  cutOff.panelFrozen,
  cutOff.panelEnded,
  power.powerCutIdle,
  power.powerCutBusy,
  stays.arbiterKilled,
  stays.secondaryKilledSync,
  stays.linkFlaps,
  stays.linkFlapsAlone,
  lost.hostKilledAlone,
  partitionAlone,
  killRounds,
];
