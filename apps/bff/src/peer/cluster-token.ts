/**
 * Proof of the cluster secret: signed requests and signed replies (DESIGN §5, SAFETY §5). The secret never crosses the
 * wire; each purpose has a key of its own, so that a request can never pass for a reply or open a sealed password.
 */
import { createHash, hkdfSync, randomUUID } from 'node:crypto';
import { CompactSign, compactVerify } from 'jose';
import { clusterReplyClaimsSchema, clusterTokenClaimsSchema, type ClusterTokenClaims } from '@proxpanel/contracts/peer';
import type { z } from 'zod';
import { Fault } from '../fault.ts';

export const TOKEN_HEADER = 'x-cluster-token';
export const REPLY_HEADER = 'x-cluster-reply';
/** How long a token lives, and by how much two clocks may differ. */
export const TOKEN_LIFETIME_SECONDS = 60;
/** The longest claims allowed come to under 1 kB; anything longer is no token of ours. */
const MAX_TOKEN_CHARACTERS = 2_048;
const REQUEST_TYPE = 'cluster-request';
const REPLY_TYPE = 'cluster-reply';

export type ClusterReplyClaims = z.infer<typeof clusterReplyClaimsSchema>;
export type KeyPurpose = 'request signing' | 'reply signing' | 'sealing' | 'comparing';

/**
 * The 256-bit key of one purpose, by HKDF-SHA256. The version in `info` lets a later release change the scheme without
 * the two being taken for each other.
 *
 * @throws Fault INVALID_SECRET_FORMAT unless the secret is 64 hexadecimal characters.
 */
export function deriveKey(secret: string, purpose: KeyPurpose): Uint8Array {
  if (!/^[0-9a-f]{64}$/i.test(secret)) {
    throw new Fault('INVALID_SECRET_FORMAT', 'The cluster secret must be exactly 64 hexadecimal characters.');
  }
  const info = `proxpanel cluster ${purpose} v1`;
  return new Uint8Array(hkdfSync('sha256', Buffer.from(secret, 'hex'), 'proxpanel', info, 32));
}

/** base64url SHA-256, as `body_sha256` has it. */
export function bodyHash(body: Uint8Array | string): string {
  return createHash('sha256').update(body).digest('base64url');
}

/** `aud`: the route alone on join and preflight (no target), else also which node of which cluster is meant. */
export function audienceOf(
  target: { readonly clusterId: string; readonly nodeId: number } | null,
  method: string,
  path: string,
): string {
  const route = `${method.toUpperCase()} ${path}`;
  return target ? `${target.clusterId}/${target.nodeId}/${route}` : route;
}

export interface RequestToSign {
  readonly secret: string;
  /** `node:<id>`, or `server:<uuid>` on join and preflight. */
  readonly issuer: string;
  readonly audience: string;
  readonly body: Uint8Array | string;
  /** Wall clock. */
  readonly nowMs: number;
  /** After a CLOCK_SKEW. */
  readonly nonce?: string;
}

/** X-Cluster-Token for one request, and its `jti`, which the reply must name. */
export async function signRequest(request: RequestToSign): Promise<{ token: string; jti: string }> {
  const iat = Math.floor(request.nowMs / 1000);
  const claims: ClusterTokenClaims = {
    iss: request.issuer,
    aud: request.audience,
    iat,
    exp: iat + TOKEN_LIFETIME_SECONDS,
    jti: randomUUID(),
    body_sha256: bodyHash(request.body),
    ...(request.nonce === undefined ? {} : { nonce: request.nonce }),
  };
  const token = await sign(deriveKey(request.secret, 'request signing'), REQUEST_TYPE, claims);
  return { token, jti: claims.jti };
}

/**
 * What a token says of itself, before anything is proved: cheap checks of form and size.
 *
 * @throws Fault BAD_TOKEN.
 */
export function readRequestClaims(token: string | undefined): ClusterTokenClaims {
  if (token === undefined || token === '') throw new Fault('BAD_TOKEN', 'The call carries no cluster token.');
  const claims =
    token.length <= MAX_TOKEN_CHARACTERS ? clusterTokenClaimsSchema.safeParse(payloadOf(token)) : undefined;
  if (!claims?.success || claims.data.jti.length < 16) {
    throw new Fault('BAD_TOKEN', 'The cluster token is not one that a ProxPanel server makes.');
  }
  return claims.data;
}

/**
 * The index of the first secret that the token was signed with, or -1. All candidates are tried, so that the time taken
 * does not tell which one it was.
 */
export async function findSigningSecret(token: string, secrets: readonly string[]): Promise<number> {
  const matches = await Promise.all(
    secrets.map(async (secret) => (await verify(deriveKey(secret, 'request signing'), REQUEST_TYPE, token)) !== null),
  );
  return matches.indexOf(true);
}

/** X-Cluster-Reply for the reply to the request `jti`. */
export async function signReplyTo(
  request: { readonly jti: string; readonly secret: string },
  reply: { readonly status: number; readonly body: Uint8Array | string; readonly nowMs: number },
): Promise<string> {
  const claims: ClusterReplyClaims = {
    in_reply_to: request.jti,
    status: reply.status,
    body_sha256: bodyHash(reply.body),
    iat: Math.floor(reply.nowMs / 1000),
  };
  return sign(deriveKey(request.secret, 'reply signing'), REPLY_TYPE, claims);
}

/** True when `token` signs exactly this reply to exactly this request. */
export async function isSignedReply(
  token: string | undefined,
  request: { readonly jti: string; readonly secret: string },
  reply: { readonly status: number; readonly body: Uint8Array },
): Promise<boolean> {
  if (token === undefined || token.length > MAX_TOKEN_CHARACTERS) return false;
  const claims = clusterReplyClaimsSchema.safeParse(
    await verify(deriveKey(request.secret, 'reply signing'), REPLY_TYPE, token),
  );
  return (
    claims.success &&
    claims.data.in_reply_to === request.jti &&
    claims.data.status === reply.status &&
    claims.data.body_sha256 === bodyHash(reply.body)
  );
}

function sign(key: Uint8Array, type: string, claims: object): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'HS256', typ: type })
    .sign(key);
}

/** The payload, or null when the signature, the algorithm or the type is another one. */
async function verify(key: Uint8Array, type: string, token: string): Promise<unknown> {
  try {
    const { payload, protectedHeader } = await compactVerify(token, key, { algorithms: ['HS256'] });
    return protectedHeader.typ === type ? JSON.parse(new TextDecoder().decode(payload)) : null;
  } catch {
    // jose throws for every way in which a token can be wrong; to the caller they are one: not signed with this key.
    return null;
  }
}

function payloadOf(token: string): unknown {
  const parts = token.split('.');
  if (parts.length !== 3 || !parts.every((part) => /^[A-Za-z0-9_-]+$/.test(part))) return null;
  try {
    return JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'));
  } catch {
    // Not JSON: judged as any other wrong form by the caller.
    return null;
  }
}
