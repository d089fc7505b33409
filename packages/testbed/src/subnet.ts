import { randomInt } from 'node:crypto';
import { runChecked } from './command.ts';
import { TestbedError } from './errors.ts';
import { reserveName } from './free-port.ts';
import type { Reservation } from './free-port.ts';

/** The first three numbers of a /24: `10.71.3`. */
export type SubnetPrefix = string;

/**
 * Reserves a private /24 that this machine has no route to and that no other testbed holds.
 *
 * @throws TestbedError `NO_FREE_SUBNET`.
 */
export async function reserveSubnet(): Promise<Reservation<SubnetPrefix>> {
  const { stdout } = await runChecked(['ip', '-json', '-4', 'route', 'show', 'table', 'all']);
  const routes = (JSON.parse(stdout || '[]') as { dst: string }[]).map(({ dst }) => dst);
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const prefix = `10.${randomInt(64, 255)}.${randomInt(0, 255)}`;
    if (routes.some((route) => overlaps(prefix, route))) continue;
    const held = await reserveName(`subnet-${prefix}`);
    if (held) return { value: prefix, release: held.release };
  }
  throw new TestbedError('NO_FREE_SUBNET', 'no private /24 is free of routes on this machine');
}

/** Whether a route's destination (`10.0.0.0/8`, `10.1.2.3`) shares an address with the /24. */
export function overlaps(prefix: SubnetPrefix, route: string): boolean {
  const [address = '', length = '32'] = route.split('/');
  // "default" leads everywhere and takes nothing.
  if (!/^[\d.]+$/.test(address)) return false;
  const bits = Math.min(Number(length), 24);
  return bits === 0 ? false : toNumber(`${prefix}.0`) >>> (32 - bits) === toNumber(address) >>> (32 - bits);
}

function toNumber(address: string): number {
  return address.split('.').reduce((value, byte) => value * 256 + Number(byte), 0);
}
