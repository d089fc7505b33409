import { lsnDistanceBytes } from './lsn.ts';
import { bytesInWords } from './words.ts';

/** One promotion, as `cluster_promotions` and node.json hold it (SAFETY §2). */
export interface PromotionRecord {
  readonly promotionId: string;
  /** The timeline that the promotion began. */
  readonly timeline: number;
  /** Where that timeline left the one before it. */
  readonly forkLsn: bigint;
}

export type DivergenceCode =
  | 'past_fork'
  | 'own_promotion_unknown_to_main'
  | 'own_promotion_unrecorded'
  | 'same_timeline_other_promotion'
  | 'records_disagree';

export type FollowVerdict =
  | { readonly mayFollow: true }
  | {
      readonly mayFollow: false;
      readonly code: DivergenceCode;
      /** One sentence for the admin. */
      readonly reason: string;
      /** WAL that this node wrote, or received, beyond the last point that both share; null when that is not known. */
      readonly bytesPastFork: number | null;
      /** What can mend it: pg_rewind compares timeline *numbers*, so it must not be used where a number is shared. */
      readonly repair: 'rewind' | 'base_backup';
    };

/** The timelines that the databases are on now; `mains` null: not known. */
export interface CurrentTimelines {
  readonly own: number;
  readonly mains: number | null;
  /** Each timeline that main's PostgreSQL has come through, and where its history left it. */
  readonly mainsForks: readonly TimelineFork[];
  /** The newest timeline of which WAL lies here, and what its history file says: a standby's control file lags behind. */
  readonly ownHistory: { readonly timeline: number; readonly forks: readonly TimelineFork[] };
}

/** A line of a timeline's history file: PostgreSQL knows every fork, also of a promotion that nobody wrote down. */
export interface TimelineFork {
  readonly timeline: number;
  readonly leftAtLsn: bigint;
}

/**
 * May this node attach to the new main by itself (SAFETY §2)? Only if main's list contains the node's whole list, and the
 * node's last LSN is at most the fork LSN of the first promotion that it lacks. Equal timeline numbers prove nothing.
 *
 * `ownLastLsn` is the node's end of WAL, read after the stop or demotion that followed a CHECKPOINT; an earlier reading
 * may be too low. The order of the lists does not matter: of main's promotions that the node lacks, the first is the one
 * with the lowest fork.
 *
 * `timelines` is what the two databases themselves say. A promotion that was cut off before anything was written down
 * leaves a timeline that no list knows, and that main has, or will have, by the same number.
 */
export function comparePromotionHistories(
  own: readonly PromotionRecord[],
  mains: readonly PromotionRecord[],
  ownLastLsn: bigint,
  timelines: CurrentTimelines | null = null,
): FollowVerdict {
  const disagreement = findDisagreement(own, mains);
  if (disagreement !== undefined) {
    const reason = `This server and main remember promotion ${disagreement} differently; nothing can be concluded from it.`;
    return { mayFollow: false, code: 'records_disagree', reason, bytesPastFork: null, repair: 'base_backup' };
  }
  const unknownToMain = lacking(mains, own);
  const unknownHere = lacking(own, mains);
  const shared = lowestFork([...unknownToMain, ...unknownHere]);
  if (timelines !== null && isUnrecorded(own, mains, timelines)) {
    const reason = `This server was promoted to timeline ${String(timelines.own)} without a record of it; its rows past that point are its own.`;
    const bytesPastFork = shared === undefined ? null : lsnDistanceBytes(ownLastLsn, shared);
    return { mayFollow: false, code: 'own_promotion_unrecorded', reason, bytesPastFork, repair: 'base_backup' };
  }
  if (shared !== undefined && unknownToMain.length > 0) {
    return refuseOwnPromotion(unknownToMain, unknownHere, lsnDistanceBytes(ownLastLsn, shared));
  }
  const apart = timelines === null ? undefined : whereForksPart(timelines);
  if (apart !== undefined) {
    const reason =
      'PostgreSQL’s own history says that this server and main came to a timeline of one number apart from each other.';
    const bytesPastFork = lsnDistanceBytes(ownLastLsn, apart);
    return { mayFollow: false, code: 'own_promotion_unrecorded', reason, bytesPastFork, repair: 'base_backup' };
  }
  const leftAt = timelines === null ? undefined : whereMainLeft(own, timelines);
  const end = lowest([shared, leftAt]);
  // Both are on one timeline: streaming itself compares the positions.
  if (end === undefined || ownLastLsn <= end) return { mayFollow: true };
  const bytesPastFork = lsnDistanceBytes(ownLastLsn, end);
  const reason = `This server went on for ${bytesInWords(bytesPastFork)} after the point at which main was promoted.`;
  return { mayFollow: false, code: 'past_fork', reason, bytesPastFork, repair: 'rewind' };
}

function refuseOwnPromotion(
  unknownToMain: readonly PromotionRecord[],
  unknownHere: readonly PromotionRecord[],
  bytesPastFork: number,
): FollowVerdict {
  const twin = unknownToMain.find(({ timeline }) => unknownHere.some((other) => other.timeline === timeline));
  const size = bytesInWords(bytesPastFork);
  if (twin !== undefined) {
    const number = String(twin.timeline);
    const reason = `This server and main were each promoted to timeline ${number}, apart from each other; this one holds ${size} that main does not have.`;
    return { mayFollow: false, code: 'same_timeline_other_promotion', reason, bytesPastFork, repair: 'base_backup' };
  }
  const reason = `This server was promoted once without main's knowledge, and holds ${size} that main does not have.`;
  return { mayFollow: false, code: 'own_promotion_unknown_to_main', reason, bytesPastFork, repair: 'rewind' };
}

/**
 * Main's timelines never fall, and those that a promotion began are in a list as a rule: one that is in none, though others
 * are, is this server's alone. Where main has an unwritten one as well, the forks tell them apart.
 */
function isUnrecorded(
  own: readonly PromotionRecord[],
  mains: readonly PromotionRecord[],
  timelines: CurrentTimelines,
): boolean {
  if (own.some(({ timeline }) => timeline === timelines.own)) return false;
  if (timelines.mains !== null && timelines.own > timelines.mains) return true;
  return [...own, ...mains].some(({ timeline }) => timeline <= timelines.own);
}

/** Records of `all` whose promotion `known` does not contain. */
function lacking(known: readonly PromotionRecord[], all: readonly PromotionRecord[]): readonly PromotionRecord[] {
  const ids = new Set(known.map(({ promotionId }) => promotionId));
  return all.filter(({ promotionId }) => !ids.has(promotionId));
}

function lowestFork(records: readonly PromotionRecord[]): bigint | undefined {
  return lowest(records.map(({ forkLsn }) => forkLsn));
}

function lowest(lsns: readonly (bigint | undefined)[]): bigint | undefined {
  return lsns.reduce(
    (least, lsn) => (least === undefined || (lsn !== undefined && lsn < least) ? lsn : least),
    undefined,
  );
}

/**
 * Where main's history left the timeline that this node is on. The list of promotions does not say it of a timeline whose
 * promotion was cut off before anything was written down. A standby's control file may lag behind its own rows.
 */
function whereMainLeft(own: readonly PromotionRecord[], timelines: CurrentTimelines): bigint | undefined {
  const current = Math.max(timelines.own, timelines.ownHistory.timeline, ...own.map(({ timeline }) => timeline));
  return timelines.mainsForks.find(({ timeline }) => timeline === current)?.leftAtLsn;
}

/** A promotion that both know by its id, but with another timeline or fork. */
function findDisagreement(own: readonly PromotionRecord[], mains: readonly PromotionRecord[]): string | undefined {
  return own.find(({ promotionId, timeline, forkLsn }) =>
    mains.some(
      (other) => other.promotionId === promotionId && (other.timeline !== timeline || other.forkLsn !== forkLsn),
    ),
  )?.promotionId;
}

/** Two timelines of one number that left the one before at different points are not the same; the earlier point is shared. */
function whereForksPart({ mainsForks, ownHistory }: CurrentTimelines): bigint | undefined {
  return lowest(
    ownHistory.forks.flatMap(({ timeline, leftAtLsn }) =>
      mainsForks
        .filter((fork) => fork.timeline === timeline && fork.leftAtLsn !== leftAtLsn)
        .map((fork) => lowest([fork.leftAtLsn, leftAtLsn])),
    ),
  );
}
