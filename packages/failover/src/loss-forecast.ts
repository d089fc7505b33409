import { lsnDistanceBytes } from './lsn.ts';
import { bytesInWords, durationInWords } from './words.ts';

export interface LossFacts {
  /** Main's end of WAL, as its last probe or heartbeat reply said. */
  readonly mainWriteLsn: bigint | null;
  /** How long ago main said so. */
  readonly mainWriteLsnAgeMs: number | null;
  /** What the candidate has received (and flushed), and what of it is replayed. */
  readonly receivedLsn: bigint | null;
  readonly replayedLsn: bigint | null;
}

export interface LossForecast {
  /** Known to be written on main and not received here: gone after a failover. null: cannot be told. */
  readonly lossBytes: number | null;
  /** How old the knowledge of main is; null when there is none. What main wrote since then is not in `lossBytes`. */
  readonly knowledgeAgeMs: number | null;
  /** Received and not replayed: time until the promotion ends, not loss. */
  readonly waitBytes: number | null;
  readonly sentence: string;
}

/** What an emergency or automatic failover would lose (DESIGN §8), shown before it and never a reason to hide it. */
export function forecastLoss({ mainWriteLsn, mainWriteLsnAgeMs, receivedLsn, replayedLsn }: LossFacts): LossForecast {
  // After a restart of PostgreSQL the receive position starts anew, while what was replayed was certainly received.
  const held = latest(receivedLsn, replayedLsn);
  const waitBytes = held === null || replayedLsn === null ? null : lsnDistanceBytes(held, replayedLsn);
  const lossBytes = mainWriteLsn === null || held === null ? null : lsnDistanceBytes(mainWriteLsn, held);
  const knowledgeAgeMs = mainWriteLsn === null ? null : mainWriteLsnAgeMs;
  const sentence = describeLoss(lossBytes, knowledgeAgeMs, mainWriteLsn !== null) + describeWait(waitBytes);
  return { lossBytes, knowledgeAgeMs, waitBytes, sentence };
}

function latest(one: bigint | null, other: bigint | null): bigint | null {
  if (one === null || other === null) return one ?? other;
  return one > other ? one : other;
}

function describeLoss(lossBytes: number | null, knowledgeAgeMs: number | null, mainIsKnown: boolean): string {
  if (lossBytes === null) {
    return mainIsKnown
      ? 'How much would be lost cannot be told: this server does not know what it has received.'
      : 'How much would be lost cannot be told: this server does not know how far main had written.';
  }
  const when = knowledgeAgeMs === null ? 'when it was last heard' : `${durationInWords(knowledgeAgeMs)} ago`;
  if (lossBytes === 0) {
    return `Everything that main had written ${when} is here; what it wrote after that would be lost.`;
  }
  return `${bytesInWords(lossBytes)} that main had written ${when} have not arrived and would be lost, as would all that it wrote after that.`;
}

function describeWait(waitBytes: number | null): string {
  if (waitBytes === null || waitBytes === 0) return '';
  return ` ${bytesInWords(waitBytes)} have arrived and wait to be replayed: that costs time, not data.`;
}
