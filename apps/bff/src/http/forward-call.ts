/** A main-only call on a secondary: sent on when main answers, else 409 NOT_MAIN (DESIGN §5). */
import type { ForwardToMain } from '../cluster/peer-ports.ts';
import { Fault } from '../fault.ts';
import type { ForwardedCall } from './call.ts';
import { RawReply } from './raw-reply.ts';

/** Removing a node and rotating the secret speak to every server in turn. */
const FORWARD_TIMEOUT_MS = 30_000;
const MAIN_IS_SILENT = new Set(['MAIN_UNRESOLVABLE', 'MAIN_UNREACHABLE', 'MAIN_TIMEOUT']);

export interface ForwardCallDeps {
  readonly forward: ForwardToMain;
  /** Base URL of main's API; null when this server does not know it. */
  readonly mainApiUrl: () => string | null;
}

/** Resolves with main's own reply, errors too. NOT_MAIN when main is unknown or silent. */
export async function forwardCall(deps: ForwardCallDeps, call: ForwardedCall): Promise<RawReply> {
  const apiUrl = deps.mainApiUrl();
  if (apiUrl === null) throw new Fault('NOT_MAIN', 'Only the main server may do this, and this server knows none.');
  try {
    const reply = await deps.forward({
      apiUrl,
      method: call.method,
      path: call.path,
      body: call.body === undefined ? null : JSON.stringify(call.body),
      sessionToken: call.sessionToken,
      timeoutMs: FORWARD_TIMEOUT_MS,
      signal: call.signal,
    });
    const { status, body, contentType, retryAfterSeconds } = reply;
    const headers: Record<string, string> =
      retryAfterSeconds === null ? {} : { 'Retry-After': String(retryAfterSeconds) };
    return new RawReply({ status, body, contentType: contentType ?? 'application/json; charset=utf-8', headers });
  } catch (error) {
    if (!(error instanceof Fault) || !MAIN_IS_SILENT.has(error.code)) throw error;
    throw new Fault('NOT_MAIN', `Only the main server may do this, and it does not answer at ${apiUrl}.`, {
      cause: error,
    });
  }
}
