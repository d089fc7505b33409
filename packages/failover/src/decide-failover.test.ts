import { describe, expect, test } from 'vitest';
import { asSecondary, asSecondaryAlone, codes, kinds, NOW_MS, WALL_MS, type Changes } from './test-observation.ts';

const HOUR_MS = 3_600_000;

test('SAFETY §4 All of: with every condition met this server takes over, with an arbiter and without', () => {
  expect([kinds(asSecondary()), kinds(asSecondaryAlone())]).toEqual([['fail_over'], ['fail_over']]);
  expect(asSecondary().rules).toEqual([61]);
});

const WITH_ARBITER: readonly [says: string, code: string, changes: Changes][] = [
  ['SAFETY §4 in recovery', 'not_in_recovery', { database: { state: 'down' } }],
  ['SAFETY §4 switched on', 'switched_off', { policy: { autoFailover: false } }],
  ['SAFETY §4 no hold', 'hold', { self: { hold: { wallUntilMs: WALL_MS + 1, actor: 'ann', reason: 'update' } } }],
  ['SAFETY §4 same version at last contact', 'versions_differ', { peer: { version: '1.1.0' } }],
  ['SAFETY §4 same version, and it is known', 'version_unknown', { peer: { version: null } }],
  [
    'SAFETY §4 lag within the limit',
    'lag_over_limit',
    { policy: { maxFailoverLagBytes: 9 }, database: { lagBytes: 10 } },
  ],
  [
    'SAFETY §4 lag within the limit, and it is known',
    'lag_unknown',
    { policy: { maxFailoverLagBytes: 9 }, database: { lagBytes: null } },
  ],
  [
    'SAFETY §4 last automatic failover acknowledged',
    'flapping',
    { self: { lastFailover: { wallAtMs: WALL_MS - HOUR_MS + 1, acknowledged: false } } },
  ],
  ['SAFETY §4 no promise running', 'promise_runs', { self: { promisedUntilMs: NOW_MS + 1 } }],
  ['SAFETY §4 its lease expired', 'lease_held', { arbiter: { lease: { nodeId: 1, term: 5 } } }],
  ['SAFETY §4 our receiver is dead', 'wal_flows', { database: { walFlows: true } }],
  ['SAFETY §3 Lease: the arbiter answers', 'arbiter_away', { arbiter: { silent: true } }],
  ['SAFETY §3 Lease: its answer is new', 'arbiter_away', { arbiter: { heardMs: NOW_MS - 4_001 } }],
  ["SAFETY §3 Lease: this node's member key", 'not_in_arbiter', { arbiter: { isMember: false } }],
  [
    "SAFETY §3 Lease: etcd's cluster id changed, wait one TTL",
    'arbiter_forgot',
    { arbiter: { forgotMs: NOW_MS - 9_999 } },
  ],
  [
    'SAFETY §3 Lease: absent without a seen expiry, wait one TTL',
    'arbiter_forgot',
    { memory: { leaseSeen: false, leaseAbsentMs: NOW_MS - 9_999 } },
  ],
  ["SAFETY §3 Lease: an empty arbiter is main's to set up", 'arbiter_forgot', { arbiter: { term: null } }],
  ['SAFETY §3 Arbiter away: for one TTL after its start', 'just_started', { self: { startedMs: NOW_MS - 9_999 } }],
  ['SAFETY §2 diverged', 'diverged', { self: { diverged: true } }],
  ['SAFETY §3 superseded', 'fenced', { self: { fenced: true } }],
  ['DESIGN §6 a copy is being made', 'cloning', { self: { cloning: true } }],
  ['one operation at a time', 'operation_running', { self: { operation: 'a rejoin' } }],
];

test.each(WITH_ARBITER)('%s, or it is blocked by %s alone', (_says, code, changes) => {
  const decision = asSecondary(changes);
  expect(codes(decision)).toEqual([code]);
  expect(kinds(decision)).not.toContain('fail_over');
  expect(decision.blockers[0]?.sentence).toMatch(/\.$|update$/);
});

const ALONE: readonly [says: string, code: string, changes: Changes][] = [
  ['SAFETY §4 main silent by every path: API probe', 'main_answers', { peer: { apiSilent: false } }],
  [
    'SAFETY §4 main silent by every path: its PostgreSQL port',
    'main_database_answers',
    { peer: { databaseSilent: false } },
  ],
  [
    'SAFETY §4 main silent for failover_after_ms',
    'main_not_silent_long_enough',
    { peer: { heardMs: NOW_MS - 119_999 } },
  ],
  [
    "SAFETY §4 silence counts from this process's start",
    'main_not_silent_long_enough',
    { self: { startedMs: NOW_MS - 119_999 } },
  ],
];

test.each(ALONE)('%s, or it is blocked by %s alone', (_says, code, changes) => {
  expect(codes(asSecondaryAlone(changes))).toEqual([code]);
});

test('SAFETY §4 while WAL flows main lives: without an arbiter also when it comes from a server that was shut', () => {
  const shut = { database: { walFlows: true, upstreamInRecovery: true } };
  expect(codes(asSecondaryAlone(shut))).toEqual(['wal_flows', 'main_not_silent_long_enough']);
  // With one the lease has ended: what still sends keep-alives takes no writes.
  expect(kinds(asSecondary(shut))).toEqual(['fail_over']);
});

test('SAFETY §4 no grant open: neither asked for nor given', () => {
  for (const state of ['asked', 'granted'] as const) {
    const decision = asSecondary({ self: { handover: { side: 'candidate', state, goodUntilMs: null } } });
    expect([decision.rules, codes(decision)]).toEqual([[60], ['grant_open']]);
  }
});

test('what has passed no longer blocks: a hold, an hour, an acknowledgement, a promise, a lease after the start', () => {
  const passed: Changes[] = [
    { self: { hold: { wallUntilMs: WALL_MS, actor: 'ann', reason: 'update' } } },
    { self: { lastFailover: { wallAtMs: WALL_MS - HOUR_MS, acknowledged: false } } },
    { self: { lastFailover: { wallAtMs: WALL_MS - 1, acknowledged: true } } },
    { self: { promisedUntilMs: NOW_MS } },
    { self: { startedMs: NOW_MS - 10_000 } },
    { arbiter: { forgotMs: NOW_MS - 10_000 } },
  ];
  expect(passed.map((changes) => codes(asSecondary(changes)))).toEqual(passed.map(() => []));
});

test('a wall clock that was set back does not let a second failover through', () => {
  const later = { wallAtMs: WALL_MS + 1_000, acknowledged: false };
  expect(codes(asSecondary({ self: { lastFailover: later } }))).toEqual(['flapping']);
});

describe('SAFETY §4 with sync, we were in the synchronous set', () => {
  const sync = (nodeIds: readonly number[], changes: Changes = {}): Changes => ({
    policy: { durability: 'sync' },
    arbiter: { durability: { state: 'sync', nodeIds } },
    ...changes,
  });

  test('named alone: yes; not named, or main went on alone: no', () => {
    expect(codes(asSecondary(sync([2])))).toEqual([]);
    expect(codes(asSecondary(sync([3])))).toContain('not_synchronous');
    const degraded = { state: 'async', nodeIds: [] } as const;
    expect(codes(asSecondary({ ...sync([2]), arbiter: { durability: degraded } }))).toEqual(['not_synchronous']);
  });

  test('With N names a promotion needs the received LSN of all N', () => {
    expect(codes(asSecondary(sync([2, 3])))).toEqual(['other_not_heard']);
    const heard = { receivedLsn: 4_000n, receivedAskedMs: NOW_MS - 500 };
    expect(codes(asSecondary(sync([2, 3], { otherPeer: heard })))).toEqual([]);
    const unknown = { ...heard, receivedLsn: null };
    expect(codes(asSecondary(sync([2, 3], { otherPeer: unknown })))).toEqual(['other_not_heard']);
  });

  test('With N names: what was asked before the lease ended may not be all that it received', () => {
    const stale = { receivedLsn: 4_000n, receivedAskedMs: NOW_MS - 1_001 };
    expect(codes(asSecondary(sync([2, 3], { otherPeer: stale })))).toEqual(['other_not_heard']);
  });

  test('and takes the highest, also when that one cannot be promoted now', () => {
    const ahead = { receivedLsn: 5_001n, receivedAskedMs: NOW_MS - 500, following: false };
    expect(codes(asSecondary(sync([2, 3], { otherPeer: ahead })))).toEqual(['other_is_ahead']);
  });
});

describe('of two secondaries the one that has received most goes first', () => {
  test('between equals, the lower node id', () => {
    expect(codes(asSecondary({ otherPeer: { nodeId: 3 } }))).toEqual([]);
    expect(codes(asSecondary({ otherPeer: { nodeId: 3, receivedLsn: 5_001n } }))).toEqual(['other_is_ahead']);
  });

  test('one that is ahead and does not act is not waited for for ever, unless what it has was promised', () => {
    const memory = { leaseAbsentMs: NOW_MS - 10_001 };
    const otherPeer = { receivedLsn: 5_001n };
    expect(codes(asSecondary({ memory, otherPeer }))).toEqual([]);
    const sync = {
      policy: { durability: 'sync' },
      arbiter: { durability: { state: 'sync', nodeIds: [2, 3] } },
    } as const;
    expect(codes(asSecondary({ ...sync, memory, otherPeer }))).toEqual(['other_is_ahead']);
  });
});

describe('what a secondary tells', () => {
  test('a blocked failover is told once for each set of reasons', () => {
    const first = asSecondary({ policy: { autoFailover: false } });
    expect([first.rules, kinds(first)]).toEqual([[62], ['tell_blocked']]);
    const again = asSecondary({ policy: { autoFailover: false }, memory: first.memory });
    expect([again.rules, kinds(again)]).toEqual([[63], []]);
    const other = asSecondary({ policy: { autoFailover: false }, self: { diverged: true }, memory: first.memory });
    expect(kinds(other)).toEqual(['tell_blocked']);
  });

  test('a main that lives again ends the episode', () => {
    const { memory } = asSecondary({ policy: { autoFailover: false } });
    const alive = asSecondary({ arbiter: { lease: { nodeId: 1, term: 5 } }, memory });
    expect(alive.memory.toldBlockers).toBe('');
  });

  test('the countdown runs only when silence alone stands in between', () => {
    const silent = { peer: { heardMs: NOW_MS - 100_000 } };
    const counting = asSecondaryAlone(silent);
    expect([counting.rules, counting.countdownMs]).toEqual([[64], 20_000]);
    expect(asSecondaryAlone({ ...silent, policy: { autoFailover: false } }).countdownMs).toBeNull();
  });

  test('its own promotion is no news about a blocked one', () => {
    expect(kinds(asSecondaryAlone({ self: { operation: 'an automatic failover' } }))).toEqual([]);
  });
});

describe('SAFETY §3 Lease: a candidate holds it from the taking to the end of its promotion', () => {
  const promoting: Changes = {
    self: { operation: 'an automatic failover', lease: { renewedMs: NOW_MS - 2_000, ttlMs: 10_000, lost: false } },
    arbiter: { lease: { nodeId: 2, term: 6 } },
  };

  test('it is renewed while a long replay runs, and the guard knows the deadline', () => {
    const decision = asSecondary(promoting);
    expect([decision.rules, kinds(decision), decision.deadlineMs]).toEqual([[65, 66], ['renew_lease'], NOW_MS + 7_000]);
  });

  test('SAFETY §3 Grant: pg_promote must have returned by then', () => {
    const handover = { side: 'candidate', state: 'granted', goodUntilMs: NOW_MS + 500 } as const;
    const decision = asSecondary({ ...promoting, self: { ...promoting.self, handover } });
    expect(decision.deadlineMs).toBe(NOW_MS + 500);
  });

  test('a promotion that outlived its lease is fenced', () => {
    const lost = { ...promoting.self, lease: { renewedMs: NOW_MS - 9_500, ttlMs: 10_000, lost: false } };
    expect(asSecondary({ ...promoting, self: lost, database: { state: 'writable' } }).rules[0]).toBe(58);
  });
});

test('SAFETY §3 a database that takes writes and belongs to no main is fenced', () => {
  const writable: Changes = { database: { state: 'writable' } };
  expect(asSecondary(writable).actions).toMatchObject([{ kind: 'fence', cause: 'lease' }]);
  // A fresh process first goes on with a promotion that ended without it; a server before its copy has its own data.
  expect(kinds(asSecondary({ ...writable, self: { startedMs: NOW_MS - 1 } }))).not.toContain('fence');
  expect(kinds(asSecondary({ ...writable, self: { cloning: true } }))).not.toContain('fence');
  expect(kinds(asSecondary({ ...writable, self: { startedMs: NOW_MS - 1, fenced: true } }))).toContain('fence');
});
