/** The one place where anything thrown becomes a status, a sentence and a closed code (DESIGN §12, style rule 11). */
import type { ErrorCode, ErrorReply } from '@proxpanel/contracts/error-codes';
import { ZodError } from 'zod';
import { Fault } from '../fault.ts';
import { faultOfZodError } from './validation.ts';

/** DESIGN §10: the same sentence from the guard, from PostgreSQL and from Redis. */
export const READ_ONLY_SENTENCE = 'secondary server is read-only';
/** Seconds: about as long as a planned change of main takes. */
export const READ_ONLY_RETRY_AFTER_S = 5;

export interface ErrorAnswer {
  readonly status: number;
  readonly reply: ErrorReply;
  readonly headers: Readonly<Record<string, string>>;
  /** True for what nobody foresaw: it is logged with its stack. */
  readonly unexpected: boolean;
}

export interface ErrorContext {
  readonly requestId: string;
  /** For X-Main-Server; null when nobody knows where main is. */
  readonly mainApiUrl: string | null;
}

/** Turns anything thrown into the reply that a caller gets. Never throws, never leaks an unexpected message. */
export function toErrorAnswer(error: unknown, context: ErrorContext): ErrorAnswer {
  const fault = faultOf(error);
  if (fault === null) {
    const sentence = `Something went wrong on this server; its log has the details under request ${context.requestId}.`;
    return { status: 500, reply: { error: sentence, code: 'INTERNAL' }, headers: {}, unexpected: true };
  }
  const { field, nonce, reasons, retryAfterSeconds } = fault.details;
  const readOnly = fault.code === 'READ_ONLY';
  const headers: Record<string, string> = {};
  const retryAfter = retryAfterSeconds ?? (readOnly ? READ_ONLY_RETRY_AFTER_S : undefined);
  if (retryAfter !== undefined) headers['Retry-After'] = String(Math.max(1, Math.ceil(retryAfter)));
  if (readOnly && context.mainApiUrl !== null) headers['X-Main-Server'] = context.mainApiUrl;
  return {
    status: fault.status,
    reply: {
      error: readOnly ? READ_ONLY_SENTENCE : fault.message,
      code: fault.code,
      ...(field === undefined ? {} : { field }),
      ...(nonce === undefined ? {} : { nonce }),
      ...(reasons === undefined ? {} : { reasons: [...reasons] }),
    },
    headers,
    unexpected: fault.code === 'INTERNAL' || fault.code === 'HOST_FAULT',
  };
}

/** The expected fault behind an error or one of its causes; null when there is none. */
function faultOf(error: unknown): Fault | null {
  for (let current = error, depth = 0; current instanceof Error && depth < 4; current = current.cause, depth += 1) {
    const fault = faultOfOne(current);
    if (fault !== null) return fault;
  }
  return null;
}

function faultOfOne(error: Error): Fault | null {
  if (error instanceof Fault) return error;
  if (error instanceof ZodError) return faultOfZodError(error);
  return faultOfBodyReader(error) ?? faultOfPostgres(error) ?? faultOfRedis(error);
}

const bodyReaderFaults: Record<string, readonly [ErrorCode, string]> = {
  'entity.parse.failed': ['INVALID_JSON', 'The body is not valid JSON.'],
  'entity.too.large': ['BODY_TOO_LARGE', 'The body is too large.'],
  'parameters.too.many': ['BODY_TOO_LARGE', 'The form has too many fields.'],
  'encoding.unsupported': ['UNSUPPORTED_MEDIA_TYPE', 'A compressed body is not accepted.'],
  'charset.unsupported': ['UNSUPPORTED_MEDIA_TYPE', 'The body must be written in UTF-8.'],
  'request.aborted': ['INVALID_REQUEST', 'The request ended before its body was complete.'],
  'request.size.invalid': ['INVALID_REQUEST', 'The body is not as long as Content-Length says.'],
};

/** body-parser and the router mark their errors with `type` or with a 400 status. */
function faultOfBodyReader(error: Error): Fault | null {
  const type = stringProperty(error, 'type');
  const known = type === null ? undefined : bodyReaderFaults[type];
  if (known !== undefined) return new Fault(known[0], known[1], { cause: error });
  if (error instanceof URIError) return new Fault('INVALID_REQUEST', 'The path is not valid.', { cause: error });
  return null;
}

/**
 * SQLSTATEs of PostgreSQL. 25006: a write in recovery; 25P02: the rest of that transaction. 57P01–57P03, 25P03, 08xxx
 * and 53300: the server went away, is starting, or lets nobody in.
 */
function faultOfPostgres(error: Error): Fault | null {
  const state = stringProperty(error, 'code');
  if (state === '25006' || state === '25P02') return new Fault('READ_ONLY', READ_ONLY_SENTENCE, { cause: error });
  const away = state !== null && /^(57P0[123]|25P03|08\w{3}|53300)$/.test(state);
  if (!away && !/^Connection terminated/.test(error.message)) return null;
  return new Fault('DATABASE_DOWN', 'The database of this server does not answer now.', { cause: error });
}

function faultOfRedis(error: Error): Fault | null {
  if (error.name === 'ReplyError' && error.message.startsWith('READONLY')) {
    return new Fault('READ_ONLY', READ_ONLY_SENTENCE, { cause: error });
  }
  const away =
    error.name === 'MaxRetriesPerRequestError' ||
    (error.name === 'ReplyError' && /^(LOADING|MASTERDOWN|NOREPLICAS)\b/.test(error.message));
  return away ? new Fault('REDIS_DOWN', 'Redis on this server does not answer now.', { cause: error }) : null;
}

function stringProperty(error: Error, name: 'type' | 'code'): string | null {
  const value: unknown = name in error ? (error as Error & Record<typeof name, unknown>)[name] : undefined;
  return typeof value === 'string' ? value : null;
}
