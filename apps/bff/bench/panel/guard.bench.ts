/** What the read-only guard adds to a request (DESIGN §10: under 0.1 ms). Floor: a handler that does nothing, in the same run. */
import type { Request, RequestHandler, Response } from 'express';
import { report } from '@proxpanel/testbed/bench-report';
import { createReadOnlyGuard } from '../../src/http/read-only-guard.ts';

const rounds = 9;
const requests = 200_000;

const guard = createReadOnlyGuard(() => ({ allowed: true, mainApiUrl: null }));
const nothing: RequestHandler = (_request, _response, next) => next();
/** As a panel sees them: mostly reads, some writes. */
const seen = [
  { method: 'GET', path: '/api/subscribers' },
  { method: 'GET', path: '/api/cluster/status' },
  { method: 'POST', path: '/api/subscribers' },
  { method: 'POST', path: '/api/auth/login' },
  { method: 'PATCH', path: '/api/subscribers/7' },
  { method: 'GET', path: '/assets/index.js' },
] as Request[];

const samples: Record<'guard' | 'nothing', number[]> = { guard: [], nothing: [] };
// Once before it counts.
measure(guard);
measure(nothing);
for (let round = 0; round < rounds; round += 1) {
  samples.guard.push(measure(guard));
  samples.nothing.push(measure(nothing));
}
report({
  what: 'read-only guard, per request',
  unit: 'ms',
  samples: samples.guard,
  floor: { what: 'no guard', samples: samples.nothing },
  goal: 'under 0.1 ms more',
  isMet: ({ max }) => max < 0.1,
});

/** Processor time of one request, in ms. */
function measure(handler: RequestHandler): number {
  const response = {} as Response;
  let passed = 0;
  const before = process.cpuUsage();
  for (let request = 0; request < requests; request += 1) {
    void handler(seen[request % seen.length] as Request, response, () => (passed += 1));
  }
  const { user, system } = process.cpuUsage(before);
  if (passed !== requests) throw new Error('the guard has refused a request');
  return (user + system) / 1_000 / requests;
}
