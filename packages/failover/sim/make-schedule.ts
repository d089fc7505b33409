/** A seed's world and what goes wrong in it. */
import { defaultPolicy } from './create-world.ts';
import type { Fault, PlannedFault } from './faults.ts';
import type { Mutant } from './mutants.ts';
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

export function makeSchedule(seed: number, mutant: Mutant | null): Schedule {
  const random = createRandom(seed ^ 0x5eed);
  const config = makeConfig(random, mutant);
  const lengthMs = random.between(12_000, 32_000);
  const faults: PlannedFault[] = [];
  const count = random.between(2, 8);
  for (let index = 0; index < count; index += 1) {
    const atMs = random.between(1_500, lengthMs - 2_000);
    // Troubles come together: what follows closely on another one is what nobody has thought of.
    const fault = makeFault(random, config, lengthMs);
    faults.push({ atMs, fault });
    if (random.chance(0.4)) {
      faults.push({ atMs: atMs + random.between(0, 1_500), fault: makeFault(random, config, lengthMs) });
    }
  }
  const restores = faults.some(({ fault }) => fault.kind === 'arbiter_restored');
  const snapshotMs = restores ? random.between(500, lengthMs >> 1) : null;
  return { config, faults, snapshotMs, peaceMs: lengthMs };
}

function makeConfig(random: Random, mutant: Mutant | null): WorldConfig {
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
    policy: mutant === 'lease_margin' ? { ...policy, leaseMarginMs: 0 } : policy,
    walReceiverTimeoutMs: arbiter ? leaseTtlMs / 2 : 3_000,
    canStart: random.chance(0.3),
    mutant,
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
