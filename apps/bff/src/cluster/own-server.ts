/** What the environment says of this server, as the cluster's operations use it. */
import type { ClusterSettings } from '@proxpanel/contracts/settings';
import type { PostgresControl } from './scripts/postgres-control.ts';

/** Facts of this server that the environment fixes for the life of the process (DESIGN §4). */
export interface OwnServer {
  readonly address: string;
  readonly apiUrl: string;
  /** How a script on this machine reaches this process. */
  readonly localApiUrl: string;
  readonly postgresPort: number;
  /** The database of DATABASE_URL, in which the panel's tables and RADIUS' views are. */
  readonly databaseName: string;
  readonly redisPort: number;
  readonly version: string;
  readonly postgresControl: PostgresControl | null;
  readonly runScripts: boolean;
  /** TLS_CERT_PATH; null: plain http. */
  readonly certificatePath: string | null;
  /** What both servers of a cluster need in their environment: `prove` turns a value into what may be shown of it. */
  environmentProofs(prove: (value: string) => string): Readonly<Record<string, string>>;
  readonly scriptDirectory: string;
  readonly initialSettings: ClusterSettings;
  /** LEASE_TTL_MS; the arbiter's value wins where a lease exists. */
  readonly leaseTtlMs: number;
  /** Hosts of the arbiter's endpoints; empty without one. */
  readonly arbiterHosts: readonly string[];
  /** When this process began, boot clock, ms (SAFETY §3). */
  readonly startedMs: number;
  /** wal_sender_timeout and wal_receiver_timeout: 10 s without an arbiter (SAFETY §4). */
  readonly walTimeoutMs: number;
}

/** This server's API URL once an admin has named another address than NODE_ADDRESS; a NODE_API_URL of its own stands. */
export function apiUrlAt(own: OwnServer, address: string): string {
  const url = new URL(own.apiUrl);
  const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);
  if (url.hostname !== bracketed(own.address)) return own.apiUrl;
  url.hostname = bracketed(address);
  return url.origin;
}
