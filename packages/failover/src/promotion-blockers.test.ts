import fc from 'fast-check';
import { expect, test } from 'vitest';
import { forecastLoss } from './loss-forecast.ts';
import {
  judgePromotion,
  type PromotionBlockerCode,
  type PromotionFacts,
  type PromotionWarningCode,
} from './promotion-blockers.ts';

const noLoss = forecastLoss({ mainWriteLsn: 9n, mainWriteLsnAgeMs: 1_000, receivedLsn: 9n, replayedLsn: 9n });
const someLoss = forecastLoss({ mainWriteLsn: 99n, mainWriteLsnAgeMs: 1_000, receivedLsn: 9n, replayedLsn: 9n });
const unknownLoss = forecastLoss({ mainWriteLsn: null, mainWriteLsnAgeMs: null, receivedLsn: 9n, replayedLsn: 9n });

/** Main died five minutes ago; this secondary had everything. */
const mainDead: PromotionFacts = {
  isMember: true,
  clusterActive: true,
  nodeStatus: 'online',
  databaseState: 'recovery',
  cloneRunning: false,
  runningOperation: null,
  mainAnsweredAgeMs: 300_000,
  offlineAfterMs: 120_000,
  mainHeartbeatAgeMs: 300_000,
  secondaryHeartbeatAgeMs: 300_000,
  replayLagSeconds: null,
  slotActive: null,
  mainVersion: '1.0.0',
  secondaryVersion: '1.0.0',
  lossForecast: noLoss,
};

/** Main lives and all is well: what a careless click would meet. */
const mainAlive: PromotionFacts = {
  ...mainDead,
  mainAnsweredAgeMs: 1_000,
  mainHeartbeatAgeMs: 1_000,
  secondaryHeartbeatAgeMs: 1_000,
  replayLagSeconds: 0,
  slotActive: true,
};

function blockers(facts: Partial<PromotionFacts>): PromotionBlockerCode[] {
  return judgePromotion({ ...mainDead, ...facts }).blockers.map(({ code }) => code);
}

function warnings(facts: PromotionFacts): PromotionWarningCode[] {
  return judgePromotion(facts).warnings.map(({ code }) => code);
}

test('main is dead and nothing is lost: one click, no name', () => {
  expect(judgePromotion(mainDead)).toEqual({ blockers: [], warnings: [], confirmationNeeded: false });
});

test('main answers: the name is asked, for this one reason', () => {
  const judgement = judgePromotion(mainAlive);
  expect(judgement.blockers).toEqual([]);
  expect(judgement.confirmationNeeded).toBe(true);
  expect(judgement.warnings).toEqual([
    { code: 'main_answers', sentence: 'Main answered 1 s ago: if it is alive, there would be two mains.' },
  ]);
});

test('main answered just within offline_after_ms, and just not', () => {
  expect(judgePromotion({ ...mainDead, mainAnsweredAgeMs: 119_999 }).confirmationNeeded).toBe(true);
  expect(judgePromotion({ ...mainDead, mainAnsweredAgeMs: 120_000 }).confirmationNeeded).toBe(false);
});

const BLOCKED: readonly [code: PromotionBlockerCode, facts: Partial<PromotionFacts>][] = [
  ['not_a_member', { isMember: false }],
  ['cluster_inactive', { clusterActive: false }],
  ['node_removed', { nodeStatus: 'removed' }],
  ['node_removed', { nodeStatus: 'removed', isMember: false }],
  ['node_diverged', { nodeStatus: 'diverged' }],
  ['operation_running', { runningOperation: 'the join' }],
  ['clone_running', { cloneRunning: true, databaseState: 'down' }],
  ['database_down', { databaseState: 'down' }],
  ['database_starting', { databaseState: 'starting' }],
  ['not_in_recovery', { databaseState: 'writable' }],
];

test.each(BLOCKED)('%s blocks', (code, facts) => {
  expect(blockers(facts)).toEqual([code]);
});

test('all blockers are told at once', () => {
  const all = blockers({ clusterActive: false, runningOperation: 'the join', databaseState: 'down' });
  expect(all).toEqual(['cluster_inactive', 'operation_running', 'database_down']);
});

test('an operation is named', () => {
  const [blocker] = judgePromotion({ ...mainDead, runningOperation: 'the join' }).blockers;
  expect(blocker?.sentence).toBe('Another operation is running: the join. Wait until it ends.');
});

const WARNED_WHILE_ALIVE: readonly [code: PromotionWarningCode, facts: Partial<PromotionFacts>][] = [
  ['main_heartbeat_old', { mainHeartbeatAgeMs: 60_000 }],
  ['secondary_heartbeat_old', { secondaryHeartbeatAgeMs: null }],
  ['lag_over_5_s', { replayLagSeconds: 5 }],
  ['lag_over_5_s', { replayLagSeconds: 30 }],
  ['lag_over_30_s', { replayLagSeconds: 30.001 }],
  ['lag_unknown', { replayLagSeconds: null }],
  ['slot_inactive', { slotActive: false }],
  ['slot_unknown', { slotActive: null }],
];

test.each(WARNED_WHILE_ALIVE)('%s warns while main answers', (code, facts) => {
  expect(warnings({ ...mainAlive, ...facts })).toEqual(['main_answers', code]);
});

const WARNED_ALWAYS: readonly [code: PromotionWarningCode, facts: Partial<PromotionFacts>][] = [
  ['main_never_heard', { mainAnsweredAgeMs: null, ...livelySigns() }],
  ['lag_over_5_s', { replayLagSeconds: 12 }],
  ['slot_inactive', { slotActive: false }],
  ['versions_differ', { mainVersion: '1.1.0' }],
  ['versions_unknown', { mainVersion: null }],
  ['node_fenced', { nodeStatus: 'fenced' }],
  ['loss_expected', { lossForecast: someLoss }],
  ['loss_unknown', { lossForecast: unknownLoss }],
];

/** What leaves no other warning when it is not known whether main is dead. */
function livelySigns(): Partial<PromotionFacts> {
  return { mainHeartbeatAgeMs: 0, secondaryHeartbeatAgeMs: 0, replayLagSeconds: 0, slotActive: true };
}

test.each(WARNED_ALWAYS)('%s warns and asks the name, though main is dead', (code, facts) => {
  const judgement = judgePromotion({ ...mainDead, ...facts });
  expect(judgement.warnings.map((warning) => warning.code)).toEqual([code]);
  expect(judgement.confirmationNeeded).toBe(true);
});

test('only a node whose database is in recovery, that is a member and undisturbed, is ever free to be promoted', () => {
  const anyFacts = fc.record({
    isMember: fc.boolean(),
    clusterActive: fc.boolean(),
    nodeStatus: fc.constantFrom('online' as const, 'removed' as const, 'diverged' as const, 'syncing' as const, null),
    databaseState: fc.constantFrom('writable' as const, 'recovery' as const, 'starting' as const, 'down' as const),
    cloneRunning: fc.boolean(),
    runningOperation: fc.constantFrom(null, 'the join'),
    mainAnsweredAgeMs: fc.option(fc.nat({ max: 300_000 })),
  });
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const judgement = judgePromotion({ ...mainDead, ...facts });
      for (const { sentence } of [...judgement.blockers, ...judgement.warnings])
        expect(sentence).toMatch(/^[A-Z].*\.$/);
      const mayBeAlive = facts.mainAnsweredAgeMs === null || facts.mainAnsweredAgeMs < 120_000;
      if (mayBeAlive) expect(judgement.confirmationNeeded).toBe(true);
      const sound = facts.isMember && facts.clusterActive && !['removed', 'diverged'].includes(facts.nodeStatus ?? '');
      const idle = !facts.cloneRunning && facts.runningOperation === null;
      expect(judgement.blockers.length === 0).toBe(sound && idle && facts.databaseState === 'recovery');
    }),
  );
});
