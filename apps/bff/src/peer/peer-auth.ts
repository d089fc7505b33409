/** The receiving side of what servers say to each other: who calls, and is it fresh? (DESIGN §5, SAFETY §5) */
import { endpoints } from '@proxpanel/contracts/endpoints';
import type { ClusterTokenClaims } from '@proxpanel/contracts/peer';
import type { Membership } from '../cluster/node-file.ts';
import type { ClockPort, LogPort, NodeFilePort } from '../cluster/ports.ts';
import { VerificationFault, type PeerAuthPort, type VerifiedPeer } from '../cluster/peer-ports.ts';
import { Fault } from '../fault.ts';
import { audienceOf, bodyHash, findSigningSecret, readRequestClaims, signReplyTo } from './cluster-token.ts';
import { createFreshness, type Freshness } from './freshness.ts';
import { createSlowDown, type SlowDown } from './slow-down.ts';

type Request = Parameters<PeerAuthPort['verify']>[0];

interface Caller {
  readonly nodeId: number | null;
  readonly serverId: string | null;
}

interface Candidate {
  readonly secret: string;
  readonly kind: 'current' | 'previous' | 'removed';
}

interface Parts {
  readonly nodeFile: NodeFilePort;
  readonly clock: ClockPort;
  readonly freshness: Freshness;
  readonly slowDown: SlowDown;
}

/** Routes that a server may call before it is a member. */
const strangersRoutes: readonly string[] = [endpoints.preflight.path, endpoints.join.path];

/**
 * `close` writes what is not written yet of the newest times seen.
 */
export function createPeerAuth(parts: {
  readonly nodeFile: NodeFilePort;
  readonly clock: ClockPort;
  readonly log: LogPort;
}): PeerAuthPort & { close(): Promise<void> } {
  const { nodeFile, clock } = parts;
  const freshness = createFreshness(parts);
  const inside: Parts = { nodeFile, clock, freshness, slowDown: createSlowDown(clock) };
  return {
    verify: (request) => verify(inside, request),
    signReply: (peer, status, body) => signReplyTo(peer, { status, body, nowMs: clock.nowMs() }),
    close: () => freshness.close(),
  };
}

async function verify(parts: Parts, request: Request): Promise<VerifiedPeer> {
  const claims = readRequestClaims(request.token);
  const caller = callerOf(claims, request.path);
  const { membership, server_id: ownServerId } = parts.nodeFile.get();
  // Told also before there is a secret to sign with: an admin who typed this server's own address needs to know.
  if (caller.serverId === ownServerId) {
    throw new Fault('SAME_SERVER', 'The address leads back to this same server; give the address of the other one.');
  }
  const waitSeconds = parts.slowDown.secondsToWait(request.remoteAddress);
  // Before the HMAC. A listed member may go on to prove itself: a stranger behind the same address must not silence it.
  if (waitSeconds > 0 && !(membership && isListed(membership, caller))) throw slowed(waitSeconds);
  if (membership === null || (!membership.is_active && caller.nodeId === null)) {
    throw new Fault('NOT_CONFIGURED', 'This server is not configured as a main server.');
  }
  const candidates = candidatesFor(membership, caller, request, parts.clock.nowMs());
  const index = await findSigningSecret(
    request.token ?? '',
    candidates.map(({ secret }) => secret),
  );
  const signedWith = candidates[index];
  if (!signedWith) {
    if (waitSeconds > 0) throw slowed(waitSeconds);
    parts.slowDown.countWrongSecret(request.remoteAddress);
    throw new Fault('SECRET_MISMATCH', 'cluster secret mismatch');
  }
  const peer = { jti: claims.jti, secret: signedWith.secret };
  checkWhatWasSigned(claims, request, caller, membership, peer);
  if (signedWith.kind === 'removed') {
    throw new VerificationFault('NODE_REMOVED', 'This server was removed from the cluster by an administrator.', peer);
  }
  if (caller.nodeId !== null && !isListed(membership, caller)) {
    throw new VerificationFault('NODE_UNKNOWN', `Node ${caller.nodeId} is not a member of this cluster.`, peer);
  }
  await parts.freshness.admit(claims, peer);
  return { ...caller, ...peer, usedPreviousSecret: signedWith.kind === 'previous' };
}

/** BAD_TOKEN when the issuer is not one that may call this route. */
function callerOf(claims: ClusterTokenClaims, path: string): Caller {
  const node = /^node:([1-9][0-9]{0,8})$/.exec(claims.iss);
  const server = /^server:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.exec(claims.iss);
  const mayBeStranger = strangersRoutes.includes(path);
  if (mayBeStranger && server) return { nodeId: null, serverId: server[1] ?? null };
  if (!mayBeStranger && node) return { nodeId: Number(node[1]), serverId: null };
  throw new Fault('BAD_TOKEN', 'The cluster token names no caller that may use this route.');
}

function isListed(membership: Membership, caller: Caller): boolean {
  return membership.peers.some(({ node_id, status }) => node_id === caller.nodeId && status !== 'removed');
}

/**
 * The current secret for everybody; the previous one for members that wait for the new one, and for the heartbeat that
 * fetches it alone; a removed node's old one, to tell it so (DESIGN §7). Strangers must know the current one.
 */
function candidatesFor(membership: Membership, caller: Caller, request: Request, nowMs: number): Candidate[] {
  const candidates: Candidate[] = [{ secret: membership.secret, kind: 'current' }];
  const { nodeId } = caller;
  if (nodeId === null) return candidates;
  const { previous_secret: previous } = membership;
  const mayFetch = request.path === endpoints.heartbeat.path && isListed(membership, caller);
  if (previous !== null && mayFetch && previous.waiting_node_ids.includes(nodeId)) {
    candidates.push({ secret: previous.secret, kind: 'previous' });
  }
  for (const removed of membership.removed_nodes) {
    if (removed.node_id === nodeId && Date.parse(removed.until) > nowMs && !isListed(membership, caller)) {
      candidates.push({ secret: removed.secret, kind: 'removed' });
    }
  }
  return candidates;
}

/** The signature is good; it must be over this request, to this server. */
function checkWhatWasSigned(
  claims: ClusterTokenClaims,
  request: Request,
  caller: Caller,
  membership: Membership,
  peer: Pick<VerifiedPeer, 'jti' | 'secret'>,
): void {
  const self = { clusterId: membership.cluster_id, nodeId: membership.node_id };
  if (claims.aud !== audienceOf(caller.nodeId === null ? null : self, request.method, request.path)) {
    throw new VerificationFault('BAD_TOKEN', 'The cluster token was made for another server or another route.', peer);
  }
  if (claims.body_sha256 !== bodyHash(request.body)) {
    throw new VerificationFault('BAD_TOKEN', 'The body is not the one that the cluster token was made for.', peer);
  }
}

function slowed(retryAfterSeconds: number): Fault {
  return new Fault('TOO_MANY_REQUESTS', `Too many wrong cluster secrets; wait ${retryAfterSeconds} s.`, {
    retryAfterSeconds,
  });
}
