/** The web server of every node: plumbing around the endpoint table, and the built page (DESIGN §5, §12). */
import { randomUUID } from 'node:crypto';
import type { EndpointName } from '@proxpanel/contracts/endpoints';
import type { RequestListener } from 'node:http';
import express, { Router, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { Fault } from '../fault.ts';
import type { Register } from './call.ts';
import { createEndpointRegistry, type EndpointRegistry } from './endpoint-registry.ts';
import { createLoadBalancerRouter, type RoleView } from './load-balancer.ts';
import { createReadOnlyGuard, type WritesView } from './read-only-guard.ts';
import { createQuickPolls, type ServeQuickly } from './quick-polls.ts';
import { createRegistrar, type RegistrarDeps } from './register-endpoint.ts';
import { makeSecurityHeaders, setSecurityHeaders } from './security-headers.ts';
import { createErrorHandler } from './send.ts';
import type { Sessions } from './session.ts';
import { servePages } from './static-pages.ts';

export interface AppDeps extends RegistrarDeps {
  readonly log: Logger;
  readonly sessions: Pick<Sessions, 'verify' | 'known'>;
  /** Directory of the built single-page app. */
  readonly webDist: string;
  /** True when this server itself speaks TLS. */
  readonly isHttps: boolean;
  /** Cached and pushed on change; asked on every write. */
  readonly writes: () => WritesView;
  /** Cached and pushed on change; asked by load balancers. */
  readonly roleView: () => RoleView;
}

export interface App {
  readonly app: RequestListener;
  readonly register: Register;
  /** Answers a registered poll ahead of everything else whenever its reply is at hand. */
  readonly serveQuickly: ServeQuickly;
  /** The rows of the endpoint table that are served so far. */
  readonly registeredNames: () => EndpointName[];
}

/** Makes the app; routes may be registered at any time after. */
export function createApp(deps: AppDeps): App {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', false);
  app.set('query parser', 'simple');
  // One spelling of a path, so that the guard and the routes never disagree about what it is.
  app.enable('case sensitive routing');
  app.enable('strict routing');

  const headers = makeSecurityHeaders(deps.isHttps);
  const quickPolls = createQuickPolls({ log: deps.log, sessions: deps.sessions, headers });
  const registry = createEndpointRegistry();
  const router = Router({ caseSensitive: true, strict: true });
  app.use(createLoadBalancerRouter(deps.roleView));
  app.use(createAccessLog(deps.log));
  app.use(setSecurityHeaders(headers));
  app.use(neverStoreReplies);
  app.use(createReadOnlyGuard(deps.writes));
  app.use(router);
  app.use(createUnknownRoute(registry));
  app.use(servePages(deps.webDist));
  app.use(() => {
    throw new Fault('NOT_FOUND', 'There is nothing under this address.');
  });
  app.use(createErrorHandler(deps));
  return {
    app: quickPolls.before(app),
    register: createRegistrar(router, registry, deps),
    serveQuickly: quickPolls.serve,
    registeredNames: registry.names,
  };
}

/** One line for each request that changed or failed something; polls only at debug. No header and no body is logged. */
function createAccessLog(log: Logger): RequestHandler {
  return pinoHttp({
    logger: log,
    quietReqLogger: true,
    genReqId: () => randomUUID(),
    serializers: {
      req: (request: { method: string; url: string; remoteAddress: string }) => ({
        method: request.method,
        path: request.url.split('?', 1)[0],
        from: request.remoteAddress,
      }),
      res: (response: { statusCode: number }) => ({ status: response.statusCode }),
    },
    customLogLevel: (request, response, error) => {
      if (error !== undefined || response.statusCode === 500) return 'error';
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      return isRead && response.statusCode < 400 ? 'debug' : 'info';
    },
  });
}

/** What the API and /health say is true now and not a minute later. */
const neverStoreReplies: RequestHandler = (request, response, next) => {
  if (isApiPath(request.path) || request.path === '/health') response.setHeader('Cache-Control', 'no-store');
  next();
};

function createUnknownRoute(registry: EndpointRegistry): RequestHandler {
  return (request, response, next) => {
    const allowed = registry.allowedMethods(request.path);
    if (allowed.length > 0) {
      response.setHeader('Allow', allowed.join(', '));
      next(new Fault('METHOD_NOT_ALLOWED', `This address takes ${allowed.join(', ')}.`));
    } else if (isApiPath(request.path)) {
      next(new Fault('NOT_FOUND', 'There is no such API route.'));
    } else {
      next();
    }
  };
}

function isApiPath(path: string): boolean {
  return path === '/api' || path.startsWith('/api/');
}
