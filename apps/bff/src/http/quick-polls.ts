/**
 * Polls that are answered before the web framework: every open page and every monitor asks again and again for a reply
 * that is at hand already. Whatever is not plain (another method, a query, a session not seen before, a reply that has
 * to be read first, a refusal, a log at debug level) goes the ordinary way, so that there is one place for each rule.
 */
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Endpoint } from '@proxpanel/contracts/endpoint';
import { endpoints, type EndpointName } from '@proxpanel/contracts/endpoints';
import type { Logger } from 'pino';
import type { HeaderPairs } from './security-headers.ts';
import { presentedToken } from './session-cookie.ts';
import type { Sessions } from './session.ts';

/** JSON that is at hand; null when it has to be read first. */
export type AtHand = () => Buffer | null;
export type ServeQuickly = (name: EndpointName, atHand: AtHand) => void;

export interface QuickPollDeps {
  readonly log: Logger;
  readonly sessions: Pick<Sessions, 'known'>;
  readonly headers: HeaderPairs;
}

interface QuickPoll {
  readonly access: Endpoint['access'];
  readonly atHand: AtHand;
}

export interface QuickPolls {
  readonly serve: ServeQuickly;
  /** Answers what is registered, hands on the rest. */
  before(ordinary: RequestListener): RequestListener;
}

export function createQuickPolls({ log, sessions, headers }: QuickPollDeps): QuickPolls {
  const polls = new Map<string, QuickPoll>();
  const fixedHeaders = [
    ...headers.flat(),
    ...['Cache-Control', 'no-store', 'Content-Type', 'application/json; charset=utf-8', 'Content-Length'],
  ];
  return {
    serve(name, atHand) {
      const { method, path, access }: Endpoint = endpoints[name];
      const isPlain = method === 'GET' && !path.includes(':') && access !== 'server' && access !== 'script';
      if (!isPlain) throw new Error(`The endpoint ${name} is no poll.`);
      polls.set(path, { access, atHand });
    },
    before: (ordinary) => (request, response) => {
      const poll = request.method === 'GET' ? polls.get(request.url ?? '') : undefined;
      const isPlain = poll !== undefined && !log.isLevelEnabled('debug') && mayAsk(poll.access, request, sessions);
      const body = isPlain ? poll.atHand() : null;
      if (body === null) {
        ordinary(request, response);
        return;
      }
      response.writeHead(200, [...fixedHeaders, String(body.byteLength)]);
      response.end(body);
    },
  };
}

function mayAsk(access: Endpoint['access'], request: IncomingMessage, sessions: Pick<Sessions, 'known'>): boolean {
  if (access === 'everyone') return true;
  const presented = presentedToken(request);
  const user = presented === null ? null : sessions.known(presented.token);
  return user !== null && (access === 'user' || user.role === 'admin');
}
