/** Main's lease: taken, renewed, found again after a restart, given back. */
import { note, bootMs } from './schedule-event.ts';
import { releaseLease, renewLease, takeLease, type TakeRequest } from './arbiter.ts';
import { callArbiter } from './network.ts';
import type { ArbiterView, SimNode, World } from './world-types.ts';

export interface TakeOptions {
  readonly takeOverFrom: TakeRequest['takeOverFrom'];
  /** What the arbiter had said when it was decided; null: a planned change, which compares the holder. */
  readonly decidedOn: ArbiterView | null;
}

/**
 * Takes the lease in a transaction that compares the term and the durability record with what the *decision* saw. To
 * compare them with what is read just now would let through everything that changed in between: a main that went on
 * without its synchronous standby, an arbiter that forgot.
 */
export function takeLeaseNow(world: World, node: SimNode, options: TakeOptions, done: (taken: boolean) => void): void {
  callArbiter(
    world,
    node,
    ({ view }) => view,
    (fresh) => {
      // Another arbiter than the one that was decided on may have the same term and revision by chance.
      const isAnother = options.decidedOn !== null && options.decidedOn.arbiterId !== fresh?.arbiterId;
      if (fresh === null || (isAnother && world.config.mutant !== 'durability_revision')) {
        done(false);
        return;
      }
      const view = world.config.mutant === 'durability_revision' ? fresh : (options.decidedOn ?? fresh);
      const startedMs = bootMs(world, node);
      const request: TakeRequest = {
        arbiterId: fresh.arbiterId,
        nodeId: node.id,
        knownTerm: view.term,
        ownTerm: node.file.term,
        durabilityRevision: view.durabilityRevision,
        foundMembers: [node.id, ...node.file.peers],
        takeOverFrom: options.takeOverFrom,
      };
      callArbiter(
        world,
        node,
        (arbiter) => ({ taken: takeLease(world, arbiter, request) }),
        (reply) => {
          const taken = reply?.taken ?? null;
          if (taken !== null) keep(world, node, taken, startedMs);
          done(taken !== null);
        },
      );
    },
  );
}

/** The term is on disk before anything is done with the lease. */
function keep(world: World, node: SimNode, lease: { leaseId: number; term: number }, renewedMs: number): void {
  const { leaseId, term } = lease;
  node.file.term = Math.max(node.file.term, term);
  node.file.takenTerm = term;
  node.file.leaseId = leaseId;
  node.process.lease = { id: leaseId, term, renewedMs, lost: false };
  const known = world.ledger.termsGiven.get(term);
  world.ledger.termsGiven.set(term, leaseId);
  // A term that was given and never arrived anywhere was nobody's.
  if (known === undefined || known === leaseId || world.restored) return;
  world.violation ??= `Term ${String(term)} was given twice.`;
}

export function renewNow(world: World, node: SimNode, done: () => void): void {
  const { lease } = node.process;
  if (lease === null) {
    done();
    return;
  }
  const startedMs = bootMs(world, node);
  callArbiter(
    world,
    node,
    (arbiter) => renewLease(world, arbiter, lease.id),
    (renewed) => {
      done();
      // It may have been given away, or taken anew, while the answer was under way.
      if (node.process.lease?.id !== lease.id || renewed === null) return;
      if (renewed) lease.renewedMs = Math.max(lease.renewedMs, startedMs);
      else lease.lost = true;
      if (!renewed) note(world, node, 'the arbiter does not know the lease any more');
    },
  );
}

/** A lease that names this server is its own: after a restart, and when its taking was answered by silence. */
export function findLeaseAgain(world: World, node: SimNode): void {
  const { process } = node;
  const main = process.arbiter.view?.main;
  if (main?.nodeId !== node.id || (process.lease !== null && !process.lease.lost)) return;
  if (process.lease?.id === main.leaseId || process.busy.has('find')) return;
  process.busy.add('find');
  const startedMs = bootMs(world, node);
  callArbiter(
    world,
    node,
    (arbiter) => renewLease(world, arbiter, main.leaseId),
    (renewed) => {
      process.busy.delete('find');
      if (renewed !== true || (process.lease !== null && !process.lease.lost)) return;
      keep(world, node, main, startedMs);
    },
  );
}

/** What cannot be given back runs out by itself. */
export function giveLeaseBack(world: World, node: SimNode): void {
  const id = node.file.leaseId;
  node.process.lease = null;
  node.file.leaseId = null;
  if (id === null || world.arbiter === null) return;
  callArbiter(
    world,
    node,
    (arbiter) => {
      releaseLease(world, arbiter, id);
      return true;
    },
    () => undefined,
  );
}

/** It went to the candidate that main granted it to. */
export function forgetLease(node: SimNode): void {
  node.process.lease = null;
  node.file.leaseId = null;
}
