/** What the environment says of this server, put in the form that the cluster's operations use. */
import type { OwnServer } from './cluster/own-server.ts';
import type { DatabaseWatchPort } from './cluster/ports.ts';
import { parsePostgresControl, type PostgresControl } from './cluster/scripts/postgres-control.ts';
import { databaseNameOf } from './environment-shapes.ts';
import type { Environment } from './environment.ts';
import { proveEnvironment } from './environment-proofs.ts';

/** Without an arbiter; SAFETY §4 puts both WAL time-outs at half the lease with one. */
const walTimeoutWithoutArbiterMs = 10_000;

/** `startedMs`: when this process began, by the boot clock. */
export function describeOwnServer(environment: Environment, database: DatabaseWatchPort, startedMs: number): OwnServer {
  const given = environment.postgresControl === null ? null : parsePostgresControl(environment.postgresControl);
  return {
    address: environment.nodeAddress,
    apiUrl: environment.nodeApiUrl,
    localApiUrl: localApiUrl(environment),
    postgresPort: environment.nodePostgresPort,
    databaseName: databaseNameOf(environment.databaseUrl),
    redisPort: environment.nodeRedisPort,
    version: environment.panelVersion,
    get postgresControl() {
      return given ?? detectPostgresControl(database.view().dataDirectory);
    },
    runScripts: environment.runScripts,
    certificatePath: environment.tls?.certPath ?? null,
    environmentProofs(prove) {
      return proveEnvironment(environment, this.postgresControl !== null, prove);
    },
    scriptDirectory: environment.scriptDir,
    initialSettings: environment.initialSettings,
    leaseTtlMs: environment.leaseTtlMs,
    arbiterHosts: environment.arbiter?.urls.map((url) => new URL(url).hostname) ?? [],
    startedMs,
    walTimeoutMs: environment.arbiter === null ? walTimeoutWithoutArbiterMs : environment.leaseTtlMs / 2,
  };
}

/** How a script on this machine reaches this process: by loopback where it listens there, else by the address that it listens on. */
export function localApiUrl(environment: Pick<Environment, 'host' | 'port' | 'tls'>): string {
  const everywhere = environment.host === '0.0.0.0' || environment.host === '::';
  const host = everywhere ? '127.0.0.1' : environment.host;
  const bracketed = host.includes(':') ? `[${host}]` : host;
  return `${environment.tls === null ? 'http' : 'https'}://${bracketed}:${String(environment.port)}`;
}

/** Debian keeps a cluster `<version>/<name>` under this path, and pg_ctlcluster then knows it by that name. */
export function detectPostgresControl(dataDirectory: string | null): PostgresControl | null {
  const match = /^\/var\/lib\/postgresql\/(\d+)\/([\w-]+)\/?$/.exec(dataDirectory ?? '');
  const [, version, name] = match ?? [];
  // `/var/lib/postgresql/data` is docker's: there the container's name must be given.
  if (version === undefined || name === undefined) return null;
  return { kind: 'pg_ctlcluster', version, name };
}
