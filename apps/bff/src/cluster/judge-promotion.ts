/** May this secondary be promoted now, and what must be said first? Facts from everywhere, judged by the pure core (DESIGN §5, §8). */
import { forecastLoss, type LossForecast } from '@proxpanel/failover/loss-forecast';
import { judgePromotion, type PromotionFacts, type PromotionJudgement } from '@proxpanel/failover/promotion-blockers';
import type { ClusterContext } from './cluster-context.ts';
import { mainPeer } from './membership.ts';
import { ownLag, receiverStreams } from './observe-replication.ts';

export interface Judgement extends PromotionJudgement {
  readonly forecast: LossForecast;
}

/** `ignoreLock`: asked from within the promotion, which holds the operation lock itself. */
export function judgeOwnPromotion(context: ClusterContext, ignoreLock = false): Judgement {
  const facts = promotionFacts(context, ignoreLock);
  return { ...judgePromotion(facts), forecast: facts.lossForecast };
}

function promotionFacts(context: ClusterContext, ignoreLock: boolean): PromotionFacts {
  const { membership, join_script: script, ended_membership: ended } = context.nodeFile.get();
  const { memory } = context;
  const nowMs = context.clock.nowMs();
  const main = membership === null ? null : mainPeer(membership);
  const probe = main === null ? undefined : memory.probes.get(main.node_id);
  const streams = receiverStreams(memory.positions);
  const mainAnsweredAtMs = latest(probe?.lastGoodAtMs ?? null, memory.lastHeartbeatSentOkAtMs, streams ? nowMs : null);
  const lag = ownLag(context, memory.positions);
  const isSecondary = membership !== null && membership.main_node_id !== membership.node_id;
  return {
    isMember: membership !== null,
    clusterActive: membership?.is_active ?? false,
    nodeStatus: membership?.fence != null ? 'fenced' : ended !== null && membership === null ? 'removed' : 'online',
    databaseState: context.database.view().state,
    cloneRunning: isSecondary && script !== null && !script.finished,
    runningOperation: ignoreLock ? null : context.lock.running(),
    mainAnsweredAgeMs: age(nowMs, mainAnsweredAtMs),
    offlineAfterMs: membership?.settings.offline_after_ms ?? 0,
    lossForecast: forecastLoss({
      mainWriteLsn: memory.mainWriteLsn?.lsn ?? null,
      mainWriteLsnAgeMs: age(nowMs, memory.mainWriteLsn?.atMs ?? null),
      receivedLsn: memory.positions?.receiveLsn ?? null,
      replayedLsn: memory.positions?.replayLsn ?? null,
    }),
    mainHeartbeatAgeMs: age(nowMs, mainAnsweredAtMs),
    secondaryHeartbeatAgeMs: age(nowMs, memory.lastHeartbeatSentOkAtMs),
    replayLagSeconds: lag.seconds,
    // The slot is main's; a receiver that streams uses it.
    slotActive: streams ? true : null,
    mainVersion: probe?.reply?.version ?? null,
    secondaryVersion: context.own.version,
  };
}

function age(nowMs: number, atMs: number | null): number | null {
  return atMs === null ? null : Math.max(0, nowMs - atMs);
}

function latest(...times: (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.max(...known);
}
