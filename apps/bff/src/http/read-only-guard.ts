/**
 * The read-only guard (DESIGN §10): on a secondary or a fenced node every write to /api is refused before anything else
 * is done with it. It reads one cached value that is pushed on change; it must cost under 0.1 ms.
 */
import type { RequestHandler } from 'express';
import { Fault } from '../fault.ts';
import { READ_ONLY_SENTENCE } from './error-mapping.ts';

export interface WritesView {
  /** Out of recovery and the gate open. */
  readonly allowed: boolean;
  /** Base URL of main's API, for X-Main-Server. */
  readonly mainApiUrl: string | null;
}

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
const SESSION_PATHS = new Set(['/api/auth/login', '/api/auth/refresh', '/api/auth/logout']);

/**
 * Signing in, staying so and signing out write nothing that a secondary cannot do, and the cluster's own operations are
 * what ends the state.
 */
export function isGuarded(method: string, path: string): boolean {
  if (READING.has(method) || !path.startsWith('/api/')) return false;
  if (path.startsWith('/api/cluster/')) return false;
  return !SESSION_PATHS.has(path);
}

export function createReadOnlyGuard(writes: () => WritesView): RequestHandler {
  return (request, _response, next) => {
    if (!isGuarded(request.method, request.path) || writes().allowed) {
      next();
      return;
    }
    next(new Fault('READ_ONLY', READ_ONLY_SENTENCE));
  };
}
