/** What a status means at 3 am: is all well, and what is to be done next? Pure. */
import type { ClusterStatus } from '@proxpanel/contracts/status';

export interface StatusFacts {
  readonly status: ClusterStatus;
  /** The panel itself answers on this host. */
  readonly panelRuns: boolean;
  /** Another server is main: whether it said just now that it takes writes; null where this server is main or standalone. */
  readonly mainTakesWrites: boolean | null;
}

export interface StatusJudgement {
  /** 0: well. 1: degraded. 2: no main that takes writes is known. */
  readonly exitCode: 0 | 1 | 2;
  /** What is not well, one sentence each. */
  readonly faults: readonly string[];
  /** What to do next, in one line. */
  readonly next: string;
}

export function judgeStatus(facts: StatusFacts): StatusJudgement {
  const faults = faultsOf(facts);
  const writable = isSomebodyWritable(facts);
  return { exitCode: writable ? (faults.length === 0 ? 0 : 1) : 2, faults, next: nextStep(facts, writable, faults) };
}

function isSomebodyWritable({ status, mainTakesWrites }: StatusFacts): boolean {
  if (status.server.role === 'secondary') return mainTakesWrites === true;
  return status.database.state === 'writable' && status.writes.allowed;
}

function faultsOf({ status, panelRuns }: StatusFacts): string[] {
  const faults: string[] = [];
  if (!panelRuns) faults.push('The panel is stopped on this server: nothing here acts by itself.');
  if (status.database.state === 'down' || status.database.state === 'starting') faults.push(status.database.sentence);
  if (status.redis.state === 'down') faults.push(status.redis.sentence);
  for (const node of status.nodes) {
    // A stopped panel makes its own server's node what it is; the first line says so.
    if (node.status === 'online' || node.status === 'removed' || (node.is_self && !panelRuns)) continue;
    faults.push(`${node.display_name} is ${node.status}: ${node.status_reason}`);
  }
  const { arbiter, durability, divergence } = status;
  if (arbiter !== null && arbiter.state !== 'ok') faults.push(arbiter.sentence);
  if (durability?.state === 'degraded' || durability?.state === 'stalled') faults.push(durability.sentence);
  if (divergence !== null) faults.push(divergence.reason);
  for (const indicator of status.indicators) if (indicator.ok === false) faults.push(indicator.sentence);
  for (const notice of status.notices) if (notice.severity === 'critical') faults.push(notice.sentence);
  return [...new Set(faults)];
}

function nextStep(facts: StatusFacts, writable: boolean, faults: readonly string[]): string {
  const { status, panelRuns } = facts;
  const { server, operation, actions } = status;
  if (operation?.state === 'running') {
    return panelRuns
      ? `Wait: a change of main (${operation.kind}) runs; ask again.`
      : `Start the panel: a change of main (${operation.kind}) was cut off, and it goes on with it.`;
  }
  if (status.divergence !== null && actions.rejoin.allowed)
    return 'Have this server repaired: proxpanel-cluster rejoin.';
  if (server.role === 'main' && !writable) return mainsNext(facts);
  if (server.role === 'secondary' && !writable) return secondarysNext(status);
  if (!panelRuns) return 'Start the panel.';
  if (server.role === 'standalone' && !writable) return `Bring PostgreSQL back: ${status.database.sentence}`;
  const [fault] = faults;
  return fault === undefined ? 'Nothing.' : `Look into this first: ${fault}`;
}

function mainsNext({ status, panelRuns }: StatusFacts): string {
  const { database, actions, failover } = status;
  if (database.state === 'down' || database.state === 'starting') {
    return 'Start PostgreSQL here; if this host is lost, promote the secondary on its own host.';
  }
  if (database.state === 'writable') return status.writes.sentence;
  const promote = 'proxpanel-cluster promote';
  if (!panelRuns)
    return `This main waits, read-only. Start the panel, which asks whether it is still main; or ${promote}.`;
  if (status.server.role_sentence.includes(promote)) return status.server.role_sentence;
  const claim = actions.claim_main.allowed
    ? ' If you are certain that no other server is main: proxpanel-cluster claim-main.'
    : '';
  return `This main waits, read-only: ${failover?.sentence ?? database.sentence}${claim}`;
}

function secondarysNext({ failover, promote }: ClusterStatus): string {
  if (failover?.countdown_ms != null) {
    const seconds = Math.ceil(failover.countdown_ms / 1_000);
    return `Wait: this server takes over by itself in ${String(seconds)} s; or, at once: proxpanel-cluster promote --emergency.`;
  }
  const [reason] = promote.reasons;
  if (!promote.allowed) return `No main takes writes, and this server cannot be promoted: ${reason?.sentence ?? ''}`;
  return 'Look at main first. If it is lost: proxpanel-cluster promote --emergency.';
}
