/** Calls between servers, made by the test with the cluster's own token code: what a server cannot be made to send. */
import { CompactSign } from 'jose';
import type { PanelClient, PanelReply } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import {
  audienceOf,
  bodyHash,
  deriveKey,
  REPLY_HEADER,
  signRequest,
  TOKEN_HEADER,
} from '../../src/peer/cluster-token.ts';
import { readNodeFile } from './panel-status.ts';

export interface SignedCall {
  secret: string;
  /** `node:<id>` or `server:<uuid>`. */
  issuer: string;
  method?: 'GET' | 'POST';
  path: string;
  /** null on join and preflight. */
  target: { clusterId: string; nodeId: number } | null;
  body?: unknown;
  /** The clock of the one who signs. */
  nowMs?: number;
  nonce?: string;
}

/** The token of a call, for sending it more than once. */
export async function signCall(call: SignedCall): Promise<{ token: string; text: string }> {
  const text = call.body === undefined ? '' : JSON.stringify(call.body);
  const { token } = await signRequest({
    secret: call.secret,
    issuer: call.issuer,
    audience: audienceOf(call.target, call.method ?? 'POST', call.path),
    body: text,
    nowMs: call.nowMs ?? Date.now(),
    ...(call.nonce === undefined ? {} : { nonce: call.nonce }),
  });
  return { token, text };
}

/** Signs and sends; no second try after a CLOCK_SKEW. */
export async function sendSigned(panel: PanelClient, call: SignedCall): Promise<PanelReply> {
  const { token, text } = await signCall(call);
  return sendToken(panel, call, token, text);
}

/** Sends a token that was made before. */
export function sendToken(panel: PanelClient, call: SignedCall, token: string, text: string): Promise<PanelReply> {
  const headers = { [TOKEN_HEADER]: token };
  if (call.method === 'GET') return panel.get(call.path, { headers });
  return panel.post(call.path, text, { headers });
}

/** A token with times that no honest server gives it. */
export async function signWithTimes(call: SignedCall, times: { iat: number; exp: number }): Promise<string> {
  const claims = {
    iss: call.issuer,
    aud: audienceOf(call.target, call.method ?? 'POST', call.path),
    ...times,
    jti: crypto.randomUUID(),
    body_sha256: bodyHash(call.body === undefined ? '' : JSON.stringify(call.body)),
  };
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'HS256', typ: 'cluster-request' })
    .sign(deriveKey(call.secret, 'request signing'));
}

/** Whether the reply carries the cluster's signature. */
export function isSigned(reply: PanelReply): boolean {
  return typeof reply.headers[REPLY_HEADER] === 'string';
}

/** GET peer-status of `main`, signed as the given member with its own or another secret. */
export function peerStatusCall(main: TestServer, as: { nodeId: number; secret: string }): SignedCall {
  const { membership } = readNodeFile(main);
  if (membership === null) throw new Error(`${main.name} belongs to no cluster`);
  return {
    secret: as.secret,
    issuer: `node:${String(as.nodeId)}`,
    method: 'GET',
    path: '/api/cluster/peer-status',
    target: { clusterId: membership.cluster_id, nodeId: membership.node_id },
  };
}
