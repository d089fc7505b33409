/** When things run: on the world's clock, inside a process or a machine that may be frozen, dead or another one by then. */
import type { SimNode, World } from './world-types.ts';

/** Boot clock of a machine, whole milliseconds. */
export function bootMs(world: World, node: SimNode): number {
  return Math.floor(node.bootBaseMs + (world.nowMs - node.bootAtMs) * node.rate);
}

export function wallMs(world: World, node: SimNode): number {
  return Math.floor(world.nowMs + node.wallOffsetMs);
}

export function nodeOf(world: World, id: number): SimNode {
  const node = world.nodes[id - 1];
  if (node === undefined) throw new Error(`There is no node ${String(id)}.`);
  return node;
}

export function after(world: World, delayMs: number, run: () => void): void {
  world.queue.push(world.nowMs + Math.max(0, delayMs), run);
}

/** In the process that runs now: not at all when it has died by then, and later when it is frozen. */
export function inProcess(world: World, node: SimNode, delayMs: number, run: () => void): void {
  const { incarnation } = node.process;
  after(world, delayMs, () => asProcess(node, incarnation, run));
}

export function asProcess(node: SimNode, incarnation: number, run: () => void): void {
  const { process } = node;
  if (process.incarnation !== incarnation || process.state === 'dead' || node.machine === 'off') return;
  if (node.machine === 'suspended' || process.state === 'hung') {
    node.delayedOfProcess.push(() => asProcess(node, incarnation, run));
    return;
  }
  run();
}

/** On the machine as it is booted now, whatever becomes of the panel's process. */
export function onMachine(world: World, node: SimNode, delayMs: number, run: () => void): void {
  const { boot } = node;
  after(world, delayMs, () => asMachine(node, boot, run));
}

function asMachine(node: SimNode, boot: number, run: () => void): void {
  if (node.boot !== boot || node.machine === 'off') return;
  if (node.machine === 'suspended') node.delayed.push(() => asMachine(node, boot, run));
  else run();
}

export function note(world: World, who: SimNode | string, what: string): void {
  if (world.trace === null) return;
  world.trace(world.nowMs, typeof who === 'string' ? who : `server ${String(who.id)}`, what);
}
