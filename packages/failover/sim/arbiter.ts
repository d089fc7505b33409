/** The arbiter as etcd does it: one lease on one key, a term without a lease, members, the durability record. */
import { after, note } from './schedule-event.ts';
import { tell } from './network.ts';
import type { ArbiterView, SimArbiter, World } from './world-types.ts';

export const EMPTY_VIEW: ArbiterView = {
  arbiterId: 1,
  revision: 1,
  main: null,
  term: null,
  members: [],
  durability: null,
  durabilityRevision: 0,
};

export interface TakeRequest {
  /** Whom it was just read from: a connection does not outlive the arbiter that is replaced. */
  readonly arbiterId: number;
  readonly nodeId: number;
  readonly knownTerm: number | null;
  readonly ownTerm: number;
  readonly durabilityRevision: number;
  readonly foundMembers: readonly number[];
  readonly takeOverFrom: { readonly nodeId: number; readonly term: number } | null;
}

export type TakeReply = { readonly leaseId: number; readonly term: number } | null;

/** SAFETY §3: the key's absence (or its holder), the member key, the term, the durability revision, in one transaction. */
export function takeLease(world: World, arbiter: SimArbiter, request: TakeRequest): TakeReply {
  const { view } = arbiter;
  const { mutant } = world.config;
  const from = request.takeOverFrom;
  const holderAsWanted =
    from === null ? view.main === null : view.main?.nodeId === from.nodeId && view.main.term === from.term;
  if (view.arbiterId !== request.arbiterId) return null;
  if (!holderAsWanted || view.term !== request.knownTerm) return null;
  if (view.term !== null && mutant !== 'member_key' && !view.members.includes(request.nodeId)) return null;
  if (view.durabilityRevision !== request.durabilityRevision) return null;
  const term = Math.max(view.term ?? 0, request.ownTerm) + 1;
  arbiter.leaseCount += 1;
  const main = { nodeId: request.nodeId, term, leaseId: arbiter.leaseCount };
  const members = view.term === null ? request.foundMembers : view.members;
  change(world, arbiter, { main, term, members });
  keepAlive(world, arbiter);
  return { leaseId: main.leaseId, term };
}

export function renewLease(world: World, arbiter: SimArbiter, leaseId: number): boolean {
  if (arbiter.view.main?.leaseId !== leaseId) return false;
  keepAlive(world, arbiter);
  return true;
}

export function releaseLease(world: World, arbiter: SimArbiter, leaseId: number): void {
  if (arbiter.view.main?.leaseId === leaseId) change(world, arbiter, { main: null });
}

/** By the holder of the lease alone. */
export function writeMembers(world: World, arbiter: SimArbiter, leaseId: number, members: readonly number[]): boolean {
  if (arbiter.view.main?.leaseId !== leaseId) return false;
  change(world, arbiter, { members });
  return true;
}

/** Everything of this cluster away, when the last secondary leaves; by the holder alone. */
export function forgetCluster(world: World, arbiter: SimArbiter, leaseId: number): boolean {
  if (arbiter.view.main?.leaseId !== leaseId) return false;
  change(world, arbiter, { main: null, term: null, members: [], durability: null, durabilityRevision: 0 });
  return true;
}

/** By the holder alone, compared with the revision that it knows. The new revision; null: refused. */
export function writeDurability(
  world: World,
  arbiter: SimArbiter,
  leaseId: number,
  record: NonNullable<ArbiterView['durability']>,
  revision: number,
): number | null {
  if (arbiter.view.main?.leaseId !== leaseId || arbiter.view.durabilityRevision !== revision) return null;
  change(world, arbiter, { durability: record });
  const durabilityRevision = arbiter.view.revision;
  arbiter.view = { ...arbiter.view, durabilityRevision };
  note(world, 'arbiter', `durability: ${record.state}${record.nodeIds.map((id) => ` ${String(id)}`).join('')}`);
  return durabilityRevision;
}

/** It comes back with what it had; a lease then runs for its whole length again, as etcd's does. */
export function startArbiter(world: World, arbiter: SimArbiter): void {
  arbiter.up = true;
  if (arbiter.view.main !== null) keepAlive(world, arbiter);
  announce(world);
}

/** It lost its data: another etcd in its place. */
export function loseData(world: World, arbiter: SimArbiter): void {
  arbiter.view = { ...EMPTY_VIEW, arbiterId: arbiter.view.arbiterId + 1 };
  arbiter.renewals += 1;
  // Terms below may come again only where nobody is left who knows them; the ledger goes on counting.
  announce(world);
}

/**
 * An older state was put back by hand: the keys as they were, and no lease. The key of a server that was removed since
 * is left out: who restores that as well has made it a member again.
 */
export function restoreData(world: World, arbiter: SimArbiter, older: ArbiterView): void {
  const members = older.members.filter((id) => !world.removed.has(id));
  arbiter.view = { ...older, main: null, members, arbiterId: arbiter.view.arbiterId + 1 };
  arbiter.renewals += 1;
  world.restored = true;
  announce(world);
}

function change(world: World, arbiter: SimArbiter, what: Partial<ArbiterView>): void {
  const before = arbiter.view.main;
  arbiter.view = { ...arbiter.view, ...what, revision: arbiter.view.revision + 1 };
  const { main } = arbiter.view;
  if (main === before) return;
  note(
    world,
    'arbiter',
    main === null ? 'the lease is gone' : `server ${String(main.nodeId)} holds the lease of term ${String(main.term)}`,
  );
  announce(world);
}

function keepAlive(world: World, arbiter: SimArbiter): void {
  arbiter.renewals += 1;
  const { renewals } = arbiter;
  after(world, world.policy.leaseTtlMs / arbiter.rate, () => {
    // While it is down nothing ends; its start begins the lease anew.
    if (arbiter.renewals !== renewals || !arbiter.up || arbiter.view.main === null) return;
    change(world, arbiter, { main: null });
  });
}

/** The watch: a change of the main key is told to every server. */
function announce(world: World): void {
  if (world.arbiter?.up !== true) return;
  for (const node of world.nodes) tell(world, node, () => world.hooks.arbiterChanged(world, node));
}
