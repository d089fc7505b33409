/**
 * Schedules with a plot: each brings about, at varying instants, the situation that one rule of SAFETY is for. Chance alone
 * comes there too rarely. Every theme also runs without a mutant, as a part of all schedules.
 */
import type { Policy } from '../src/observation.ts';
import type { Fault, PlannedFault } from './fault.ts';
import type { Mutant } from './mutants.ts';
import type { Random } from './random.ts';
import type { WorldConfig } from './world-types.ts';

export interface Plot {
  readonly config: Partial<Omit<WorldConfig, 'policy'>>;
  readonly policy: Partial<Policy>;
  readonly faults: readonly PlannedFault[];
  readonly lengthMs: number;
}

const LONG_MS = 60_000;

function cut(atMs: number, from: number, to: number, forMs: number): PlannedFault {
  return { atMs, fault: { kind: 'cut', from, to, oneWay: false, forMs } };
}

function at(atMs: number, fault: Fault): PlannedFault {
  return { atMs, fault };
}

/** Main's panel hangs: the guard alone shuts the database, as late as it may, and the other is as quick as it can be. */
function panelHangs(random: Random): Plot {
  const startMs = random.between(2_000, 6_000);
  return {
    config: { arbiter: true, founded: true, nodes: 2 },
    policy: { durability: 'async', maxFailoverLagBytes: null },
    faults: [
      at(startMs, { kind: 'panel_hung', node: 1, forMs: LONG_MS }),
      cut(startMs + random.between(0, 300), 1, 2, random.between(4_000, 12_000)),
    ],
    lengthMs: startMs + 9_000,
  };
}

/** The arbiter is away for main alone, which goes on by promises. */
function arbiterAwayForMain(random: Random): Plot {
  const startMs = random.between(2_000, 6_000);
  return {
    config: { arbiter: true, founded: true },
    policy: { durability: 'async', maxFailoverLagBytes: null },
    faults: [
      cut(startMs, 0, 1, LONG_MS),
      cut(startMs + random.between(1_000, 6_000), 1, 2, random.between(1_000, 6_000)),
    ],
    lengthMs: startMs + 14_000,
  };
}

/** The one who promised is restarted, and then main cannot be heard any more. */
function promiserRestarts(random: Random): Plot {
  const startMs = random.between(2_000, 6_000);
  const restartMs = startMs + random.between(2_400, 5_500);
  return {
    config: { arbiter: true, founded: true, nodes: 2 },
    policy: { durability: 'async', maxFailoverLagBytes: null, leaseTtlMs: 6_000, leaseMarginMs: 1_000 },
    faults: [
      cut(startMs, 0, 1, LONG_MS),
      at(restartMs, { kind: 'panel_killed', node: 2, forMs: random.between(20, 200) }),
      at(restartMs, { kind: 'database_killed', node: 2, forMs: random.between(20, 200) }),
      cut(restartMs + random.between(150, 600), 1, 2, LONG_MS),
    ],
    lengthMs: restartMs + 12_000,
  };
}

/** A planned change, and around the grant the two lose each other, or one of them stands still. */
function grantInTheDark(random: Random): Plot {
  const startMs = random.between(1_500, 4_000);
  const arbiter = random.chance(0.4);
  const then = random.pick(['panel_killed', 'panel_hung', 'suspended', 'power_cut'] as const);
  const step = random.pick(['ask_grant', 'take_lease', 'promote_database', 'record_promotion', 'announce'] as const);
  const faults = [at(startMs, { kind: 'switchover', to: 2 }), cut(startMs + random.between(200, 2_000), 1, 2, LONG_MS)];
  if (random.chance(0.6)) {
    faults.push(at(startMs - 500, { kind: 'trap', node: 2, step, then, forMs: random.between(1_000, 20_000) }));
  }
  return {
    config: { arbiter, founded: true, nodes: 2 },
    policy: { autoFailover: arbiter, durability: 'async', maxFailoverLagBytes: null },
    faults,
    lengthMs: startMs + 28_000,
  };
}

/** A server is removed while it hears nothing of it; it still reaches the arbiter when main's lease ends. */
function removedUnheard(random: Random): Plot {
  const startMs = random.between(3_500, 6_000);
  return {
    config: { arbiter: true, founded: true, nodes: 3 },
    policy: { durability: 'async', maxFailoverLagBytes: null },
    faults: [
      cut(startMs, 1, 3, LONG_MS),
      cut(startMs, 2, 3, LONG_MS),
      at(startMs + 500, { kind: 'removed', node: 3 }),
      cut(startMs + random.between(1_000, 3_000), 0, 1, LONG_MS),
    ],
    lengthMs: startMs + 14_000,
  };
}

/** A candidate stands still between its decision and its deed; meanwhile main is main again, and goes on alone. */
function decidedLongAgo(random: Random): Plot {
  const startMs = random.between(4_000, 6_000);
  const mainBackMs = startMs + random.between(5_000, 7_000);
  const mainLostMs = mainBackMs + random.between(5_000, 9_000);
  return {
    config: { arbiter: true, founded: true, nodes: 2 },
    policy: { durability: 'sync', maxFailoverLagBytes: null, leaseTtlMs: 3_000, leaseMarginMs: 1_000 },
    faults: [
      at(startMs - 1_000, {
        kind: 'trap',
        node: 2,
        step: 'take_lease',
        then: 'panel_hung',
        forMs: mainLostMs + random.between(3_500, 6_000) - startMs - 3_000,
      }),
      at(startMs, { kind: 'panel_hung', node: 1, forMs: mainBackMs - startMs }),
      cut(startMs + 1_500, 1, 2, LONG_MS),
      at(mainLostMs, { kind: 'power_cut', node: 1, forMs: LONG_MS }),
    ],
    lengthMs: mainLostMs + 14_000,
  };
}

/** Another one became main, then the arbiter forgot everything, and the old main is the first to see it again. */
function arbiterForgetsTheNewMain(random: Random): Plot {
  const startMs = random.between(3_000, 5_000);
  const forgetsMs = startMs + random.between(6_000, 9_000);
  return {
    config: { arbiter: true, founded: true },
    policy: { durability: random.chance(0.5) ? 'sync' : 'async', maxFailoverLagBytes: null },
    faults: [
      cut(startMs, 1, 2, LONG_MS),
      cut(startMs, 1, 3, LONG_MS),
      cut(startMs, 0, 1, forgetsMs + random.between(-500, 1_500) - startMs),
      at(forgetsMs, { kind: 'arbiter_forgets' }),
      cut(forgetsMs - 100, 0, 2, random.between(2_000, 9_000)),
    ],
    lengthMs: forgetsMs + 14_000,
  };
}

/** An older state of the arbiter is put back while main still lives by its lease. */
function arbiterIsRestored(random: Random): Plot {
  const startMs = random.between(5_000, 8_000);
  return {
    config: { arbiter: true, founded: true },
    policy: { durability: 'async', maxFailoverLagBytes: null },
    faults: [
      cut(startMs, 1, 2, LONG_MS),
      cut(startMs + random.between(1_000, 2_200), 0, 1, LONG_MS),
      at(startMs + random.between(1_500, 2_500), { kind: 'arbiter_restored', agoMs: 3_000 }),
    ],
    lengthMs: startMs + 12_000,
  };
}

/** A second standby joins those that commits wait for, and is for an instant the only one that holds them. */
function namesAreWidened(random: Random): Plot {
  const healMs = random.between(4_000, 6_000);
  const awayMs = healMs + random.between(0, 2_500);
  return {
    config: { arbiter: true, founded: true, nodes: 3 },
    policy: { durability: 'sync', maxFailoverLagBytes: null },
    faults: [
      cut(10, 1, 3, healMs - 10),
      at(healMs, { kind: 'receives_slowly', node: 2, forMs: LONG_MS }),
      cut(awayMs, 0, 1, LONG_MS),
      at(awayMs + random.between(300, 1_800), { kind: 'power_cut', node: 1, forMs: LONG_MS }),
      at(awayMs + 1_000, { kind: 'power_cut', node: 3, forMs: LONG_MS }),
    ],
    lengthMs: awayMs + 12_000,
  };
}

export const THEMES: Readonly<Partial<Record<Mutant, (random: Random) => Plot>>> = {
  lease_margin: panelHangs,
  promise: arbiterAwayForMain,
  just_started: promiserRestarts,
  grant: grantInTheDark,
  member_key: removedUnheard,
  durability_revision: decidedLongAgo,
  vouching: arbiterForgetsTheNewMain,
  wait_one_ttl: arbiterIsRestored,
  names_before_record: namesAreWidened,
};

export const ALL_THEMES: readonly ((random: Random) => Plot)[] = Object.values(THEMES);
