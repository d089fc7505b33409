/** The one place that reads the environment (DESIGN §4). Everything else receives these values. */
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClusterSettings } from '@proxpanel/contracts/settings';
import type { LevelWithSilent } from 'pino';
import { firstSettings } from './environment-settings.ts';
import * as shape from './environment-shapes.ts';
import packageJson from '../package.json' with { type: 'json' };

export { EnvironmentFault } from './environment-shapes.ts';

export interface TlsFiles {
  readonly certPath: string;
  readonly keyPath: string;
}

export interface ArbiterAccess {
  /** Base URLs of etcd's endpoints. */
  readonly urls: readonly string[];
  readonly username: string | null;
  readonly password: string | null;
  readonly caPath: string | null;
}

export interface Environment {
  readonly host: string;
  readonly port: number;
  /** A superuser of the local database, for the cluster's adapters alone. */
  readonly databaseUrl: string;
  /** The panel's own role; null: made from databaseUrl. */
  readonly panelDatabaseUrl: string | null;
  readonly redisUrl: string;
  readonly stateDir: string;
  /** What other servers call this one: a host name or IP address, IPv6 without brackets. */
  readonly nodeAddress: string;
  /** Without a slash at its end. */
  readonly nodeApiUrl: string;
  readonly nodePostgresPort: number;
  readonly nodeRedisPort: number;
  /** First start only; null: one is made and printed once. */
  readonly adminPassword: string | null;
  readonly uploadsDir: string;
  readonly scriptDir: string;
  readonly panelEncryptionKey: string | null;
  /** As written, e.g. `docker:proxpanel-db`; taken apart where scripts are made. null: detected. */
  readonly postgresControl: string | null;
  readonly runScripts: boolean;
  /** null: plain http. */
  readonly tls: TlsFiles | null;
  /** null: no arbiter. */
  readonly arbiter: ArbiterAccess | null;
  readonly leaseTtlMs: number;
  readonly panelVersion: string;
  /** First values of a new cluster's settings (DESIGN §3). */
  readonly initialSettings: ClusterSettings;
  readonly logLevel: LevelWithSilent;
  /** Directory of the built single-page app. */
  readonly webDist: string;
}

/** As they are, for the command line, which may read a service's file beside them. */
export function givenVariables(): NodeJS.ProcessEnv {
  return process.env;
}

/**
 * Reads and checks the environment. A bad value throws EnvironmentFault: one line that names the variable and never
 * repeats its value. An empty variable counts as absent, since that is what compose files pass on.
 */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const port = shape.read(env, 'PORT', shape.port) ?? 80;
  const databaseUrl = shape.readRequired(env, 'DATABASE_URL', shape.postgresUrl);
  const redisUrl = shape.readRequired(env, 'REDIS_URL', shape.redisUrl);
  const nodeAddress = shape.read(env, 'NODE_ADDRESS', shape.hostName) ?? routableAddress();
  const tls = readTls(env);
  const scheme = tls === null ? 'http' : 'https';
  return {
    host: shape.read(env, 'HOST', shape.hostName) ?? '0.0.0.0',
    port,
    databaseUrl,
    panelDatabaseUrl: shape.read(env, 'PANEL_DATABASE_URL', shape.postgresUrl),
    redisUrl,
    stateDir: shape.read(env, 'STATE_DIR', shape.directory) ?? '/var/lib/proxpanel',
    nodeAddress,
    nodeApiUrl: shape.read(env, 'NODE_API_URL', shape.baseUrl) ?? defaultApiUrl(scheme, nodeAddress, port),
    nodePostgresPort: shape.read(env, 'NODE_POSTGRES_PORT', shape.port) ?? shape.postgresPortOf(databaseUrl),
    nodeRedisPort: shape.read(env, 'NODE_REDIS_PORT', shape.port) ?? shape.redisPortOf(redisUrl),
    adminPassword: shape.readSecret(env, 'ADMIN_PASSWORD'),
    uploadsDir: shape.read(env, 'UPLOADS_DIR', shape.directory) ?? '/opt/proxpanel/frontend/dist/uploads',
    scriptDir: shape.read(env, 'SCRIPT_DIR', shape.directory) ?? '/tmp',
    panelEncryptionKey: shape.read(env, 'PANEL_ENCRYPTION_KEY', shape.encryptionKey),
    postgresControl: shape.read(env, 'POSTGRES_CONTROL', shape.text),
    runScripts: shape.read(env, 'RUN_SCRIPTS', shape.boolean) ?? false,
    tls,
    arbiter: readArbiter(env),
    leaseTtlMs: shape.read(env, 'LEASE_TTL_MS', shape.leaseTtl) ?? 10_000,
    panelVersion: shape.read(env, 'PANEL_VERSION', shape.version) ?? packageJson.version,
    initialSettings: firstSettings(env),
    logLevel: shape.read(env, 'LOG_LEVEL', shape.logLevel) ?? 'info',
    webDist: shape.read(env, 'WEB_DIST', shape.directory) ?? builtWebDist(),
  };
}

function readTls(env: NodeJS.ProcessEnv): TlsFiles | null {
  const certPath = shape.read(env, 'TLS_CERT_PATH', shape.directory);
  const keyPath = shape.read(env, 'TLS_KEY_PATH', shape.directory);
  if (certPath === null && keyPath === null) return null;
  if (certPath === null) throw new shape.EnvironmentFault('TLS_CERT_PATH', 'is missing, but TLS_KEY_PATH is set');
  if (keyPath === null) throw new shape.EnvironmentFault('TLS_KEY_PATH', 'is missing, but TLS_CERT_PATH is set');
  return { certPath, keyPath };
}

function readArbiter(env: NodeJS.ProcessEnv): ArbiterAccess | null {
  const urls = shape.read(env, 'ARBITER_URL', shape.urlList);
  const username = shape.read(env, 'ARBITER_USERNAME', shape.text);
  const password = shape.readSecret(env, 'ARBITER_PASSWORD');
  const caPath = shape.read(env, 'ARBITER_CA_PATH', shape.directory);
  if ((username === null) !== (password === null)) {
    throw new shape.EnvironmentFault('ARBITER_USERNAME', 'and ARBITER_PASSWORD must be set together');
  }
  return urls === null ? null : { urls, username, password, caPath };
}

function defaultApiUrl(scheme: 'http' | 'https', address: string, port: number): string {
  const host = address.includes(':') ? `[${address}]` : address;
  const isDefaultPort = port === (scheme === 'http' ? 80 : 443);
  return `${scheme}://${host}${isDefaultPort ? '' : `:${String(port)}`}`;
}

/** The first address that another machine could dial: IPv4 before IPv6, and never a link-local one. */
function routableAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
  const outward = addresses.filter(({ internal, address }) => !internal && !/^(169\.254\.|fe80:)/i.test(address));
  const found = outward.find(({ family }) => family === 'IPv4') ?? outward[0];
  return found?.address ?? '127.0.0.1';
}

/** apps/web/dist, seen from apps/bff/dist as well as from apps/bff/src. */
function builtWebDist(): string {
  return path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../web/dist');
}
