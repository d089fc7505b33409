/** Reasons as buttons and failures show them (DESIGN §9: reasons, not booleans). */
import type { Availability } from '@proxpanel/contracts/nodes';
import { ApiError } from './errors.ts';

/** Why an action cannot be used now, one sentence each; empty when it can. */
export function blockedBy({ allowed, reasons }: Availability): string[] {
  return allowed ? [] : reasons.map((reason) => reason.sentence);
}

/** The server's reasons for a refusal, one sentence each. */
export function refusedBy(error: unknown): string[] {
  return error instanceof ApiError ? error.reasons.map((reason) => reason.sentence) : [];
}

/** Closed codes are written in small letters in reasons and in capitals in errors; both name the same thing. */
export function names(code: string, among: readonly { code: string }[]): boolean {
  return among.some((reason) => reason.code.toLowerCase() === code);
}
