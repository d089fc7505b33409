/** What PostgreSQL does not replicate, compared and never copied (DESIGN §11): each server's facts, and what they come to. */
import { z } from 'zod';
import { nodeIdSchema, timestampSchema } from './primitives.ts';
import { sha256Schema } from './uploads.ts';

/** What a server says of itself to the others. No value of its environment is in it, or can be got from it. */
export const parityFactsSchema = z.object({
  /** SHA-256 over the list of its whole pictures; null: it cannot read them. */
  uploads: sha256Schema.nullable(),
  /** Which cluster secret the proofs were made with; those of two secrets say nothing about each other. */
  keyed_by: z.string().max(64),
  /** By variable: '' absent, 'set', or an HMAC of its value where the values must be equal. */
  environment: z.record(z.string().max(64), z.string().max(64)),
  /** End of its TLS certificate; null: it has none, or cannot read it. */
  certificate_ends_at: timestampSchema.nullable(),
  postgres_version: z.string().max(50).nullable(),
});
export type ParityFacts = z.infer<typeof parityFactsSchema>;

export const parityLineSchema = z.object({
  name: z.enum(['uploads', 'environment', 'certificate', 'clock', 'panel_version', 'postgres_version']),
  /** `differs` also stands for what is equal and needs somebody all the same: a certificate that ends soon. */
  state: z.enum(['same', 'differs', 'unknown']),
  sentence: z.string(),
});
export type ParityLine = z.infer<typeof parityLineSchema>;

/** One node beside main, compared with main. */
export const nodeParitySchema = z.object({ node_id: nodeIdSchema, lines: z.array(parityLineSchema) });
export type NodeParity = z.infer<typeof nodeParitySchema>;
