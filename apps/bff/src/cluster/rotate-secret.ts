/** Replaces the cluster secret and the replication passwords; members fetch the new ones by their next heartbeat (SAFETY §5). */
import { randomBytes } from 'node:crypto';
import type { Login, RotationGrant } from '@proxpanel/contracts/peer';
import { Fault, messageOf } from '../fault.ts';
import { requireStillMain, requireWritableMain } from './answer-preflight.ts';
import type { ClusterContext } from './cluster-context.ts';
import { otherPeers } from './membership.ts';
import type { Membership } from './node-file.ts';
import { makeEvent } from './record-event.ts';
import { fingerprintOf, newPassword } from './setup-main.ts';

export interface RotatedSecret {
  readonly secret: string;
  readonly fingerprint: string;
  readonly waiting: readonly string[];
}

/** BUSY while a member has not yet fetched the last rotation: it would be locked out. */
export async function rotateSecret(context: ClusterContext, actor: string): Promise<RotatedSecret> {
  return context.lock.run('a change of the secret', () => rotateLocked(context, actor));
}

/** The rotation itself, for operations that hold the lock already. */
export async function rotateLocked(context: ClusterContext, actor: string): Promise<RotatedSecret> {
  const membership = requireWritableMain(context);
  refuseWhileWaiting(membership);
  const secret = randomBytes(32).toString('hex');
  const replication = { user: membership.replication.user, password: newPassword() };
  const redisReplication = { user: membership.redis_replication.user, password: newPassword() };
  const waiting = otherPeers(membership);
  // node.json first: whoever holds the old secret can still fetch the new one if the rest is cut off half-way,
  // and the passwords below are asserted again from node.json each tick.
  await context.nodeFile.update((file) => {
    if (file.membership === null) return file;
    requireStillMain(context, membership);
    const previous = { secret: membership.secret, waiting_node_ids: waiting.map((peer) => peer.node_id) };
    return {
      ...file,
      membership: {
        ...file.membership,
        secret,
        previous_secret: waiting.length === 0 ? null : previous,
        replication,
        redis_replication: redisReplication,
      },
    };
  });
  await assertPasswords(context, replication, redisReplication);
  const fingerprint = fingerprintOf(secret);
  await context.rows.transaction(async (rows) => {
    await rows.patchConfig({ secret_fingerprint: fingerprint });
    const message = `${actor} replaced the cluster secret and the replication passwords.`;
    await rows.appendEvents([
      makeEvent(context.clock, { type: 'secret_rotated', message, actor, details: { fingerprint } }),
    ]);
  });
  return { secret, fingerprint, waiting: waiting.map((peer) => peer.display_name) };
}

/** The new secret stands and must be shown, whatever happens here: both logins are asserted again each tick. */
async function assertPasswords(context: ClusterContext, replication: Login, redisReplication: Login): Promise<void> {
  const attempts = await Promise.allSettled([
    context.replication.ensureReplicatorRole(replication),
    context.redis.ensureReplicationUser(redisReplication),
  ]);
  for (const attempt of attempts) {
    if (attempt.status === 'rejected') {
      context.log.warn({ reason: messageOf(attempt.reason) }, 'a replication password could not be set yet');
    }
  }
}

/** BUSY while a member other than `leavingNodeId` has not fetched the last rotation. */
export function refuseWhileWaiting(membership: Membership, leavingNodeId: number | null = null): void {
  const ids = (membership.previous_secret?.waiting_node_ids ?? []).filter((id) => id !== leavingNodeId);
  const names = otherPeers(membership)
    .filter((peer) => ids.includes(peer.node_id))
    .map((peer) => `"${peer.display_name}"`);
  if (names.length === 0) return;
  throw new Fault(
    'BUSY',
    `${names.join(', ')} has not fetched the last new secret yet; wait for it, or remove it first.`,
  );
}

/** The new secret and passwords, sealed under the previous key, for a listed member. */
export async function rotationFor(
  context: ClusterContext,
  membership: Membership,
  callersSecret: string,
): Promise<string> {
  const grant: RotationGrant = {
    cluster_secret: membership.secret,
    replication: membership.replication,
    redis_replication: membership.redis_replication,
  };
  return context.seal.seal(callersSecret, grant);
}

/** A member that signs with the new secret has it: the previous one serves it no more. */
export async function confirmRotation(context: ClusterContext, nodeId: number): Promise<void> {
  const previous = context.nodeFile.get().membership?.previous_secret ?? null;
  if (previous?.waiting_node_ids.includes(nodeId) !== true) return;
  await context.nodeFile.update((file) => {
    if (file.membership?.previous_secret == null) return file;
    const waiting = file.membership.previous_secret.waiting_node_ids.filter((id) => id !== nodeId);
    const next = waiting.length === 0 ? null : { ...file.membership.previous_secret, waiting_node_ids: waiting };
    return { ...file, membership: { ...file.membership, previous_secret: next } };
  });
}
