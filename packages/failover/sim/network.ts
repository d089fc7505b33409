/** Messages between the servers and with the arbiter: lost, late, twice, out of order, and cut off one way or both. */
import { asProcess, after, inProcess, nodeOf } from './schedule-event.ts';
import type { SimArbiter, SimNode, World } from './world-types.ts';

export const ARBITER = 0;
const CALL_LIMIT_MS = 1_000;
const SLOW_RATE = 0.01;
const TWICE_RATE = 0.005;

export function isCut(world: World, from: number, to: number): boolean {
  return world.cut.size > 0 && world.cut.has(`${String(from)}>${String(to)}`);
}

/** Both ways: a TCP connection needs each. */
export function isConnected(world: World, one: number, other: number): boolean {
  return !isCut(world, one, other) && !isCut(world, other, one);
}

function send(world: World, from: number, to: number, deliver: () => void): void {
  const { random, config } = world;
  if (isCut(world, from, to)) return;
  if (config.calm) {
    after(world, 2, deliver);
    return;
  }
  if (world.lossRate > 0 && random.chance(world.lossRate)) return;
  // Now and then one overtakes many others: it lay in a buffer, or was sent again.
  const delayMs = random.chance(SLOW_RATE) ? random.between(100, 4_000) : random.between(1, 20);
  after(world, delayMs, deliver);
  if (to !== ARBITER && random.chance(TWICE_RATE)) after(world, delayMs + random.between(1, 2_000), deliver);
}

/**
 * A call of one server's process to another's, with a time-out. `serve` runs there; undefined is no answer. `done` gets
 * null when no answer came in time, though the call may have had its effect.
 */
export function call<Reply>(
  world: World,
  node: SimNode,
  to: number,
  serve: (target: SimNode) => Reply | undefined,
  done: (reply: Reply | null) => void,
  limitMs = CALL_LIMIT_MS,
): void {
  const settle = once(done);
  const { incarnation } = node.process;
  send(world, node.id, to, () => {
    const target = nodeOf(world, to);
    asProcess(target, target.process.incarnation, () => {
      const reply = serve(target);
      if (reply === undefined) return;
      send(world, to, node.id, () => asProcess(node, incarnation, () => settle(reply)));
    });
  });
  inProcess(world, node, limitMs, () => settle(null));
}

/** The same with the arbiter. */
export function callArbiter<Reply>(
  world: World,
  node: SimNode,
  serve: (arbiter: SimArbiter) => Reply,
  done: (reply: Reply | null) => void,
): void {
  const settle = once(done);
  const { incarnation } = node.process;
  send(world, node.id, ARBITER, () => {
    const { arbiter } = world;
    if (arbiter?.up !== true) return;
    const reply = serve(arbiter);
    send(world, ARBITER, node.id, () => asProcess(node, incarnation, () => settle(reply)));
  });
  inProcess(world, node, CALL_LIMIT_MS, () => settle(null));
}

/** The arbiter's watch: a change is told, and may be missed like any other message. */
export function tell(world: World, to: SimNode, run: () => void): void {
  send(world, ARBITER, to.id, () => asProcess(to, to.process.incarnation, run));
}

function once<Value>(done: (value: Value) => void): (value: Value) => void {
  let settled = false;
  return (value) => {
    if (settled) return;
    settled = true;
    done(value);
  };
}
