/** A main-only call that came to a secondary (DESIGN §5). */
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { mainPeer } from '../cluster/membership.ts';
import type { ForwardToMain } from '../cluster/peer-ports.ts';
import { Fault } from '../fault.ts';
import type { ForwardedCall } from '../http/call.ts';
import { RawReply } from '../http/raw-reply.ts';

const forwardTimeoutMs = 30_000;
const answersWithSecret: readonly string[] = ['rotateSecret', 'removeNode'];

/** DESIGN §5: a main-only call on a secondary is forwarded when main answers, else NOT_MAIN. */
export async function forwardCall(
  cluster: Pick<ClusterContext, 'nodeFile'>,
  forward: ForwardToMain,
  call: ForwardedCall,
): Promise<RawReply> {
  const { membership } = cluster.nodeFile.get();
  const main = membership === null ? null : mainPeer(membership);
  if (main === null) throw new Fault('NOT_MAIN', 'This is done on the main server, which this one does not know.');
  if (answersWithSecret.includes(call.name) && !main.api_url.startsWith('https:')) {
    const where = `do it on the page of "${main.display_name}", ${main.api_url}`;
    throw new Fault(
      'NOT_MAIN',
      `This answers with a new secret, which must not cross between servers in clear: ${where}.`,
    );
  }
  const { method, path, sessionToken, signal } = call;
  const body = call.body === undefined ? null : JSON.stringify(call.body);
  try {
    const reply = await forward({
      apiUrl: main.api_url,
      method,
      path,
      body,
      sessionToken,
      timeoutMs: forwardTimeoutMs,
      signal,
    });
    const headers = reply.retryAfterSeconds === null ? {} : { 'Retry-After': String(reply.retryAfterSeconds) };
    return new RawReply({
      body: reply.body,
      contentType: reply.contentType ?? 'application/json',
      status: reply.status,
      headers,
    });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault(
      'NOT_MAIN',
      `This is done on the main server "${main.display_name}", which did not answer: ${error.message}`,
    );
  }
}
