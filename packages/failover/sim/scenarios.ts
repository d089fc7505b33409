/** Worlds with a script, whose transcripts lie in ../scenarios: what the cluster does, for people to read. */
import type { Policy } from '../src/observation.ts';
import type { Fault, PlannedFault } from './fault.ts';
import type { WorldConfig } from './world-types.ts';

export interface Scenario {
  /** Of the file, without `.txt`. */
  readonly name: string;
  readonly title: string;
  /** What a reader should look for. */
  readonly about: string;
  readonly servers: 2 | 3;
  readonly arbiter: boolean;
  readonly policy: Partial<Policy>;
  readonly config?: Partial<WorldConfig>;
  readonly script: readonly PlannedFault[];
  readonly lengthMs: number;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

function at(seconds: number, fault: Fault): PlannedFault {
  return { atMs: seconds * SECOND_MS, fault };
}

function cut(from: number, to: number, seconds: number, oneWay = false): Fault {
  return { kind: 'cut', from, to, oneWay, forMs: seconds * SECOND_MS };
}

const two = { servers: 2, arbiter: true, policy: {} } as const;
const twoAlone = { servers: 2, arbiter: false, policy: {} } as const;

const DEATHS: readonly Scenario[] = [
  {
    ...two,
    name: 'main-dies',
    title: 'Main dies, and comes back later',
    about:
      'The lease ends 10 s after its last renewal, and server 2 takes it. What server 1 had written and not sent is its own: it comes back read-only, and an admin repairs it.',
    script: [at(20, { kind: 'power_cut', node: 1, forMs: MINUTE_MS }), at(100, { kind: 'repaired', node: 1 })],
    lengthMs: 110 * SECOND_MS,
  },
  {
    ...twoAlone,
    name: 'main-dies-without-arbiter',
    title: 'Main dies, and nobody else can say so',
    about:
      'Only silence speaks: API, database port and WAL, for failover_after_ms. Server 1 comes back and asks before it writes.',
    script: [at(20, { kind: 'power_cut', node: 1, forMs: 3 * MINUTE_MS })],
    lengthMs: 220 * SECOND_MS,
  },
  {
    ...two,
    name: 'mains-database-dies',
    title: "Main's PostgreSQL dies, its panel lives",
    about:
      'After db_down_after_ms main gives its role away itself: it grants, the lease moves, and nobody waits for it to end.',
    script: [at(20, { kind: 'database_killed', node: 1, forMs: MINUTE_MS })],
    lengthMs: 60 * SECOND_MS,
  },
  {
    ...two,
    name: 'panel-hung',
    title: "Main's panel hangs, its PostgreSQL takes writes",
    about:
      'Nobody renews the lease; the guard beside PostgreSQL fences before it ends. Everything had been sent, so server 1 follows by itself.',
    script: [at(20, { kind: 'panel_hung', node: 1, forMs: 40 * SECOND_MS })],
    lengthMs: 75 * SECOND_MS,
  },
  {
    ...two,
    name: 'suspended-machine',
    title: "Main's machine is suspended, and wakes later",
    about: 'Its boot clock went on: the guard and the panel both find the deadline passed, at once.',
    script: [at(20, { kind: 'suspended', node: 1, forMs: 40 * SECOND_MS })],
    lengthMs: 70 * SECOND_MS,
  },
];

const PARTITIONS: readonly Scenario[] = [
  {
    ...two,
    name: 'partition',
    title: 'Main is cut off from everybody, and finds back',
    about:
      'Main shuts itself before its lease ends, the other takes over after that: at no instant do both take writes.',
    script: [at(20, cut(1, 2, 40)), at(20, cut(0, 1, 40))],
    lengthMs: 75 * SECOND_MS,
  },
  {
    ...twoAlone,
    name: 'partition-that-heals',
    title: 'A partition that heals in time, without an arbiter',
    about: 'Server 2 counts down and stops when it hears main again.',
    script: [at(20, cut(1, 2, 60))],
    lengthMs: 100 * SECOND_MS,
  },
  {
    ...twoAlone,
    name: 'split-brain-contained',
    title: 'A partition that outlasts failover_after_ms, without an arbiter',
    about:
      'What two servers alone cannot have (SAFETY §6): both take writes. Within one probe of healing the older main is shut, and both sides are kept.',
    script: [at(20, cut(1, 2, 200))],
    lengthMs: 240 * SECOND_MS,
  },
  {
    ...twoAlone,
    name: 'wal-flows-while-the-api-is-silent',
    title: "Main's panel is silent for long, its WAL flows",
    about: 'While WAL flows main lives: there is no failover, however long the API is silent.',
    script: [at(20, { kind: 'panel_hung', node: 1, forMs: 4 * MINUTE_MS })],
    lengthMs: 290 * SECOND_MS,
  },
];

const BLOCKED: readonly Scenario[] = [
  {
    ...two,
    name: 'version-mismatch',
    title: 'Main dies while the other server runs another version',
    about: 'Nobody takes over by itself, and the reason is said once.',
    script: [
      at(15, { kind: 'updated', node: 2, version: '1.1.0' }),
      at(20, { kind: 'power_cut', node: 1, forMs: 40 * SECOND_MS }),
    ],
    lengthMs: 75 * SECOND_MS,
  },
  {
    ...two,
    name: 'hold',
    title: 'Main dies under a hold',
    about: 'The hold delays the failover until it ends.',
    script: [
      at(15, { kind: 'hold', node: 2, forMs: 45 * SECOND_MS }),
      at(20, { kind: 'power_cut', node: 1, forMs: 5 * MINUTE_MS }),
    ],
    lengthMs: 75 * SECOND_MS,
  },
  {
    ...two,
    policy: { maxFailoverLagBytes: 20 },
    name: 'lag-over-the-limit',
    title: 'Main dies while the other server lacks too much',
    about: 'Over max_failover_lag_bytes nobody takes over by itself; main comes back and goes on.',
    script: [
      at(15, { kind: 'receives_slowly', node: 2, forMs: MINUTE_MS }),
      at(20, { kind: 'power_cut', node: 1, forMs: 40 * SECOND_MS }),
    ],
    lengthMs: 80 * SECOND_MS,
  },
  {
    ...two,
    name: 'flapping',
    title: 'The new main dies as well, within the hour',
    about: 'A second automatic failover waits for an admin who has seen the first.',
    script: [
      at(20, { kind: 'panel_hung', node: 1, forMs: 20 * SECOND_MS }),
      at(60, { kind: 'power_cut', node: 2, forMs: 40 * SECOND_MS }),
    ],
    lengthMs: 125 * SECOND_MS,
  },
];

const ARBITER: readonly Scenario[] = [
  {
    ...two,
    name: 'arbiter-away',
    title: 'The arbiter is down for a minute',
    about: 'Main goes on by the promise of the other server, without one second of shut writes.',
    script: [at(20, { kind: 'arbiter_down', forMs: MINUTE_MS })],
    lengthMs: 95 * SECOND_MS,
  },
  {
    ...two,
    name: 'arbiter-and-secondary-away',
    title: 'The arbiter and the other server are both away',
    about:
      'Nobody gives main leave any more: it shuts itself, and is main again by the promise of the first of them that returns.',
    script: [
      at(20, { kind: 'arbiter_down', forMs: MINUTE_MS }),
      at(20, { kind: 'power_cut', node: 2, forMs: 30 * SECOND_MS }),
    ],
    lengthMs: 95 * SECOND_MS,
  },
  {
    ...two,
    name: 'promise-across-a-restart',
    title: 'Who promised is restarted',
    about:
      'Main has lost the arbiter and goes on by a promise. Server 2, restarted, finds the promise in node.json, and is not promoted for one lease in any case, though the arbiter shows no lease.',
    script: [at(20, cut(0, 1, 40)), at(27, { kind: 'panel_killed', node: 2, forMs: 500 }), at(28.5, cut(1, 2, 25))],
    lengthMs: 75 * SECOND_MS,
  },
  {
    ...two,
    name: 'arbiter-forgets',
    title: 'The arbiter loses its data',
    about:
      'A lease that is not found fences at once. Main goes on by the promise of the other server, and after one lease, in which whoever else might hold one has shut itself, it sets the arbiter up again.',
    script: [at(20, { kind: 'arbiter_forgets' })],
    lengthMs: 50 * SECOND_MS,
  },
];

const CHANGES: readonly Scenario[] = [
  {
    ...two,
    name: 'switchover',
    title: 'A planned change of main',
    about: 'Shut, hand over, grant, lease, promotion; the old main follows by itself.',
    script: [at(20, { kind: 'switchover', to: 2 })],
    lengthMs: 35 * SECOND_MS,
  },
  {
    ...twoAlone,
    name: 'grant-whose-reply-is-lost',
    title: 'Main grants, and the candidate never hears it',
    about:
      'Past the grant main stays shut until the candidate says, signed, that it discarded it; then main takes it back.',
    script: [
      at(15, { kind: 'trap', node: 2, step: 'ask_grant', then: 'suspended', forMs: 5 }),
      at(20, { kind: 'switchover', to: 2 }),
      at(20.365, cut(1, 2, 8, true)),
    ],
    lengthMs: 50 * SECOND_MS,
  },
  {
    ...two,
    name: 'equal-timelines-other-histories',
    title: 'Both were promoted to timeline 2, apart from each other',
    about:
      'Timeline numbers prove nothing: the promotion lists differ, so server 1 does not follow, and only a base backup repairs it.',
    script: [
      at(20, cut(1, 2, 60)),
      at(21, { kind: 'database_killed', node: 1, forMs: SECOND_MS }),
      at(30, cut(0, 1, 50)),
    ],
    lengthMs: 95 * SECOND_MS,
  },
  {
    ...two,
    policy: { durability: 'sync' },
    servers: 3,
    name: 'two-secondaries',
    title: 'Main dies, with two secondaries and durability sync',
    about:
      'Both must have said what they hold since the lease ended; the one that holds most goes first, and the other follows it.',
    script: [at(20, { kind: 'power_cut', node: 1, forMs: MINUTE_MS })],
    lengthMs: 50 * SECOND_MS,
  },
  {
    ...two,
    name: 'clocks-jump',
    title: 'Wall clocks jump both ways',
    about: 'Leases and promises count by the boot clock: nothing happens.',
    script: [
      at(20, { kind: 'clock_jumps', node: 1, byMs: 2 * HOUR_MS }),
      at(30, { kind: 'clock_jumps', node: 2, byMs: -2 * HOUR_MS }),
      at(40, { kind: 'clock_jumps', node: 1, byMs: -4 * HOUR_MS }),
    ],
    lengthMs: 60 * SECOND_MS,
  },
];

export const SCENARIOS: readonly Scenario[] = [...DEATHS, ...PARTITIONS, ...BLOCKED, ...ARBITER, ...CHANGES];
