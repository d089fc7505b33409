/** Why the gate is shut, as far as decide may open it again; operations shut it for reasons of their own, and open it themselves. */

/** Shut until the others have been asked once: this server may have been superseded while it was away (SAFETY §3). */
export const askingGateReason = 'This server has just started and asks the other servers whether it is still main.';
export const leaseGateReason = 'This server has no lease as main: another one may be main, so writes are shut.';

export function isDecidesReason(reason: string | null): boolean {
  return reason === askingGateReason || reason === leaseGateReason;
}
