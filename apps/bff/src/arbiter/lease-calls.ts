/** etcd's leases and keys, one call each. */
import { randomBytes } from 'node:crypto';
import type { ArbiterView } from '../cluster/arbiter-ports.ts';
import { EtcdRefusal, FAILED_PRECONDITION, NOT_FOUND, type EtcdClient } from './etcd-client.ts';
import { emptyReply, grantReply, keepAliveReply, rangeReply, txnReply, type TxnReply } from './etcd-replies.ts';
import { keysOf, readKeys, type KeysView } from './keys.ts';

export type Seen = ArbiterView & KeysView;

export interface Granted {
  readonly leaseId: string;
  /** etcd counts in whole seconds and has a minimum of its own. */
  readonly ttlMs: number;
}

/** One range over all of the cluster's keys, linearizable: one consistent look. */
export async function look(client: EtcdClient, clusterId: string, signal?: AbortSignal): Promise<Seen> {
  const reply = await client.call('/v3/kv/range', keysOf(clusterId).everything, rangeReply, signal);
  return {
    arbiterId: reply.header.cluster_id,
    revision: reply.header.revision,
    ...readKeys(clusterId, reply.kvs),
  };
}

/** A new lease under an id of our own choice, so that a grant whose reply was lost is not made twice. */
export async function grantLease(client: EtcdClient, ttlMs: number): Promise<Granted> {
  // Positive, and never 0, which would let etcd choose.
  const leaseId = String((randomBytes(8).readBigUInt64BE() >> 1n) | 1n);
  const seconds = Math.ceil(ttlMs / 1000);
  try {
    const reply = await client.call('/v3/lease/grant', { ID: leaseId, TTL: String(seconds) }, grantReply);
    return { leaseId, ttlMs: reply.TTL * 1000 };
  } catch (error) {
    // "already exists": the first try had reached another endpoint. What it was given is at least what was asked for.
    if (error instanceof EtcdRefusal && error.grpcCode === FAILED_PRECONDITION && /exists/.test(error.message)) {
      return { leaseId, ttlMs: seconds * 1000 };
    }
    throw error;
  }
}

/** Milliseconds that the lease lasts from now; 0: it is gone. */
export async function keepLeaseAlive(client: EtcdClient, leaseId: string): Promise<number> {
  const { result } = await client
    .call('/v3/lease/keepalive', { ID: leaseId }, keepAliveReply)
    .catch(whenLeaseIsGone({ result: { TTL: 0 } }));
  return Math.max(0, result.TTL * 1000);
}

/** Ends the lease and takes its keys away; gone already: done. A transaction that is still under way with it then fails. */
export async function revokeLease(client: EtcdClient, leaseId: string): Promise<void> {
  await client.call('/v3/lease/revoke', { ID: leaseId }, emptyReply).catch(whenLeaseIsGone(undefined));
}

export interface Transaction {
  readonly clusterId: string;
  readonly compare: readonly object[];
  readonly success: readonly object[];
}

export interface TransactionResult {
  readonly succeeded: boolean;
  readonly revision: number;
  /** All keys as they were at that very moment; null when it succeeded. */
  readonly seen: KeysView | null;
}

/** null: a lease that it names is gone, so that it can never be carried out. */
export async function transact(client: EtcdClient, transaction: Transaction): Promise<TransactionResult | null> {
  const { clusterId, compare, success } = transaction;
  const failure = [{ request_range: keysOf(clusterId).everything }];
  const reply: TxnReply | null = await client
    .call('/v3/kv/txn', { compare, success, failure }, txnReply)
    .catch(whenLeaseIsGone(null));
  if (reply === null) return null;
  return {
    succeeded: reply.succeeded,
    revision: reply.header.revision,
    seen: reply.succeeded ? null : readKeys(clusterId, reply.responses[0]?.response_range?.kvs ?? []),
  };
}

/** The key's last change was at that revision; 0: it is absent. */
export const isAtRevision = (key: string, modRevision: number) => ({
  key,
  target: 'MOD',
  result: 'EQUAL',
  mod_revision: String(modRevision),
});
export const hasValue = (key: string, value: string) => ({ key, target: 'VALUE', result: 'EQUAL', value });
export const exists = (key: string) => ({ key, target: 'VERSION', result: 'GREATER', version: '0' });
/** An absent key has no lease. */
export const isUnderLease = (key: string, lease: string) => ({ key, target: 'LEASE', result: 'EQUAL', lease });
export const put = (key: string, value: string, lease?: string) => ({
  request_put: { key, value, ...(lease === undefined ? {} : { lease }) },
});

function whenLeaseIsGone<Reply>(instead: Reply): (error: unknown) => Reply {
  return (error) => {
    if (error instanceof EtcdRefusal && error.grpcCode === NOT_FOUND) return instead;
    throw error;
  };
}
