/** The one logger: JSON lines on stdout, and what may never stand in them. */
import { pino, type DestinationStream, type LevelWithSilent, type Logger } from 'pino';

/** Belt and braces: the request serializer names no header at all, but another line might carry one. */
const SECRET_PATHS = [
  'authorization',
  'cookie',
  'x-cluster-token',
  'x-cluster-reply',
  'set-cookie',
  'password',
].flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.headers["${name}"]`]);

export interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: DescribedError;
}

/**
 * An error as it is logged: its type, message, code, stack and causes. Other properties are left out on purpose: a
 * Redis error carries the whole command, AUTH with its password too, and a URL error carries the URL.
 */
export function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth >= 3 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}

export function createLogger(level: LevelWithSilent, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRET_PATHS, censor: '[hidden]' },
    serializers: { err: (error: unknown) => describeError(error), error: (error: unknown) => describeError(error) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
