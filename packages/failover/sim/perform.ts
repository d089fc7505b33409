/** What each action of a decision does in the model world. Never two of a kind at once, as in the BFF's loops. */
import type { Action, Decision, FenceCause } from '../src/decision.ts';
import { fenceDatabase, isWritable, startDatabase } from './database.ts';
import { degrade, restore } from './durability.ts';
import { fenceDelayMs, keepGuard } from './guard.ts';
import { renewNow, takeLeaseNow } from './hold-lease.ts';
import { call } from './network.ts';
import { beginOperation } from './begin-operation.ts';
import { answerConfirmation, answerPromise, peerOf } from './peer-calls.ts';
import { bootMs, inProcess, note } from './schedule-event.ts';
import type { SimNode, World } from './world-types.ts';

export function perform(world: World, node: SimNode, action: Action, decision: Decision): void {
  const { busy } = node.process;
  if (busy.has(action.kind)) return;
  busy.add(action.kind);
  const done = (): void => {
    busy.delete(action.kind);
  };
  switch (action.kind) {
    case 'fence':
      fence(world, node, action.cause, done);
      return;
    case 'take_lease':
      // No guard, no lease: it must live before the lease does, or a panel that dies in between leaves a writer alone.
      if (isWritable(node.database)) keepGuard(world, node, firstDeadlineMs(world, node));
      takeLeaseNow(world, node, { takeOverFrom: null, decidedOn: node.process.arbiter.view }, done);
      return;
    case 'renew_lease':
      renewNow(world, node, done);
      return;
    case 'degrade_durability':
      degrade(world, node, done);
      return;
    case 'restore_durability':
      restore(world, node, done);
      return;
    case 'ask_promises':
    case 'ask_confirmation':
      ask(world, node, action.kind);
      // The next round may ask again, with or without an answer to this one.
      inProcess(world, node, 400, done);
      return;
    default:
      performAtOnce(world, node, action, decision);
      done();
  }
}

type QuickAction = Exclude<Action, { kind: 'fence' | 'take_lease' | 'renew_lease' | 'ask_promises' }>;

function performAtOnce(world: World, node: SimNode, action: QuickAction, decision: Decision): void {
  const { file, process } = node;
  switch (action.kind) {
    case 'open_gate':
      process.gateOpen = true;
      return;
    case 'keep_standby_signal':
      node.database.standbySignal = true;
      return;
    case 'drop_standby_signal':
      node.database.standbySignal = false;
      return;
    case 'keep_guard':
      if (decision.deadlineMs !== null) keepGuard(world, node, decision.deadlineMs);
      return;
    case 'start_database':
      process.startTried = true;
      startDatabase(world, node);
      return;
    case 'resume_main':
      beginOperation(world, node, { kind: 'resume_main', mainId: node.id, candidateId: node.id });
      return;
    case 'hand_over':
      beginOperation(world, node, { kind: 'hand_over', mainId: node.id, candidateId: action.toNodeId });
      return;
    case 'fail_over':
      beginOperation(world, node, { kind: 'automatic_failover', mainId: file.mainNodeId, candidateId: node.id });
      return;
    case 'tell_blocked':
      if (action.reasons.length === 0) world.violation ??= `Server ${String(node.id)} is blocked without a reason.`;
      return;
    default:
  }
}

/** Of a lease that would be given now. */
function firstDeadlineMs(world: World, node: SimNode): number {
  return bootMs(world, node) + world.policy.leaseTtlMs - world.policy.leaseMarginMs;
}

function fence(world: World, node: SimNode, cause: FenceCause, done: () => void): void {
  const { file, process } = node;
  process.gateOpen = false;
  if (cause !== 'lease') loseRole(node);
  note(world, node, `fences itself (${cause}), role ${file.role}`);
  if (isWritable(node.database) || node.database.promoting) fenceDatabase(world, node, fenceDelayMs(world));
  inProcess(world, node, 500, done);
}

/** node.json first: a restart must not find a main there. Whoever has the highest term is believed to be main. */
function loseRole({ id, file, process }: SimNode): void {
  const lease = process.arbiter.view?.main;
  let [main, term] = [0, 0];
  for (const [peerId, { status }] of process.peers) {
    if (
      status === null ||
      status.mainNodeId === id ||
      status.term < term ||
      (status.term === term && status.role !== 'main')
    )
      continue;
    [main, term] = [peerId, status.term];
  }
  if (lease != null && lease.nodeId !== id && lease.term >= term) [main, term] = [lease.nodeId, lease.term];
  if (main === 0) return;
  file.role = 'secondary';
  file.mainNodeId = main;
  file.term = Math.max(file.term, term);
  file.fenced = true;
  file.leaseId = null;
  process.lease = null;
}

function ask(world: World, node: SimNode, kind: 'ask_promises' | 'ask_confirmation'): void {
  const { id, file } = node;
  for (const peerId of file.peers) {
    const askedMs = bootMs(world, node);
    const serve =
      kind === 'ask_promises'
        ? (target: SimNode) => answerPromise(world, target, id, file.term)
        : (target: SimNode) => answerConfirmation(target, id, file.term);
    call(world, node, peerId, serve, (yes) => {
      if (yes === null) return;
      const peer = peerOf(node, peerId);
      if (kind === 'ask_promises') peer.promiseAskedMs = yes ? Math.max(askedMs, peer.promiseAskedMs ?? 0) : null;
      else [peer.confirmsMain, peer.confirmAskedMs] = [yes, askedMs];
    });
  }
}
