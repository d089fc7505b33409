/**
 * An expected fault: one clear sentence for a person and a closed code for programs (DESIGN §12, style rule 11).
 * Thrown anywhere, mapped to HTTP once, in `http/`. Every room may import this file.
 */
import { errorStatusByCode, type ErrorCode } from '@proxpanel/contracts/error-codes';
import type { Reason } from '@proxpanel/contracts/primitives';

export interface FaultDetails {
  /** The input at fault. */
  readonly field?: string;
  /** Why, one sentence each, where there is more than one reason. */
  readonly reasons?: readonly Reason[];
  /** With CLOCK_SKEW: what the caller signs instead of relying on its clock. */
  readonly nonce?: string;
  /** With TOO_MANY_REQUESTS and READ_ONLY: seconds. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

export class Fault extends Error {
  readonly code: ErrorCode;
  readonly details: FaultDetails;

  constructor(code: ErrorCode, sentence: string, details: FaultDetails = {}) {
    super(sentence, 'cause' in details ? { cause: details.cause } : undefined);
    this.name = 'Fault';
    this.code = code;
    this.details = details;
  }

  /** The HTTP status that this code travels with. */
  get status(): number {
    return errorStatusByCode[this.code];
  }
}

/** The message of anything thrown, for logs and for `detail` fields. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
