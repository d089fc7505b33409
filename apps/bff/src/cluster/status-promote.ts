/** The page's "Promote to Main": allowed or not, with what has to be confirmed (DESIGN §5's one rule). */
import type { ClusterStatus } from '@proxpanel/contracts/status';
import type { Reason } from '@proxpanel/contracts/primitives';
import { judgeSwitchover } from './choose-candidate.ts';
import type { ClusterContext } from './cluster-context.ts';
import { candidateReasons } from './judge-candidate.ts';
import { judgeOwnPromotion } from './judge-promotion.ts';
import { configuredRole, mainPeer } from './membership.ts';
import type { Membership } from './node-file.ts';
import { ownLag } from './observe-replication.ts';

type Promote = ClusterStatus['promote'];

/** Over it the admin types the name (DESIGN §8 "Indicators"). */
const warnLagSeconds = 5;

/** Planned while main can do its part, from either page; an emergency otherwise, on the secondary's own page. */
export function readPromote(context: ClusterContext): Promote {
  const { membership } = context.nodeFile.get();
  switch (configuredRole(membership)) {
    case 'main':
      return promoteOther(context);
    case 'secondary':
      if (membership !== null && mainDoesItsPart(context, membership)) return promoteSelfPlanned(context, membership);
      return promoteSelf(context);
    case 'standalone':
      return {
        ...{ allowed: false, node_id: null, mode: 'emergency', confirm_name: null, loss_forecast: null, warnings: [] },
        reasons: [{ code: 'not_secondary', sentence: 'This server belongs to no cluster.' }],
      };
  }
}

function promoteOther(context: ClusterContext): Promote {
  const { candidate, blockers, warnings } = judgeSwitchover(context);
  return planned(candidate?.node_id ?? null, candidate?.display_name ?? null, blockers, warnings);
}

function promoteSelfPlanned(
  context: ClusterContext,
  { node_id: id, display_name: name, main_node_id: main }: Membership,
): Promote {
  const blockers = candidateReasons(context);
  const reply = context.memory.probes.get(main)?.reply ?? null;
  if (reply !== null && reply.version !== context.own.version) {
    const sentence = `Main has version ${reply.version}, this server ${context.own.version}.`;
    blockers.push({ code: 'versions_differ', sentence });
  }
  const { seconds } = ownLag(context, context.memory.positions);
  const isLate = seconds !== null && seconds > warnLagSeconds;
  const sentence = `This server is ${(seconds ?? 0).toFixed(0)} s behind: writes are shut until it has caught up.`;
  return planned(id, name, blockers, isLate ? [{ code: 'lag_over_5_s', sentence }] : []);
}

function planned(
  nodeId: number | null,
  name: string | null,
  blockers: readonly Reason[],
  warnings: readonly Reason[],
): Promote {
  return {
    allowed: blockers.length === 0,
    node_id: nodeId,
    mode: 'switchover',
    reasons: [...blockers],
    warnings: [...warnings],
    confirm_name: warnings.length > 0 ? name : null,
    loss_forecast: null,
  };
}

/** Its panel answers, and its database takes writes: it can be shut in order, and nothing is lost. */
function mainDoesItsPart(context: ClusterContext, membership: Membership): boolean {
  const main = mainPeer(membership);
  const probe = main === null ? undefined : context.memory.probes.get(main.node_id);
  if (probe?.reply == null || probe.lastFailure !== null || probe.lastGoodAtMs === null) return false;
  const ageMs = context.clock.nowMs() - probe.lastGoodAtMs;
  const { role, database_state: state } = probe.reply;
  return ageMs <= membership.settings.offline_after_ms && role === 'main' && state === 'writable';
}

function promoteSelf(context: ClusterContext): Promote {
  const { membership } = context.nodeFile.get();
  const { blockers, warnings, confirmationNeeded, forecast } = judgeOwnPromotion(context);
  return {
    allowed: blockers.length === 0,
    node_id: membership?.node_id ?? null,
    mode: 'emergency',
    reasons: [...blockers],
    warnings: [...warnings],
    confirm_name: confirmationNeeded ? (membership?.display_name ?? null) : null,
    loss_forecast: {
      loss_bytes: forecast.lossBytes,
      wait_bytes: forecast.waitBytes,
      knowledge_age_ms: forecast.knowledgeAgeMs,
      sentence: forecast.sentence,
    },
  };
}
