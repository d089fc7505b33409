/** The keys of one cluster in the arbiter, and what stands in them. */
import { z } from 'zod';
import type { ArbiterView, DurabilityRecord, LeaseView } from '../cluster/arbiter-ports.ts';
import { Fault } from '../fault.ts';
import type { KeyValue } from './etcd-replies.ts';

const whole = z.int().nonnegative();

/** `granted_ttl_ms` only where this lease is longer than the cluster's (a planned restart). */
const mainValue = z.object({
  node_id: whole,
  term: whole,
  lease_ttl_ms: z.int().positive(),
  granted_ttl_ms: z.int().positive().optional(),
});
export type MainValue = z.infer<typeof mainValue>;

const durabilityValue = z.object({
  state: z.enum(['sync', 'async']),
  node_ids: z.array(whole),
  since: z.string(),
});

const termValue = z.string().regex(/^\d{1,15}$/);

const prefixOf = (clusterId: string) => `/proxpanel/${clusterId}/`;

/** As etcd's gateway takes them: base64. */
export const keysOf = (clusterId: string) => {
  const prefix = prefixOf(clusterId);
  return {
    main: base64(`${prefix}main`),
    term: base64(`${prefix}term`),
    durability: base64(`${prefix}durability`),
    member: (nodeId: number) => base64(`${prefix}members/${String(nodeId)}`),
    /** All of the above: `0` is the character after the slash. */
    everything: { key: base64(prefix), range_end: base64(`${prefix.slice(0, -1)}0`) },
  };
};

export const encodeMain = (value: MainValue) => base64(JSON.stringify(value));
export const encodeTerm = (term: number) => base64(String(term));
export const encodeDurability = ({ state, nodeIds, since }: DurabilityRecord) =>
  base64(JSON.stringify({ state, node_ids: nodeIds, since }));

/** What the keys say, and the revision at which main's was written. */
export interface KeysView extends Omit<ArbiterView, 'arbiterId' | 'revision'> {
  /** 0: the key is absent. */
  readonly mainModRevision: number;
}

/** Fault ARBITER_AWAY where a key holds what no server of ours wrote: nothing can be decided on it. */
export function readKeys(clusterId: string, kvs: readonly KeyValue[]): KeysView {
  const prefix = prefixOf(clusterId);
  const find = (name: string) => kvs.find(({ key }) => key === `${prefix}${name}`);
  const main = find('main');
  const term = find('term');
  const durability = find('durability');
  const members = kvs.filter(({ key }) => key.startsWith(`${prefix}members/`));
  return {
    main: main === undefined ? null : leaseView(main),
    mainModRevision: main?.mod_revision ?? 0,
    term: term === undefined ? null : Number(parse(term, termValue, term.value)),
    memberNodeIds: members
      .map((member) => Number(parse(member, termValue, member.key.slice(`${prefix}members/`.length))))
      .sort((one, other) => one - other),
    durability: {
      record: durability === undefined ? null : durabilityRecord(durability),
      modRevision: durability?.mod_revision ?? 0,
    },
  };
}

function leaseView(kv: KeyValue): LeaseView {
  const value = parse(kv, mainValue, json(kv));
  return {
    nodeId: value.node_id,
    term: value.term,
    ttlMs: value.lease_ttl_ms,
    grantedTtlMs: value.granted_ttl_ms ?? value.lease_ttl_ms,
    leaseId: kv.lease,
  };
}

function durabilityRecord(kv: KeyValue): DurabilityRecord {
  const { state, node_ids, since } = parse(kv, durabilityValue, json(kv));
  return { state, nodeIds: node_ids, since };
}

function parse<T>(kv: KeyValue, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Fault('ARBITER_AWAY', `The arbiter's key ${kv.key} holds what no server of this cluster wrote.`, {
    cause: result.error,
  });
}

/** undefined, which no schema takes, for what is no JSON. */
function json(kv: KeyValue): unknown {
  try {
    return JSON.parse(kv.value);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
