/** What PostgreSQL and its driver throw, turned into the closed codes once (DESIGN §12, style rule 11). */
import pg from 'pg';
import { Fault, messageOf } from '../fault.ts';

/** SQLSTATE of an error that the server itself reported; null for anything else. */
export function sqlState(error: unknown): string | null {
  return error instanceof pg.DatabaseError && typeof error.code === 'string' ? error.code : null;
}

/** Bad password, unknown role, or no line in pg_hba.conf for it: another login may still be let in. */
export function isLoginRefused(error: unknown): boolean {
  const state = sqlState(error);
  return state === '28P01' || state === '28000';
}

/** Server-side ends of a connection, too many clients, a missing database: nothing can be asked now. */
const downStates = new Set(['57P01', '57P02', '57P03', '57P04', '57P05', '53300', '3D000', '28P01', '28000']);

/** The driver reports a lost or silent server by a plain Error; these are its sentences, and Node's codes. */
const lostSentences =
  /connection terminated|connection ended|timeout|terminating connection|client was closed|not queryable|socket/i;

/** True when the connection that reported this is of no more use. */
export function isConnectionFault(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== null) return state.startsWith('08') || downStates.has(state);
  if (!(error instanceof Error) || error instanceof Fault) return false;
  if (error instanceof AggregateError) return error.errors.every(isConnectionFault);
  return /^E[A-Z]+$/.test(String((error as NodeJS.ErrnoException).code ?? '')) || lostSentences.test(error.message);
}

/** PostgreSQL is there and on its way up; it will take connections by itself (57P03 but for a shutdown). */
export function isStarting(error: unknown): boolean {
  return sqlState(error) === '57P03' && !/shutting down/i.test(messageOf(error));
}

/** Nothing listens there: PostgreSQL is not running, rather than slow, full or refusing a login. */
export function isNotRunning(error: unknown): boolean {
  return ['ECONNREFUSED', 'ENOENT'].includes(errorCode(error) ?? '');
}

/** Why the database cannot be asked, one sentence for a person. Never holds a password: the driver's messages do not. */
export function downSentence(error: unknown): string {
  const message = firstMessage(error);
  switch (sqlState(error)) {
    case '57P03':
      return isStarting(error)
        ? `PostgreSQL is starting: ${message}.`
        : 'PostgreSQL is shutting down and takes no connections.';
    case '28P01':
      return `PostgreSQL refused the login: ${message}. Check user and password in DATABASE_URL.`;
    case '28000':
      return `PostgreSQL refused the login: ${message}. Check the role in DATABASE_URL and pg_hba.conf.`;
    case '3D000':
      return `The database in DATABASE_URL is missing: ${message}.`;
    case '53300':
      return `PostgreSQL has no free connection: ${message}.`;
    case '57P01':
    case '57P02':
      return 'PostgreSQL ended the connection: it was stopped, or an administrator ended it.';
    default:
      break;
  }
  const code = errorCode(error);
  if (code === 'ECONNREFUSED' || code === 'ENOENT') return 'PostgreSQL refuses connections: it is not running.';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `The host in DATABASE_URL does not resolve: ${message}.`;
  if (/timeout/i.test(message) || code === 'ETIMEDOUT') return 'PostgreSQL did not answer in time.';
  if (code === 'ECONNRESET' || code === 'EPIPE' || lostSentences.test(message))
    return 'PostgreSQL closed the connection.';
  return `PostgreSQL cannot be asked: ${message}.`;
}

/**
 * A value that a column cannot hold, sent by whoever called: a NUL in a text (22021, in jsonb 22P05), a number or a time out of
 * range (22003, 22008), a text of another form (22P02, 22007).
 */
const unfitStates = new Set(['22021', '22P05', '22003', '22008', '22007', '22P02']);

/**
 * The Fault for anything that a query threw: READ_ONLY for 25006 (DESIGN §10), DATABASE_DOWN when the server is away
 * or too slow, BUSY when another operation holds what this one needs, DUPLICATE, INVALID_REQUEST, else INTERNAL. What neither PostgreSQL
 * nor its driver threw (a Fault, a mistake of the caller's) passes as it is.
 */
export function toFault(error: unknown): unknown {
  const state = sqlState(error);
  if (state === null && !isConnectionFault(error)) return error;
  const details = { cause: error };
  if (state === '25006')
    return new Fault('READ_ONLY', 'The database is read-only: this server is in recovery.', details);
  if (state === '57014') return new Fault('DATABASE_DOWN', 'PostgreSQL did not answer in time.', details);
  if (state === '55P03' || state === '40001' || state === '40P01') {
    return new Fault('BUSY', 'Another operation is using the same rows; try again.', details);
  }
  if (state !== null && unfitStates.has(state)) {
    return new Fault('INVALID_REQUEST', `PostgreSQL does not take one of the values: ${messageOf(error)}.`, details);
  }
  if (state === '23505') return new Fault('DUPLICATE', 'PostgreSQL holds this already.', details);
  if (isConnectionFault(error)) return new Fault('DATABASE_DOWN', downSentence(error), details);
  return new Fault('INTERNAL', `PostgreSQL refused what was asked: ${messageOf(error)}.`, details);
}

function errorCode(error: unknown): string | null {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const code = first instanceof Error ? (first as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : null;
}

/** localhost may stand for two addresses; the driver then throws one error of both, without a message. */
function firstMessage(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return messageOf(first).replace(/\.$/, '');
}
