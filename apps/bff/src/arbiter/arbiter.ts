/** The third vote on etcd (cluster/arbiter-ports.ts), over its v3 JSON gateway: etcd 3.4 and later. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ArbiterPort } from '../cluster/arbiter-ports.ts';
import type { ClockPort, LogPort } from '../cluster/ports.ts';
import { EnvironmentFault } from '../environment-shapes.ts';
import { Fault, messageOf } from '../fault.ts';
import { createEtcdClient, EtcdRefusal, type EtcdAccess } from './etcd-client.ts';
import { createEtcdHttp } from './etcd-http.ts';
import { forgetCluster, renewLease, replaceLease, writeDurability, writeMembers } from './hold-lease.ts';
import { look, revokeLease } from './lease-calls.ts';
import { takeLease, type LeaseTools } from './take-lease.ts';
import { watchMain } from './watch-main.ts';

export interface ArbiterOptions {
  /** null: no ARBITER_URL. */
  readonly access: (EtcdAccess & { readonly caPath: string | null }) | null;
  /** Of one call at one endpoint: a fifth of the lease, so that a renewal is over before the next one is due. */
  readonly timeoutMs: number;
  readonly clock: Pick<ClockPort, 'bootSeconds'>;
  readonly log: LogPort;
  /** A watch that is silent for so long is opened anew. Default 5 s. */
  readonly watchIdleMs?: number;
}

export type Arbiter = ArbiterPort & { close(): Promise<void> };

/** Connects to nothing. Throws EnvironmentFault when the file of ARBITER_CA_PATH holds no certificate. */
export async function createArbiter(options: ArbiterOptions): Promise<Arbiter> {
  const { access, timeoutMs, clock, log, watchIdleMs = 5_000 } = options;
  if (access === null) return noArbiter;
  const http = createEtcdHttp(access.caPath === null ? null : await readAuthority(access.caPath));
  const client = createEtcdClient({ access, http, timeoutMs });
  const tools: LeaseTools = { client, bootMs: () => clock.bootSeconds() * 1000, unsettled: new Set() };
  return {
    configured: true,
    read: (clusterId, signal) =>
      settle(async () => {
        const { arbiterId, revision, main, term, memberNodeIds, durability } = await look(client, clusterId, signal);
        return { arbiterId, revision, main, term, memberNodeIds, durability };
      }),
    takeLease: (request) => settle(() => takeLease(tools, request)),
    renewLease: (clusterId, leaseId) => settle(() => renewLease(tools, clusterId, leaseId)),
    replaceLease: (clusterId, leaseId, ttlMs) => settle(() => replaceLease(tools, clusterId, leaseId, ttlMs)),
    releaseLease: (leaseId) => settle(() => revokeLease(client, leaseId)),
    writeMembers: (clusterId, leaseId, nodeIds) => settle(() => writeMembers(tools, clusterId, leaseId, nodeIds)),
    writeDurability: (clusterId, leaseId, record, durabilityRevision) =>
      settle(() => writeDurability(tools, clusterId, leaseId, record, durabilityRevision)),
    forgetCluster: (clusterId, leaseId) => settle(() => forgetCluster(tools, clusterId, leaseId)),
    watchMain: (clusterId, onChange, signal) =>
      watchMain({ client, log, idleMs: watchIdleMs, timeoutMs }, clusterId, onChange, signal),
    close: () => http.close(),
  };
}

/** etcd's refusals (wrong password, no permission, no room) leave us without a vote just as silence does. */
async function settle<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof EtcdRefusal)) throw error;
    throw new Fault('ARBITER_AWAY', sentenceOf(error), { cause: error });
  }
}

function sentenceOf({ message }: EtcdRefusal): string {
  if (message.includes('user name is empty')) {
    return 'The arbiter asks for an account: set ARBITER_USERNAME and ARBITER_PASSWORD.';
  }
  if (message.includes('authentication failed')) {
    return 'The arbiter does not accept the account of ARBITER_USERNAME and ARBITER_PASSWORD.';
  }
  if (message.includes('authentication is not enabled')) {
    return "ARBITER_USERNAME is set, but the arbiter's authentication is off: it may have lost its data.";
  }
  return `The arbiter refuses: ${message.replace(/^etcdserver: /, '')}.`;
}

async function readAuthority(caPath: string): Promise<string> {
  try {
    const pem = await readFile(caPath, 'utf8');
    // TLS would take a file without a certificate for an empty list, and refuse every server.
    new X509Certificate(pem);
    return pem;
  } catch (error) {
    throw new EnvironmentFault('ARBITER_CA_PATH', `names no readable certificate (${messageOf(error)})`);
  }
}

const notConfigured = () =>
  Promise.reject(new Fault('ARBITER_AWAY', 'There is no arbiter: ARBITER_URL is not set on this server.'));

const noArbiter: Arbiter = {
  configured: false,
  read: notConfigured,
  takeLease: notConfigured,
  renewLease: notConfigured,
  replaceLease: notConfigured,
  releaseLease: notConfigured,
  writeMembers: notConfigured,
  writeDurability: notConfigured,
  forgetCluster: notConfigured,
  watchMain: notConfigured,
  close: () => Promise.resolve(),
};
