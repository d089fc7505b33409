/** What the status says about a promotion, as the section and its dialog both need it. */
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { names } from '../../api/reasons.ts';

type PromoteFacts = ClusterStatus['promote'];

/** The reason that the admin may override, with a decision of its own (SAFETY §3 "Arbiter away"). */
const arbiterAway = 'arbiter_away';

/** Whether a promotion would need "without the arbiter": an emergency, and the server or its refusal says so. */
export function needsNoArbiter(facts: PromoteFacts, refusal: readonly { code: string }[]): boolean {
  if (facts.mode !== 'emergency') return false;
  return names(arbiterAway, facts.reasons) || names(arbiterAway, facts.warnings) || names(arbiterAway, refusal);
}

/** What refuses the promotion whatever the admin decides, one sentence each. */
export function firmBlockers(facts: PromoteFacts): string[] {
  if (facts.allowed) return [];
  const firm = facts.reasons.filter(
    (reason) => facts.mode !== 'emergency' || reason.code.toLowerCase() !== arbiterAway,
  );
  return firm.map((reason) => reason.sentence);
}

/** The server that would become main, as it is named within a sentence. */
export function candidateName(status: ClusterStatus): string {
  const node = status.nodes.find((candidate) => candidate.id === status.promote.node_id);
  return node === undefined || node.is_self ? 'this server' : node.display_name;
}
