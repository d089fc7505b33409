import type { LocalDatabaseState } from './effective-role.ts';
import { readinessIndicators, type IndicatorName, type ReadinessFacts, type ReadinessIndicator } from './indicators.ts';
import type { LossForecast } from './loss-forecast.ts';
import type { NodeHealthStatus } from './node-health.ts';
import type { Reason } from './reason.ts';
import { durationInWords } from './words.ts';

/** DESIGN §3: over this much lag an emergency promotion still only warns, but in stronger words. */
export const LAG_ALARM_SECONDS = 30;

export type PromotionBlockerCode =
  | 'not_a_member'
  | 'cluster_inactive'
  | 'node_removed'
  | 'node_diverged'
  | 'operation_running'
  | 'clone_running'
  | 'database_down'
  | 'database_starting'
  | 'not_in_recovery';

export type PromotionWarningCode =
  | 'main_answers'
  | 'main_never_heard'
  | 'main_heartbeat_old'
  | 'secondary_heartbeat_old'
  | 'lag_over_5_s'
  | 'lag_over_30_s'
  | 'lag_unknown'
  | 'slot_inactive'
  | 'slot_unknown'
  | 'versions_differ'
  | 'versions_unknown'
  | 'node_fenced'
  | 'loss_expected'
  | 'loss_unknown';

/** What is known of the candidate (the secondary to be promoted) and, from there, of main. */
export interface PromotionFacts extends Omit<ReadinessFacts, 'secondaryInRecovery'> {
  readonly isMember: boolean;
  /** `cluster_config.is_active`. */
  readonly clusterActive: boolean;
  /** The candidate's row; null when it has none. */
  readonly nodeStatus: NodeHealthStatus | null;
  readonly databaseState: LocalDatabaseState;
  readonly cloneRunning: boolean;
  /** The operation that runs on the candidate, in words that go into a sentence ("the join"); null when none does. */
  readonly runningOperation: string | null;
  /** How long ago main answered by any path: probe, heartbeat reply, its database port, WAL. null: never since start. */
  readonly mainAnsweredAgeMs: number | null;
  readonly offlineAfterMs: number;
  readonly lossForecast: LossForecast;
}

export interface PromotionJudgement {
  /** Any of these refuses the promotion, and disables the button with its sentence. */
  readonly blockers: readonly Reason<PromotionBlockerCode>[];
  readonly warnings: readonly Reason<PromotionWarningCode>[];
  /** Whether the admin has to type the node's name (DESIGN §5): main may be alive, or something warns. */
  readonly confirmationNeeded: boolean;
}

/**
 * May this secondary be promoted by an admin in an emergency, and what has to be said first (DESIGN §5, §8).
 *
 * Once main has been silent for `offlineAfterMs`, what only a living main could tell (heartbeats, its slot, a lag against
 * its end of WAL) is missing *because* main is dead: that is what the promotion is for, and not a second warning. The
 * loss forecast then says what these would have said. Otherwise the name would be asked every time, and typing it would
 * mean nothing.
 */
export function judgePromotion(facts: PromotionFacts): PromotionJudgement {
  const warnings = [...warnOfMain(facts), ...warnOfIndicators(facts), ...warnOfNode(facts), ...warnOfLoss(facts)];
  // `main_answers` is one of the warnings, so this covers both halves of DESIGN §5's rule.
  return { blockers: block(facts), warnings, confirmationNeeded: warnings.length > 0 };
}

function block(facts: PromotionFacts): readonly Reason<PromotionBlockerCode>[] {
  // A removed server has forgotten its cluster as well; that it was removed is the better answer.
  if (facts.nodeStatus === 'removed') {
    return [{ code: 'node_removed', sentence: 'This server was removed from the cluster.' }];
  }
  if (!facts.isMember) {
    return [{ code: 'not_a_member', sentence: 'This server belongs to no cluster, so there is nothing to take over.' }];
  }
  const blockers: Reason<PromotionBlockerCode>[] = [];
  if (!facts.clusterActive) {
    blockers.push({ code: 'cluster_inactive', sentence: 'The cluster was disbanded.' });
  }
  if (facts.nodeStatus === 'diverged') {
    blockers.push({
      code: 'node_diverged',
      sentence: 'This server holds rows that main does not have; it has to be repaired before it can be main.',
    });
  }
  if (facts.runningOperation !== null) {
    blockers.push({
      code: 'operation_running',
      sentence: `Another operation is running: ${facts.runningOperation}. Wait until it ends.`,
    });
  }
  const database = blockByDatabase(facts);
  return database === undefined ? blockers : [...blockers, database];
}

/** A running clone explains every state of the database, so it alone is named. */
function blockByDatabase(facts: PromotionFacts): Reason<PromotionBlockerCode> | undefined {
  if (facts.cloneRunning) {
    return {
      code: 'clone_running',
      sentence: "The copy of main's database is not complete, so there is nothing to promote.",
    };
  }
  switch (facts.databaseState) {
    case 'recovery':
      return undefined;
    case 'down':
      return { code: 'database_down', sentence: "This server's database does not answer; start it first." };
    case 'starting':
      return {
        code: 'database_starting',
        sentence: "This server's database is still starting; try again in a moment.",
      };
    case 'writable':
      return {
        code: 'not_in_recovery',
        sentence: "This server's database is not in recovery: it is writable already, so there is nothing to promote.",
      };
  }
}

function mainIsSilent({ mainAnsweredAgeMs, offlineAfterMs }: PromotionFacts): boolean {
  return mainAnsweredAgeMs !== null && mainAnsweredAgeMs >= offlineAfterMs;
}

function warnOfMain(facts: PromotionFacts): readonly Reason<PromotionWarningCode>[] {
  if (mainIsSilent(facts)) return [];
  if (facts.mainAnsweredAgeMs === null) {
    const sentence =
      'Main has not answered since this server started: it may be alive and only out of reach from here.';
    return [{ code: 'main_never_heard', sentence }];
  }
  const age = durationInWords(facts.mainAnsweredAgeMs);
  return [{ code: 'main_answers', sentence: `Main answered ${age} ago: if it is alive, there would be two mains.` }];
}

function warnOfIndicators(facts: PromotionFacts): readonly Reason<PromotionWarningCode>[] {
  const silent = mainIsSilent(facts);
  const secondaryInRecovery = facts.databaseState === 'recovery';
  return readinessIndicators({ ...facts, secondaryInRecovery }).flatMap((indicator) => {
    if (indicator.ok === true || (silent && onlyMainCouldTell(indicator))) return [];
    const code = warningCode(indicator, facts.replayLagSeconds);
    return code === undefined ? [] : [{ code, sentence: indicator.sentence }];
  });
}

const TOLD_BY_MAIN: ReadonlySet<IndicatorName> = new Set(['slot_active', 'replication_lag']);

/** Heartbeats end with main; of the others, only their absence does: a lag that *is* known warns. */
function onlyMainCouldTell({ name, ok }: ReadinessIndicator): boolean {
  return name === 'main_heartbeat' || name === 'secondary_heartbeat' || (ok === null && TOLD_BY_MAIN.has(name));
}

/** undefined: not being in recovery is a blocker, and not said twice. */
function warningCode(
  { name, ok }: ReadinessIndicator,
  replayLagSeconds: number | null,
): PromotionWarningCode | undefined {
  switch (name) {
    case 'main_heartbeat':
      return 'main_heartbeat_old';
    case 'secondary_heartbeat':
      return 'secondary_heartbeat_old';
    case 'replication_lag':
      if (replayLagSeconds === null) return 'lag_unknown';
      return replayLagSeconds > LAG_ALARM_SECONDS ? 'lag_over_30_s' : 'lag_over_5_s';
    case 'slot_active':
      return ok === null ? 'slot_unknown' : 'slot_inactive';
    case 'versions_equal':
      return ok === null ? 'versions_unknown' : 'versions_differ';
    case 'in_recovery':
      return undefined;
  }
}

function warnOfNode({ nodeStatus }: PromotionFacts): readonly Reason<PromotionWarningCode>[] {
  if (nodeStatus !== 'fenced') return [];
  const sentence = 'The writes of this server were shut because another main was met, whose rows it may not have.';
  return [{ code: 'node_fenced', sentence }];
}

function warnOfLoss({ lossForecast }: PromotionFacts): readonly Reason<PromotionWarningCode>[] {
  if (lossForecast.lossBytes === 0) return [];
  const code = lossForecast.lossBytes === null ? 'loss_unknown' : 'loss_expected';
  return [{ code, sentence: lossForecast.sentence }];
}
