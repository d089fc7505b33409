/** Taking the lease (SAFETY §3 "Lease"): all comparisons in one transaction, then lease, node and term together. */
import type { ArbiterView, DecidedOn, LeaseRequest, LeaseResult } from '../cluster/arbiter-ports.ts';
import type { EtcdClient } from './etcd-client.ts';
import { encodeMain, encodeTerm, keysOf, type KeysView } from './keys.ts';
import {
  exists,
  grantLease,
  hasValue,
  isAtRevision,
  look,
  put,
  revokeLease,
  transact,
  type Seen,
  type Transaction,
} from './lease-calls.ts';

export interface LeaseTools {
  readonly client: EtcdClient;
  /** Boot clock of this machine, ms. */
  readonly bootMs: () => number;
  /** Leases that were granted for a transaction whose end is not known, or that could not be given back. */
  readonly unsettled: Set<string>;
}

/** As the port says. */
export async function takeLease(tools: LeaseTools, request: LeaseRequest): Promise<LeaseResult> {
  // With its lease gone an earlier transaction of ours that is still under way can no longer be carried out.
  for (const leaseId of tools.unsettled) await giveBack(tools, leaseId);
  return takeLeaseAsSeen(tools, request, await look(tools.client, request.clusterId));
}

/** `seen` may be old by now: the transaction compares all that was decided on. */
export async function takeLeaseAsSeen(tools: LeaseTools, asked: LeaseRequest, seen: Seen): Promise<LeaseResult> {
  const request = { ...asked, decidedOn: asked.decidedOn ?? decidedOn(seen) };
  if (request.decidedOn.arbiterId !== seen.arbiterId) {
    return { taken: false, sentence: 'Another arbiter stands in the place of the one that was asked before.' };
  }
  const already = whyRefused(request, seen);
  if (already !== null) return { taken: false, sentence: already };
  const lengthMs = seen.main?.ttlMs ?? request.ttlMs;
  const term = Math.max(request.decidedOn.term ?? 0, request.ownTerm) + 1;
  return underNewLease(tools, lengthMs, term, (leaseId) => ({
    transaction: takingTransaction(request, seen, { leaseId, term, lengthMs }),
    why: (now) => whyRefused(request, now) ?? 'The arbiter changed while this server asked for the lease.',
  }));
}

/** What a look says of what a decision compares. */
export function decidedOn({ arbiterId, term, durability }: ArbiterView): DecidedOn {
  return { arbiterId, term, durabilityRevision: durability.modRevision };
}

type DecidedRequest = LeaseRequest & { readonly decidedOn: DecidedOn };

function takingTransaction(
  request: DecidedRequest,
  seen: KeysView,
  { leaseId, term, lengthMs }: { leaseId: string; term: number; lengthMs: number },
): Transaction {
  const { clusterId, nodeId } = request;
  const { term: knownTerm, durabilityRevision } = request.decidedOn;
  const keys = keysOf(clusterId);
  const founders = knownTerm === null ? [...new Set(request.foundMembers)] : [];
  return {
    clusterId,
    compare: [
      // Also after a look at an absent key: 0 is what that says.
      isAtRevision(keys.main, request.takeOverFrom === null ? 0 : seen.mainModRevision),
      knownTerm === null ? isAtRevision(keys.term, 0) : hasValue(keys.term, encodeTerm(knownTerm)),
      ...(knownTerm === null ? [] : [exists(keys.member(nodeId))]),
      isAtRevision(keys.durability, durabilityRevision),
    ],
    success: [
      put(keys.main, encodeMain({ node_id: nodeId, term, lease_ttl_ms: lengthMs }), leaseId),
      put(keys.term, encodeTerm(term)),
      ...founders.map((founder) => put(keys.member(founder), '')),
    ],
  };
}

/** Which of the comparisons does not hold, in one sentence; null: all hold. */
function whyRefused(request: DecidedRequest, { main, term, memberNodeIds, durability }: KeysView): string | null {
  const { takeOverFrom, nodeId } = request;
  const { term: knownTerm, durabilityRevision } = request.decidedOn;
  if (takeOverFrom === null && main !== null) {
    return `Server ${String(main.nodeId)} holds the lease, with term ${String(main.term)}.`;
  }
  if (takeOverFrom !== null && (main?.nodeId !== takeOverFrom.nodeId || main.term !== takeOverFrom.term)) {
    const holder =
      main === null ? 'nobody holds it' : `server ${String(main.nodeId)} does, with term ${String(main.term)}`;
    return `Server ${String(takeOverFrom.nodeId)} no longer holds the lease with term ${String(takeOverFrom.term)}: ${holder}.`;
  }
  if (term !== knownTerm) {
    const now = term === null ? 'has no term of this cluster' : `is at term ${String(term)}`;
    const expected = knownTerm === null ? 'none' : String(knownTerm);
    return `The arbiter ${now}, where this server expected ${expected}: something has changed since it looked.`;
  }
  const members = knownTerm === null ? request.foundMembers : memberNodeIds;
  if (!members.includes(nodeId)) {
    return `This server (${String(nodeId)}) is not a member of the cluster for the arbiter: it has been removed.`;
  }
  if (durability.modRevision !== durabilityRevision) {
    return 'What the arbiter records about durability has changed since this server looked.';
  }
  return null;
}

interface Attempt {
  readonly transaction: Transaction;
  why(now: KeysView): string;
}

/**
 * Grants a lease of that length and puts the main key under it; in whatever way that fails, the lease is given back, at
 * once or before the next attempt. A transaction that was carried out by a try whose reply was lost is known by its lease.
 */
export async function underNewLease(
  tools: LeaseTools,
  lengthMs: number,
  term: number,
  attempt: (leaseId: string) => Attempt,
): Promise<LeaseResult> {
  const startedMs = tools.bootMs();
  const { leaseId, ttlMs } = await grantLease(tools.client, lengthMs);
  tools.unsettled.add(leaseId);
  const { transaction, why } = attempt(leaseId);
  const result = await transact(tools.client, transaction);
  const holdsIt = result !== null && (result.succeeded || result.seen?.main?.leaseId === leaseId);
  if (holdsIt) {
    tools.unsettled.delete(leaseId);
    return { taken: true, leaseId, term, startedMs, ttlMs };
  }
  const sentence = result?.seen ? why(result.seen) : 'The new lease had expired before the arbiter could use it.';
  await giveBack(tools, leaseId);
  return { taken: false, sentence };
}

async function giveBack(tools: LeaseTools, leaseId: string): Promise<void> {
  await revokeLease(tools.client, leaseId);
  tools.unsettled.delete(leaseId);
}
