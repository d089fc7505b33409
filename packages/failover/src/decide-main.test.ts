import { describe, expect, test } from 'vitest';
import { asMain, follower, kinds, NOW_MS, WALL_MS, type Changes } from './test-observation.ts';

const leaseOf = (ageMs: number, lost = false) => ({ renewedMs: NOW_MS - ageMs, ttlMs: 10_000, lost });
const inRecovery = { state: 'recovery', sinceMs: NOW_MS - 1_000 } as const;

test('a main that is well does nothing', () => {
  expect([asMain().rules, kinds(asMain()), asMain().deadlineMs]).toEqual([[39], [], NOW_MS + 8_500]);
});

describe('SAFETY §3 Terms', () => {
  test('Meeting a higher term fences, and node.json says so', () => {
    const decision = asMain({ peer: { term: 6 } });
    expect([decision.rules, decision.actions]).toMatchObject([[20], [{ kind: 'fence', cause: 'superseded' }]]);
  });

  test('also one that the arbiter names', () => {
    expect(asMain({ arbiter: { lease: { nodeId: 2, term: 6 } } }).rules).toEqual([20]);
    expect(asMain({ arbiter: { lease: { nodeId: 1, term: 6 } } }).rules[0]).not.toBe(20);
  });

  test('not a term that was given to this very server, whose answer was lost on its way here', () => {
    expect(asMain({ peer: { term: 6, mainNodeId: 1 } }).rules).toEqual([39]);
  });

  test('not while it is shut and waits for the one to whom it granted', () => {
    const handover = { side: 'main', state: 'granted', goodUntilMs: NOW_MS + 1 } as const;
    const changes: Changes = { peer: { term: 6 }, self: { handover, operation: 'a switchover' } };
    expect(asMain({ ...changes, database: inRecovery }).rules[0]).toBe(24);
    expect(asMain(changes).rules[0]).toBe(20);
  });

  test('equal terms shut both', () => {
    expect(asMain({ peer: { isWritingMain: true } }).actions).toMatchObject([{ kind: 'fence', cause: 'equal_term' }]);
    expect(asMain({ peer: { isWritingMain: true, term: 4 } }).rules).toEqual([39]);
  });

  test('promotes itself again only after a peer’s signed "you are still main"', () => {
    const alone: Changes = { arbiter: null, database: inRecovery, self: { lease: null } };
    const rules = (confirmsMain: boolean | null) => asMain({ ...alone, peer: { confirmsMain } }).rules[0];
    expect([rules(true), rules(false), rules(null)]).toEqual([30, 32, 32]);
    expect(kinds(asMain(alone))).toEqual(['ask_confirmation']);
    const contradicted = { ...alone, peer: { confirmsMain: true }, otherPeer: { confirmsMain: false } };
    expect(asMain(contradicted).rules[0]).toBe(32);
  });

  test('where automatic failover is off a setting may promote again', () => {
    const alone = (selfPromoteAfterMs: number | null, autoFailover = false) =>
      asMain({ arbiter: null, database: inRecovery, policy: { autoFailover, selfPromoteAfterMs } }).rules[0];
    expect([alone(1_000), alone(1_001), alone(null), alone(1_000, true)]).toEqual([30, 32, 32, 32]);
  });
});

describe('SAFETY §3 Lease', () => {
  test('main’s deadline is TTL − margin after the start of its last good renewal', () => {
    expect(asMain({ self: { lease: leaseOf(8_999) } }).rules[0]).toBe(39);
    expect(asMain({ self: { lease: leaseOf(9_000) } }).actions).toMatchObject([{ kind: 'fence', cause: 'lease' }]);
  });

  test('margin: a longer one shuts earlier', () => {
    expect(asMain({ self: { lease: leaseOf(8_000) }, policy: { leaseMarginMs: 2_000 } }).rules[0]).toBe(23);
  });

  test('"Lease not found" → fence at once', () => {
    const decision = asMain({ self: { lease: leaseOf(100, true) } });
    expect([decision.rules, kinds(decision)]).toEqual([[22], ['fence']]);
  });

  test('Renewed every fifth of the TTL', () => {
    expect(kinds(asMain({ self: { lease: leaseOf(1_999) } }))).toEqual([]);
    expect(kinds(asMain({ self: { lease: leaseOf(2_000) } }))).toEqual(['renew_lease']);
  });

  test('a server that is being shut renews nothing', () => {
    expect(kinds(asMain({ self: { lease: leaseOf(2_500) }, peer: { term: 6 } }))).toEqual(['fence']);
  });

  test('a fresh process looks for its lease for one TTL, under a guard that lives', () => {
    const fresh = (guardAlive: boolean, ageMs = 5_000) =>
      asMain({ self: { lease: null, gateOpen: false, startedMs: NOW_MS - ageMs }, database: { guardAlive } }).rules[0];
    expect([fresh(true), fresh(false), fresh(true, 10_000)]).toEqual([37, 23, 23]);
  });

  test('an arbiter that knows nothing of the cluster shuts no main that has yet to begin with it', () => {
    const beginning = asMain({ self: { lease: null }, arbiter: { term: null, lease: null } });
    expect(beginning.rules[0]).toBe(39);
  });

  describe('a main that is shut takes it again', () => {
    const shut = (changes: Changes): Changes => ({
      database: inRecovery,
      ...changes,
      self: { lease: null, ...changes.self },
    });
    const ended = { lease: null } as const;
    const seen = { leaseSeen: true, leaseAbsentMs: NOW_MS - 100 };

    test('when it is absent under its own term', () => {
      expect(kinds(asMain(shut({ arbiter: ended, memory: seen })))).toEqual(['take_lease']);
    });

    test.each([
      ['while another holds it', { arbiter: { lease: { nodeId: 2, term: 5 } }, memory: seen }],
      ['when the arbiter is silent', { arbiter: { ...ended, silent: true }, memory: seen }],
      ['when it is no member', { arbiter: { ...ended, isMember: false }, memory: seen }],
      ['when its end was not seen, for one TTL', { arbiter: ended, memory: { ...seen, leaseSeen: false } }],
      ['when the arbiter forgot, for one TTL', { arbiter: { ...ended, forgotMs: NOW_MS - 9_999 }, memory: seen }],
      ['when a higher term was given', { arbiter: { ...ended, term: 6 }, memory: seen }],
      ['when the arbiter is empty', { arbiter: { ...ended, term: null }, memory: seen }],
    ] as const)('not %s', (_when, changes) => {
      expect(kinds(asMain(shut(changes)))).not.toContain('take_lease');
    });

    test('when a higher term was given and never used, or the arbiter is empty: if every listed server says so now', () => {
      const said = { confirmsMain: true, confirmAskedMs: NOW_MS - 9_999 };
      for (const term of [6, null]) {
        const asked = (peer: Changes['peer'], otherPeer: Changes['otherPeer']) => {
          const changes = shut({ arbiter: { ...ended, term }, memory: seen });
          return kinds(asMain({ ...changes, ...(peer && { peer }), ...(otherPeer && { otherPeer }) }));
        };
        expect(asked(said, said)).toEqual(['take_lease']);
        expect(asked(said, {})).toEqual(['ask_confirmation']);
        expect(asked(said, { ...said, confirmAskedMs: NOW_MS - 10_000 })).toEqual(['ask_confirmation']);
      }
    });

    test('and then promotes itself again, by its own lease', () => {
      const decision = asMain(shut({ self: { lease: leaseOf(100) } }));
      expect(kinds(decision)).toEqual(['resume_main']);
      expect(kinds(asMain(shut({ self: { lease: leaseOf(100), fenced: true } })))).toEqual([]);
    });
  });
});

describe('SAFETY §3 Arbiter away: main goes on while every listed secondary acknowledges it', () => {
  const away: Changes = { arbiter: { silent: true }, self: { lease: leaseOf(9_500) } };
  const promised = { promiseAskedMs: NOW_MS - 1_000 };

  test('every', () => {
    expect(asMain({ ...away, peer: promised }).rules).toEqual([39, 42, 44]);
    expect(asMain({ ...away, peer: promised, otherPeer: promised }).deadlineMs).toBe(NOW_MS + 8_000);
    expect(asMain({ ...away, peer: promised, otherPeer: {} }).rules).toEqual([23]);
    expect(asMain({ ...away, peer: { promiseAskedMs: NOW_MS - 9_000 } }).rules).toEqual([23]);
  });

  test('they are asked as soon as a renewal has failed', () => {
    expect(kinds(asMain({ ...away, self: { lease: leaseOf(4_000) } }))).toContain('ask_promises');
    expect(kinds(asMain({ ...away, self: { lease: leaseOf(3_999) } }))).not.toContain('ask_promises');
  });
});

describe('SAFETY §3 Guard: no guard, no lease', () => {
  test('a dead one is started, and meanwhile nothing is renewed', () => {
    const decision = asMain({ database: { guardAlive: false }, self: { lease: leaseOf(2_500) } });
    expect(kinds(decision)).toEqual(['keep_guard']);
  });

  test('the gate opens under a live guard, standby.signal and a lease', () => {
    const gate = (database: Changes['database'], self: Changes['self'] = {}) =>
      kinds(asMain({ ...(database && { database }), self: { gateOpen: false, ...self } })).includes('open_gate');
    expect([
      gate({}),
      gate({ guardAlive: false }),
      gate({ standbySignal: false }),
      gate({ standbySignal: null }),
    ]).toEqual([true, false, false, false]);
  });
});

describe('SAFETY §1 Fail-safe restart', () => {
  test('standby.signal lies in main’s data directory, checked every tick', () => {
    expect(kinds(asMain({ database: { standbySignal: false } }))).toEqual(['keep_standby_signal']);
  });

  test('without an arbiter the gate waits until everybody was asked', () => {
    const gate = (peer: Changes['peer']) =>
      kinds(asMain({ arbiter: null, self: { gateOpen: false, startedMs: NOW_MS - 1_000 }, ...(peer && { peer }) }));
    expect([
      gate({ heardMs: NOW_MS - 2_000 }),
      gate({ heardMs: NOW_MS - 500 }),
      gate({ apiSilent: true, heardMs: null }),
    ]).toEqual([[], ['open_gate'], ['open_gate']]);
  });

  test('the last secondary’s leaving takes the file away', () => {
    expect(kinds(asMain({ peers: [], self: { lease: null } }))).toEqual(['drop_standby_signal']);
  });
});

describe("SAFETY §4 Main's own PostgreSQL down", () => {
  const down = (changes: Changes = {}): Changes => ({
    ...changes,
    database: { state: 'down', sinceMs: NOW_MS - 3_000, refusesConnections: true, ...changes.database },
  });

  test('for db_down_after_ms: main hands over', () => {
    expect(asMain(down()).actions).toEqual([{ kind: 'hand_over', toNodeId: 2 }]);
    expect(asMain(down({ database: { sinceMs: NOW_MS - 2_999 } })).rules[0]).toBe(28);
  });

  test('"starting up" is not down until 15 s', () => {
    const starting = (forMs: number) =>
      asMain(down({ database: { state: 'starting', sinceMs: NOW_MS - forMs } })).rules[0];
    expect([starting(14_999), starting(15_000)]).toEqual([28, 26]);
  });

  test('with control, one start is tried first', () => {
    expect(kinds(asMain(down({ database: { canStart: true } })))).toEqual(['start_database']);
    expect(kinds(asMain(down({ database: { canStart: true, startTried: true } })))).toEqual(['hand_over']);
  });

  test.each([
    ['during our own operations', { self: { operation: 'a rejoin' } }],
    ['under a hold', { self: { hold: { wallUntilMs: WALL_MS + 1, actor: 'ann', reason: 'update' } } }],
    [
      'after another failover that nobody has seen',
      { self: { lastFailover: { wallAtMs: WALL_MS - 1, acknowledged: false } } },
    ],
    ['where it is switched off', { policy: { autoFailover: false } }],
    ['when it is slow and not dead', { database: { refusesConnections: false } }],
    ['when it could come back writable', { database: { standbySignal: false } }],
    ['to another version', { peer: { version: '1.1.0' } }],
    ['to one that does not follow', { peer: { following: false } }],
    ['to one that is silent', { peer: { apiSilent: true } }],
  ] as const)('not %s', (_when, changes) => {
    expect(kinds(asMain(down(changes)))).not.toContain('hand_over');
  });

  test('to the one that has received most', () => {
    const decision = asMain(down({ otherPeer: { receivedLsn: 5_001n } }));
    expect(decision.actions).toEqual([{ kind: 'hand_over', toNodeId: 3 }]);
  });

  test('with sync: only to one that the record names, when all that it names have said what they hold', () => {
    const sync = (nodeIds: readonly number[], otherPeer?: Changes['otherPeer']) =>
      kinds(
        asMain(
          down({
            policy: { durability: 'sync' },
            arbiter: { durability: { state: 'sync', nodeIds } },
            ...(otherPeer && { otherPeer }),
          }),
        ),
      );
    expect([sync([2]), sync([3]), sync([2, 3])]).toEqual([['hand_over'], [], []]);
    expect(sync([2, 3], { receivedAskedMs: NOW_MS - 100 })).toEqual(['hand_over']);
    expect(sync([2, 3], { receivedAskedMs: NOW_MS - 3_001 })).toEqual([]);
  });
});

describe('SAFETY §4 Durability sync', () => {
  const synchronous = { nodeIds: [2], caughtUpNodeIds: [2], stalledSinceMs: NOW_MS - 2_500 };
  const stalled = (changes: Changes = {}): Changes => ({
    policy: { durability: 'sync' },
    ...changes,
    database: { synchronous, ...changes.database },
    arbiter: { durability: { state: 'sync', nodeIds: [2] }, ...changes.arbiter },
  });

  test('Losing the standby: main writes "async since"', () => {
    expect(kinds(asMain(stalled()))).toContain('degrade_durability');
  });

  test('etcd away → never degrade, nor without a lease', () => {
    expect(kinds(asMain(stalled({ arbiter: { silent: true } })))).not.toContain('degrade_durability');
    expect(
      kinds(asMain(stalled({ self: { lease: leaseOf(100, true) }, peer: { promiseAskedMs: NOW_MS - 10 } }))),
    ).not.toContain('degrade_durability');
  });

  test('Back to sync: when a standby follows again', () => {
    const alone = { nodeIds: [], caughtUpNodeIds: [], stalledSinceMs: null };
    const back = stalled({
      database: { synchronous: alone },
      arbiter: { durability: { state: 'async', nodeIds: [] } },
    });
    expect(kinds(asMain(back))).toEqual(['restore_durability']);
    expect(kinds(asMain({ ...back, peer: { walFlows: false } }))).toEqual([]);
  });

  test('the names follow the secondaries', () => {
    const three = stalled({ database: { synchronous: { ...synchronous, stalledSinceMs: null } } });
    expect(kinds(asMain(three))).toEqual([]);
    expect(kinds(asMain({ ...three, peers: [follower, { ...follower, nodeId: 3 }] }))).toEqual(['restore_durability']);
  });
});
