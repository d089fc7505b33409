/** A person's main-only call, made on a secondary, passed on to main (DESIGN §5). */
import type { ForwardReply, ForwardRequest, ForwardToMain } from '../cluster/peer-ports.ts';
import { retryAfterOf } from './peer-client.ts';
import { FORWARDED_HEADER } from '../forwarded-header.ts';
import type { PeerHttp } from './peer-http.ts';

/**
 * https servers must have a trusted certificate here, unlike in signed calls: the person's session token goes along.
 */
export function createForwardToMain(parts: { readonly http: PeerHttp }): ForwardToMain {
  return async (request: ForwardRequest): Promise<ForwardReply> => {
    const reply = await parts.http.request({
      apiUrl: request.apiUrl,
      path: request.path,
      method: request.method,
      headers: {
        accept: 'application/json',
        [FORWARDED_HEADER]: '1',
        ...(request.body === null ? {} : { 'content-type': 'application/json' }),
        ...(request.sessionToken === null ? {} : { authorization: `Bearer ${request.sessionToken}` }),
      },
      body: request.body ?? undefined,
      timeoutMs: request.timeoutMs,
      signal: request.signal,
      trustedCertificateOnly: true,
    });
    return {
      status: reply.status,
      body: Buffer.from(reply.body).toString('utf8'),
      contentType: reply.header('content-type') ?? null,
      retryAfterSeconds: retryAfterOf(reply),
    };
  };
}
