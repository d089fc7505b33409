import { createLedger, runUntil } from './simulate.ts';
import { defaultPolicy, createWorld } from './create-world.ts';
import { planFaults } from './faults.ts';
import { describeNode } from './invariants.ts';
import type { Scenario } from './scenarios.ts';
import type { World, WorldConfig } from './world-types.ts';

const LEASE_TTL_MS = 10_000;
const RECEIVER_TIMEOUT_ALONE_MS = 10_000;
const WIDTH = 118;

/** Runs a scenario and writes down all that was decided and done; the same text every time. */
export function writeTranscript(scenario: Scenario): string {
  const lines: string[] = [];
  const trace = (atMs: number, who: string, what: string): void => {
    lines.push(line(`${(atMs / 1_000).toFixed(2).padStart(7)}  ${who.padEnd(8)}  `, what));
  };
  const world = createWorld(1, configOf(scenario), createLedger(), trace);
  planFaults(world, scenario.script);
  runUntil(world, scenario.lengthMs);
  return [...head(scenario, world), ...lines, '', ...tail(world), ''].join('\n');
}

function configOf({ servers, arbiter, policy, config }: Scenario): WorldConfig {
  return {
    nodes: servers,
    arbiter,
    founded: true,
    policy: defaultPolicy(LEASE_TTL_MS, { failoverAfterMs: 120_000, dbDownAfterMs: 3_000, ...policy }),
    walReceiverTimeoutMs: arbiter ? LEASE_TTL_MS / 2 : RECEIVER_TIMEOUT_ALONE_MS,
    canStart: false,
    mutant: null,
    calm: true,
    ...config,
  };
}

function head({ title, about, servers, arbiter }: Scenario, { policy }: World): string[] {
  const settings = [
    `${String(servers)} servers, server 1 is main`,
    arbiter ? `an arbiter, lease ${String(policy.leaseTtlMs / 1_000)} s` : 'no arbiter',
    `failover_after_ms ${String(policy.failoverAfterMs)}`,
    `db_down_after_ms ${String(policy.dbDownAfterMs)}`,
    `durability ${policy.durability}`,
    `max_failover_lag_bytes ${policy.maxFailoverLagBytes === null ? 'none' : String(policy.maxFailoverLagBytes)}`,
  ];
  return [title, '', line('', about), '', line('', `Settings: ${settings.join('; ')}.`), 'Seconds, who, what.', ''];
}

function tail(world: World): string[] {
  const broken = world.violation === null ? [] : [line('', `BROKEN: ${world.violation}`)];
  return ['In the end:', ...world.nodes.map((node) => line('  ', describeNode(node))), ...broken];
}

/** Wrapped, so that it can be read beside the code. */
function line(start: string, text: string): string {
  const indent = ' '.repeat(start.length);
  let out = '';
  let current = start;
  for (const word of text.split(' ')) {
    if (current.length + word.length > WIDTH && current.trim() !== '') {
      out += `${current.trimEnd()}\n`;
      current = indent;
    }
    current += `${word} `;
  }
  return out + current.trimEnd();
}
