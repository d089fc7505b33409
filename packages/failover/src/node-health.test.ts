import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeNodeHealth, type NodeHealthFacts, type NodeHealthStatus } from './node-health.ts';

const healthy: NodeHealthFacts = {
  storedStatus: 'online',
  heartbeatAgeMs: 1_000,
  lateAfterMs: 60_000,
  offlineAfterMs: 120_000,
  probeFailed: false,
  walFlowing: true,
};

const CASES: readonly [what: string, facts: Partial<NodeHealthFacts>, status: NodeHealthStatus, rule: number][] = [
  ['a removed node stays removed', { storedStatus: 'removed' }, 'removed', 1],
  ['a diverged node stays diverged', { storedStatus: 'diverged' }, 'diverged', 2],
  ['a fenced node stays fenced', { storedStatus: 'fenced', heartbeatAgeMs: null }, 'fenced', 3],
  ['a clone begins', { storedStatus: 'joining', heartbeatAgeMs: null, walFlowing: false, cloning: true }, 'syncing', 4],
  ['a clone streams WAL too', { storedStatus: 'syncing', cloning: true }, 'syncing', 4],
  [
    'a long clone keeps no heartbeat late',
    { storedStatus: 'syncing', heartbeatAgeMs: 90_000, cloning: true },
    'syncing',
    4,
  ],
  ['a node that died in its clone', { storedStatus: 'syncing', heartbeatAgeMs: 120_000, cloning: true }, 'offline', 7],
  ['joined, nothing begun', { storedStatus: 'joining', heartbeatAgeMs: null, walFlowing: false }, 'joining', 5],
  ['joined long ago, nothing begun', { storedStatus: 'joining', heartbeatAgeMs: 1e9, walFlowing: false }, 'joining', 5],
  ['WAL flows before the first heartbeat', { storedStatus: 'joining', heartbeatAgeMs: null }, 'syncing', 6],
  ['waiting after the clone', { storedStatus: 'syncing', heartbeatAgeMs: null, walFlowing: false }, 'syncing', 6],
  ['the first heartbeat with WAL', { storedStatus: 'syncing' }, 'online', 10],
  ['joining and at once streaming', { storedStatus: 'joining' }, 'online', 10],
  ['just before offline', { heartbeatAgeMs: 119_999 }, 'late', 8],
  ['just offline', { heartbeatAgeMs: 120_000 }, 'offline', 7],
  ['never heard though it was online', { heartbeatAgeMs: null }, 'offline', 7],
  ['just before late', { heartbeatAgeMs: 59_999 }, 'online', 10],
  ['just late', { heartbeatAgeMs: 60_000 }, 'late', 8],
  ['late, and its probe fails', { heartbeatAgeMs: 60_000, probeFailed: true }, 'late', 8],
  ['one failed probe', { probeFailed: true }, 'unreachable', 9],
  ['back after being offline', { storedStatus: 'offline' }, 'online', 10],
  ['back after being unreachable', { storedStatus: 'unreachable' }, 'online', 10],
  ['heartbeats without WAL', { walFlowing: false }, 'syncing', 11],
];

test.each(CASES)('%s', (_what, facts, status, rule) => {
  expect(judgeNodeHealth({ ...healthy, ...facts })).toMatchObject({ status, rule });
});

test('every row is reached by a case above', () => {
  expect([...new Set(CASES.map(([, , , rule]) => rule))].sort((one, other) => one - other)).toEqual(
    Array.from({ length: 11 }, (_, index) => index + 1),
  );
});

const anyFacts: fc.Arbitrary<NodeHealthFacts> = fc.record({
  storedStatus: fc.constantFrom<NodeHealthStatus>(
    ...(['joining', 'syncing', 'online', 'late', 'offline', 'unreachable', 'fenced', 'diverged', 'removed'] as const),
  ),
  heartbeatAgeMs: fc.option(fc.nat({ max: 300_000 })),
  lateAfterMs: fc.constant(60_000),
  offlineAfterMs: fc.constant(120_000),
  probeFailed: fc.boolean(),
  walFlowing: fc.boolean(),
  cloning: fc.boolean(),
});

test('online is said only with a young heartbeat, flowing WAL and an answered probe', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { status, reason } = judgeNodeHealth(facts);
      expect(reason).toMatch(/^[A-Z].*\.$/);
      if (status !== 'online') return;
      expect(facts.heartbeatAgeMs).toBeLessThan(60_000);
      expect(facts).toMatchObject({ walFlowing: true, probeFailed: false, cloning: false });
    }),
  );
});

test('judging again with the judged status changes nothing', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { status } = judgeNodeHealth(facts);
      expect(judgeNodeHealth({ ...facts, storedStatus: status }).status).toBe(status);
    }),
  );
});
