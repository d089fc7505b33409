/** The one error that the API client throws. */
import type { ErrorCode, ErrorReply } from '@proxpanel/contracts/error-codes';

/** The closed codes of the contracts, and three that only a client can meet. */
export type ApiErrorCode = ErrorCode | 'NO_ANSWER' | 'TIMED_OUT' | 'UNEXPECTED_REPLY';

interface ApiErrorFacts {
  code: ApiErrorCode;
  status: number;
  field?: string | undefined;
  reasons?: ErrorReply['reasons'];
  mainServer?: string | null;
}

export class ApiError extends Error {
  readonly code: ApiErrorCode;
  /** The HTTP status; 0 when there was no reply. */
  readonly status: number;
  /** The input at fault, where there is one. */
  readonly field: string | null;
  readonly reasons: readonly { code: string; sentence: string }[];
  /** From `X-Main-Server`, with READ_ONLY (DESIGN §10): where writes are taken. */
  readonly mainServer: string | null;

  constructor(message: string, facts: ApiErrorFacts) {
    super(message);
    this.name = 'ApiError';
    this.code = facts.code;
    this.status = facts.status;
    this.field = facts.field ?? null;
    this.reasons = facts.reasons ?? [];
    this.mainServer = facts.mainServer ?? null;
  }
}

/** True when nobody answered: no reply at all, or none in time. */
export function isSilence(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 'NO_ANSWER' || error.code === 'TIMED_OUT');
}

export function isNotSignedIn(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'NOT_SIGNED_IN';
}

/** One sentence for a person, whatever was thrown. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
