/** Every fault that the testbed itself can report; anything else is a bug in it. */
export type TestbedErrorCode =
  | 'COMMAND_FAILED'
  | 'COMMAND_TIMED_OUT'
  | 'DEADLINE'
  | 'MISSING_PROGRAM'
  | 'NEEDS_ROOT'
  | 'NEEDS_HOSTS_MODE'
  | 'NO_FREE_PORT'
  | 'NO_FREE_SUBNET'
  | 'PROCESS_DIED'
  | 'NOT_CLEAN'
  | 'BAD_REPLY'
  | 'MISUSE';

/** An expected fault of the testbed: one sentence for a human, one closed code for a program. */
export class TestbedError extends Error {
  override readonly name = 'TestbedError';
  readonly code: TestbedErrorCode;

  constructor(code: TestbedErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** True when `error` is a Node system error with this code (`ENOENT`, `ESRCH`, …). */
export function isSystemError(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}
