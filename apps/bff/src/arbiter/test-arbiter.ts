/** For tests of this room: the adapter on a real etcd, and the requests that servers of one cluster would make. */
import type { EtcdServer } from '@proxpanel/testbed/etcd-server';
import type { ArbiterView, LeaseRequest } from '../cluster/arbiter-ports.ts';
import { createClock } from '../host/clock.ts';
import { createArbiter, type Arbiter, type ArbiterOptions } from './arbiter.ts';
import { createEtcdClient } from './etcd-client.ts';
import { createEtcdHttp } from './etcd-http.ts';
import { decidedOn, type LeaseTools } from './take-lease.ts';

export const clusterId = '5e0f2f9c-2f5c-4f4c-9a52-3f2f1f0b7a11';
export const quietLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A loaded machine must not lose it while a test looks at something else. */
export const longTtlMs = 60_000;
/** For a test that waits for the end, after some calls in time. */
export const shortTtlMs = 5_000;

/** A time-out that a loaded machine keeps. */
const patientMs = 15_000;

export function arbiterOn(etcd: EtcdServer, options: Partial<ArbiterOptions> = {}): Promise<Arbiter> {
  const { url, username, password, caPath } = etcd;
  return createArbiter({
    access: { urls: [url], username, password, caPath },
    timeoutMs: patientMs,
    clock: createClock(),
    log: quietLog,
    ...options,
  });
}

/** For what stands below the port. */
export function leaseToolsOn(etcd: EtcdServer): LeaseTools & { close(): Promise<void> } {
  const http = createEtcdHttp(null);
  const access = { urls: [etcd.url], username: null, password: null };
  return {
    client: createEtcdClient({ access, http, timeoutMs: patientMs }),
    bootMs: () => performance.now(),
    unsettled: new Set(),
    close: () => http.close(),
  };
}

/** A request of that server, decided on that view; nodes 1 and 2 found the cluster. */
export function requestOf(nodeId: number, view: ArbiterView, changes: Partial<LeaseRequest> = {}): LeaseRequest {
  return {
    clusterId,
    nodeId,
    ttlMs: longTtlMs,
    decidedOn: decidedOn(view),
    ownTerm: 0,
    foundMembers: [1, 2],
    takeOverFrom: null,
    ...changes,
  };
}

export interface Held {
  readonly leaseId: string;
  readonly term: number;
}

/** Takes the lease on a fresh look; throws when it is refused. */
export async function take(arbiter: Arbiter, nodeId: number, changes: Partial<LeaseRequest> = {}): Promise<Held> {
  const result = await arbiter.takeLease(requestOf(nodeId, await arbiter.read(clusterId), changes));
  if (!result.taken) throw new Error(result.sentence);
  return result;
}
