/** A seed's world and what goes wrong in it. */
import type { StepName } from '../src/plans.ts';
import { defaultPolicy } from './create-world.ts';
import type { Fault, PlannedFault } from './fault.ts';
import type { Mutant } from './mutants.ts';
import { ALL_THEMES, THEMES, type Plot } from './themes.ts';
import { createRandom, type Random } from './random.ts';
import type { WorldConfig } from './world-types.ts';

export interface Schedule {
  readonly config: WorldConfig;
  readonly faults: readonly PlannedFault[];
  /** When a later `arbiter_restored` takes its state from; null: never. */
  readonly snapshotMs: number | null;
  /** From then on nothing goes wrong any more. */
  readonly peaceMs: number;
}

/** How many of all schedules have a plot, and not only chance. */
const PLOT_RATE = 0.3;

export function makeSchedule(seed: number, mutant: Mutant | null): Schedule {
  const random = createRandom(seed ^ 0x5eed);
  const theme = mutant === null ? undefined : THEMES[mutant];
  if (theme !== undefined) return makePlotted(random, theme, mutant);
  return random.chance(PLOT_RATE) ? makePlotted(random, random.pick(ALL_THEMES), mutant) : makeRandom(random, mutant);
}

function makePlotted(random: Random, theme: (random: Random) => Plot, mutant: Mutant | null): Schedule {
  const plot = theme(random);
  const drawn = makeConfig(random);
  const policy = { ...drawn.policy, ...plot.policy };
  const config = withMutant({ ...drawn, ...plot.config, policy }, mutant);
  const ids = new Set([...Array(config.nodes + 1).keys()]);
  const faults = plot.faults.filter(({ fault }) => fault.kind !== 'cut' || (ids.has(fault.from) && ids.has(fault.to)));
  if (random.chance(0.3)) {
    const atMs = random.between(1_500, plot.lengthMs - 1_000);
    faults.push({ atMs, fault: makeFault(random, config, plot.lengthMs) });
  }
  return { config, faults, snapshotMs: snapshotMs(random, faults, 2_000), peaceMs: plot.lengthMs };
}

function snapshotMs(random: Random, faults: readonly PlannedFault[], latestMs: number): number | null {
  const restores = faults.some(({ fault }) => fault.kind === 'arbiter_restored');
  return restores ? random.between(500, Math.max(500, latestMs)) : null;
}

function makeRandom(random: Random, mutant: Mutant | null): Schedule {
  const config = withMutant(makeConfig(random), mutant);
  const lengthMs = random.between(12_000, 32_000);
  const faults: PlannedFault[] = [];
  const count = random.between(2, 8);
  for (let index = 0; index < count; index += 1) {
    const atMs = random.between(1_500, lengthMs - 2_000);
    // Troubles come together: what follows closely on another one is what nobody has thought of.
    faults.push({ atMs, fault: makeFault(random, config, lengthMs) });
    if (random.chance(0.4)) {
      faults.push({ atMs: atMs + random.between(0, 1_500), fault: makeFault(random, config, lengthMs) });
    }
  }
  return { config, faults, snapshotMs: snapshotMs(random, faults, lengthMs >> 1), peaceMs: lengthMs };
}

function withMutant(config: WorldConfig, mutant: Mutant | null): WorldConfig {
  if (mutant !== 'lease_margin') return { ...config, mutant };
  return { ...config, mutant, policy: { ...config.policy, leaseMarginMs: 0 } };
}

function makeConfig(random: Random): WorldConfig {
  const arbiter = random.chance(0.75);
  const leaseTtlMs = random.chance(0.8) ? 3_000 : 6_000;
  const policy = defaultPolicy(leaseTtlMs, {
    autoFailover: arbiter ? true : random.chance(0.5),
    durability: random.chance(0.5) ? 'sync' : 'async',
    maxFailoverLagBytes: random.chance(0.1) ? 20 : null,
    selfPromoteAfterMs: null,
    dbDownAfterMs: 1_000,
  });
  return {
    nodes: random.chance(0.6) ? 2 : 3,
    arbiter,
    founded: random.chance(0.92),
    policy,
    walReceiverTimeoutMs: arbiter ? leaseTtlMs / 2 : 3_000,
    canStart: random.chance(0.3),
    mutant: null,
    calm: false,
  };
}

type Make = (random: Random, node: number, config: WorldConfig, longMs: number) => Fault;

const cutBetween: Make = (random, node, config, forMs) => {
  const low = config.arbiter ? 0 : 1;
  let other = random.between(low, config.nodes);
  if (other === node) other = other === config.nodes ? other - 1 : other + 1;
  const [from, to] = random.chance(0.5) ? [node, other] : [other, node];
  return { kind: 'cut', from, to, oneWay: random.chance(0.3), forMs };
};

const TRAPPED_STEPS: readonly StepName[] = [
  'shut_gate',
  'shut_database',
  'hand_over',
  'await_grant',
  'await_new_main',
  'withdraw',
  'resume_database',
  'prepare_candidate',
  'reach_end',
  'ask_grant',
  'take_lease',
  'promote_database',
  'record_promotion',
  'announce',
  'confirm_main',
];

function makeTrap(random: Random, node: number): Fault {
  const then = random.pick(['panel_killed', 'panel_hung', 'suspended', 'power_cut'] as const);
  return { kind: 'trap', node, step: random.pick(TRAPPED_STEPS), then, forMs: random.between(50, 15_000) };
}

/** With weights: the more often, the more there is to find. */
const FAULTS: readonly (readonly [weight: number, make: Make])[] = [
  [22, cutBetween],
  [5, (random, _node, _config, forMs) => ({ kind: 'lossy', rate: random.next() * 0.5, forMs })],
  [8, (_random, _node, _config, forMs) => ({ kind: 'arbiter_down', forMs })],
  [3, () => ({ kind: 'arbiter_forgets' })],
  [2, (random) => ({ kind: 'arbiter_restored', agoMs: random.between(1_000, 10_000) })],
  [9, (random, node) => ({ kind: 'panel_killed', node, forMs: random.between(50, 8_000) })],
  [9, (_random, node, _config, forMs) => ({ kind: 'panel_hung', node, forMs })],
  [6, (_random, node, _config, forMs) => ({ kind: 'suspended', node, forMs })],
  [8, (random, node) => ({ kind: 'power_cut', node, forMs: random.between(500, 15_000) })],
  [8, (random, node) => ({ kind: 'database_killed', node, forMs: random.between(200, 15_000) })],
  [2, (_random, node) => ({ kind: 'signal_removed', node })],
  [2, (random, node) => ({ kind: 'clock_jumps', node, byMs: random.between(-7_200_000, 7_200_000) })],
  [2, (_random, node, _config, forMs) => ({ kind: 'hold', node, forMs })],
  [1, (_random, node) => ({ kind: 'updated', node, version: '1.1.0' })],
  [3, (_random, node, _config, forMs) => ({ kind: 'receives_slowly', node, forMs })],
  [10, makeTrap],
  [14, (_random, node) => ({ kind: 'switchover', to: node })],
  [2, (_random, node) => ({ kind: 'removed', node })],
  [2, (random) => ({ kind: 'sync_switched', on: random.chance(0.5) })],
];

const TOTAL_WEIGHT = FAULTS.reduce((total, [weight]) => total + weight, 0);

function makeFault(random: Random, config: WorldConfig, lengthMs: number): Fault {
  const node = random.chance(0.5) ? 1 : random.between(1, config.nodes);
  // Most troubles are short, some outlast everything.
  const forMs = random.chance(0.2) ? lengthMs : random.between(100, random.chance(0.5) ? 3_000 : 12_000);
  let left = random.next() * TOTAL_WEIGHT;
  for (const [weight, make] of FAULTS) {
    left -= weight;
    if (left >= 0) continue;
    const fault = make(random, node, config, forMs);
    return isPossible(fault, config) ? fault : cutBetween(random, node, config, forMs);
  }
  return cutBetween(random, node, config, forMs);
}

function isPossible(fault: Fault, config: WorldConfig): boolean {
  if (fault.kind === 'arbiter_restored') return config.arbiter && config.policy.durability === 'async';
  if (fault.kind === 'sync_switched' && config.policy.durability === 'async') return false;
  if (fault.kind.startsWith('arbiter')) return config.arbiter;
  return true;
}
