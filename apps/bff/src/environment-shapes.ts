/** What each kind of variable may hold. A message never repeats the value: it may be a password, or hold one. */
import path from 'node:path';
import { parse as parseConnectionString } from 'pg-connection-string';
import { z } from 'zod';

/** A bad value stops the start with this one line (DESIGN §4). */
export class EnvironmentFault extends Error {
  readonly variable: string;

  constructor(variable: string, sentence: string) {
    super(`${variable} ${sentence}.`);
    this.name = 'EnvironmentFault';
    this.variable = variable;
  }
}

/** The value of a variable, checked; null when it is absent or empty. */
export function read<T>(env: NodeJS.ProcessEnv, variable: string, schema: z.ZodType<T, string>): T | null {
  const text = env[variable]?.trim() ?? '';
  if (text === '') return null;
  const result = schema.safeParse(text);
  if (result.success) return result.data;
  throw new EnvironmentFault(variable, result.error.issues[0]?.message ?? 'is not valid');
}

export function readRequired<T>(env: NodeJS.ProcessEnv, variable: string, schema: z.ZodType<T, string>): T {
  const value = read(env, variable, schema);
  if (value === null) throw new EnvironmentFault(variable, 'is missing');
  return value;
}

/** A secret as it is: white space may be part of it. null when absent or empty. */
export function readSecret(env: NodeJS.ProcessEnv, variable: string): string | null {
  const value = env[variable];
  return value === undefined || value === '' ? null : value;
}

const digits = /^\d{1,15}$/;

export const encryptionKey = z
  .string()
  .trim()
  .regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal characters, such as `openssl rand -hex 32` prints')
  .transform((key) => key.toLowerCase());

export const text = z.string();
export const version = z.string().max(50, 'may have at most 50 characters');

export const integer = z.string().regex(digits, 'must be a whole number').transform(Number);

export const port = integer.refine((value) => value >= 1 && value <= 65_535, 'must be a port from 1 to 65535');

export const leaseTtl = integer.refine(
  (value) => value >= 3_000 && value % 1_000 === 0,
  'must be whole seconds in milliseconds, at least 3000',
);

export const boolean = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['true', 'false', '1', '0', 'on', 'off', 'yes', 'no'], { error: 'must be true or false' }))
  .transform((word) => ['true', '1', 'on', 'yes'].includes(word));

export const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
  error: 'must be one of trace, debug, info, warn, error, fatal, silent',
});

/** Absolute after this, since the working directory of a service is nobody's choice. */
export const directory = z.string().transform((value) => path.resolve(value));

/** A host name or an IP address; IPv6 may come in brackets and goes without. */
export const hostName = z
  .string()
  .transform((value) => value.replace(/^\[(.*)\]$/, '$1'))
  .refine((value) => isHost(value), 'must be a host name or an IP address, without scheme and port');

function isHost(value: string): boolean {
  if (value.includes(':')) return URL.canParse(`http://[${value}]`);
  return value.length <= 253 && /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(value);
}

function isHttpUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  return /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === '';
}

/** Without the slash at its end. */
export const baseUrl = z
  .string()
  .refine((value) => isHttpUrl(value), 'must be an http or https URL without a login')
  .transform((value) => value.replace(/\/+$/, ''));

export const urlList = z
  .string()
  .transform((value) => value.split(',').map((part) => part.trim().replace(/\/+$/, '')))
  .refine((urls) => urls.every((url) => isHttpUrl(url)), 'must be http or https URLs separated by commas');

export const postgresUrl = z
  .string()
  .refine(
    (value) => /^postgres(ql)?:\/\//.test(value) && postgresPort(value) !== null,
    'must be a PostgreSQL URL like postgres://user:password@host:5432/database',
  );

export const redisUrl = z
  .string()
  .refine(
    (value) => /^rediss?:\/\//.test(value) && URL.canParse(value) && new URL(value).hostname !== '',
    'must be a Redis URL like redis://:password@host:6379',
  );

/** The port of a URL that `postgresUrl` has accepted. */
export function postgresPortOf(url: string): number {
  return postgresPort(url) ?? 5432;
}

/** The database of a URL that `postgresUrl` has accepted; PostgreSQL takes the user's name where it names none. */
export function databaseNameOf(url: string): string {
  const { database, user } = parseConnectionString(url);
  return database || user || 'postgres';
}

function postgresPort(url: string): number | null {
  try {
    const written = parseConnectionString(url).port;
    if (written === null || written === undefined || written === '') return 5432;
    return digits.test(written) && Number(written) >= 1 && Number(written) <= 65_535 ? Number(written) : null;
  } catch {
    // The library's message quotes the URL with its password; that it cannot be read is all that may be said.
    return null;
  }
}

/** The port of a URL that `redisUrl` has accepted. */
export function redisPortOf(url: string): number {
  const written = new URL(url).port;
  return written === '' ? 6379 : Number(written);
}
