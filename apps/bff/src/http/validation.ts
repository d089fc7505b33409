/** One clear sentence for input of the wrong shape: the first thing that is wrong, and where. */
import type { ZodError, ZodType, z } from 'zod';
import { Fault } from '../fault.ts';

/** Checks input against a schema; INVALID_REQUEST (or INVALID_SECRET_FORMAT) with `field` when it does not fit. */
export function parseInput<Schema extends ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw faultOfZodError(result.error);
}

export function faultOfZodError(error: ZodError): Fault {
  const issue = error.issues[0];
  if (issue === undefined) return new Fault('INVALID_REQUEST', 'The request does not have the right shape.');
  const unknownKey = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const path = issue.path.map(String).join('.');
  const field = shortened(unknownKey === undefined ? path : [path, unknownKey].filter(Boolean).join('.'));
  const code = field === 'cluster_secret' ? 'INVALID_SECRET_FORMAT' : 'INVALID_REQUEST';
  return new Fault(code, sentenceOf(issue, field), field === '' ? {} : { field });
}

function sentenceOf(issue: z.core.$ZodIssue, field: string): string {
  // Our own schemas speak in whole sentences; the library's messages need the field in front.
  if (issue.code === 'custom' || issue.message.endsWith('.')) return issue.message;
  const name = field === '' ? 'The body' : field;
  if (issue.code === 'unrecognized_keys') return `There is no field named ${field}.`;
  if (issue.code === 'invalid_type') {
    if (issue.message.endsWith('received undefined')) return `${name} is missing.`;
    return `${name} must be ${withArticle(issue.expected)}.`;
  }
  if (issue.code === 'invalid_value') return `${name} must be one of: ${issue.values.map(String).join(', ')}.`;
  return `${name}: ${issue.message}.`;
}

const typeNames: Record<string, string> = { int: 'whole number', record: 'object', boolean: 'true or false' };

function withArticle(type: string): string {
  const name = typeNames[type] ?? type;
  if (type === 'boolean') return name;
  return `${/^[aeio]/.test(name) ? 'an' : 'a'} ${name}`;
}

/** A key may be as long as the body: what is said back is not. */
function shortened(field: string): string {
  return field.length > 80 ? `${field.slice(0, 80)}…` : field;
}
