/** The page's "Promote to Main": allowed or not, with what has to be confirmed (DESIGN §5's one rule). */
import type { ClusterStatus } from '@proxpanel/contracts/status';
import type { ClusterContext } from './cluster-context.ts';
import { judgeOwnPromotion } from './judge-promotion.ts';
import { configuredRole } from './membership.ts';

export function readPromote(context: ClusterContext): ClusterStatus['promote'] {
  const { membership } = context.nodeFile.get();
  const base = { mode: 'emergency', confirm_name: null, loss_forecast: null, warnings: [] } as const;
  if (membership === null || configuredRole(membership) !== 'secondary') {
    const sentence =
      configuredRole(membership) === 'main'
        ? 'This server is main already; open the page of the secondary that is to be promoted.'
        : 'This server belongs to no cluster.';
    return { ...base, warnings: [], allowed: false, node_id: null, reasons: [{ code: 'not_secondary', sentence }] };
  }
  const { blockers, warnings, confirmationNeeded, forecast } = judgeOwnPromotion(context);
  return {
    allowed: blockers.length === 0,
    node_id: membership.node_id,
    mode: 'emergency',
    reasons: [...blockers],
    warnings: [...warnings],
    confirm_name: confirmationNeeded ? membership.display_name : null,
    loss_forecast: {
      loss_bytes: forecast.lossBytes,
      wait_bytes: forecast.waitBytes,
      knowledge_age_ms: forecast.knowledgeAgeMs,
      sentence: forecast.sentence,
    },
  };
}
