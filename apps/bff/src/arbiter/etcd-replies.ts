/** What etcd's JSON gateway answers: int64 are strings, keys and values base64, and whatever is zero is left out. */
import { z } from 'zod';

const int64 = z.string().regex(/^-?\d{1,20}$/);
const revision = int64.transform(Number);
const base64Text = z
  .string()
  .default('')
  .transform((text) => Buffer.from(text, 'base64').toString('utf8'));

const header = z.object({ cluster_id: int64, revision });

const keyValue = z.object({
  key: base64Text,
  value: base64Text,
  mod_revision: revision,
  lease: int64.default('0'),
});
export type KeyValue = z.infer<typeof keyValue>;

const range = z.object({ kvs: z.array(keyValue).default([]) });

export const rangeReply = range.extend({ header });
export type RangeReply = z.infer<typeof rangeReply>;

/** Of a transaction whose failure branch, where there is one, is a range. */
export const txnReply = z.object({
  header,
  succeeded: z.boolean().default(false),
  responses: z.array(z.object({ response_range: range.optional() })).default([]),
});
export type TxnReply = z.infer<typeof txnReply>;

export const grantReply = z.object({ TTL: int64.transform(Number) });

/** `TTL` is left out once the lease is gone. */
export const keepAliveReply = z.object({ result: z.object({ TTL: int64.default('0').transform(Number) }) });

export const emptyReply = z.object({ header });

export const authenticateReply = z.object({ token: z.string().min(1) });

export const watchLine = z.object({
  result: z.object({
    created: z.boolean().default(false),
    canceled: z.boolean().default(false),
    cancel_reason: z.string().default(''),
    events: z.array(z.unknown()).default([]),
  }),
});

/** Of a call, and, in etcd 3.4, of a stream (whose status is then 200). */
export const errorReply = z.union([
  z.object({ error: z.string(), code: z.number() }),
  z
    .object({ error: z.object({ message: z.string(), grpc_code: z.number().optional(), code: z.number().optional() }) })
    .transform(({ error }) => ({ error: error.message, code: error.grpc_code ?? error.code ?? 2 })),
]);
