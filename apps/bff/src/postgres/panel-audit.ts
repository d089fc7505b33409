/** What every change of the panel's rows has in common: one transaction with its audit row, and a version that must be right. */
import type { Transaction } from 'kysely';
import pg from 'pg';
import type { ErrorCode } from '@proxpanel/contracts/error-codes';
import { Fault } from '../fault.ts';
import type { DatabasePool } from './pool.ts';
import type { Tables } from './tables.ts';

export type Changing = Transaction<Tables>;

export interface AuditRow {
  readonly actor: string;
  readonly action: string;
  readonly entity: string;
  readonly entityId: number | string;
  /** Field → [before, after]; a secret stands there as `changed`, never as itself. */
  readonly changes: Readonly<Record<string, unknown>>;
}

/**
 * Runs `work` and what it audits in one transaction: nobody changes anything without a trace, or leaves one of nothing.
 * Faults are refusals, and nothing was written; but for DATABASE_DOWN with the reason `outcome_unknown`.
 */
export async function audited<Result>(
  panel: DatabasePool,
  work: (db: Changing, audit: (row: AuditRow) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  let committing = false;
  const run = async (db: Changing): Promise<Result> => {
    const result = await work(db, async ({ actor, action, entity, entityId, changes }) => {
      const values = { actor, action, entity, entity_id: String(entityId), changes: JSON.stringify(changes) };
      await db.insertInto('audit_log').values(values).execute();
    });
    committing = true;
    return result;
  };
  try {
    return await panel.guard(() => panel.db.transaction().execute(run));
  } catch (error) {
    if (committing && error instanceof Fault && error.code === 'DATABASE_DOWN') throw outcomeUnknown(error);
    throw error;
  }
}

/** The connection was lost after COMMIT was sent and before it was answered: only the rows can tell what became of it. */
function outcomeUnknown(fault: Fault): Fault {
  const sentence = `The change may have been saved or not: look before you repeat it. ${fault.message}`;
  return new Fault('DATABASE_DOWN', sentence, { cause: fault, reasons: [{ code: 'outcome_unknown', sentence }] });
}

/** What differs, by field: [before, after]. Fields that are not named, or are the same, are left out. */
export function differences(before: object, after: object): Record<string, [unknown, unknown]> {
  const old = before as Record<string, unknown>;
  const changed = Object.entries(after).filter(([name, value]) => value !== undefined && old[name] !== value);
  return Object.fromEntries(changed.map(([name, value]) => [name, [old[name] ?? null, value]]));
}

/** A writer that began from an older row is told, and writes nothing (optimistic locking). */
export function refuseOlder(what: string, seen: number, now: number): void {
  if (seen === now) return;
  throw new Fault(
    'ROW_CHANGED',
    `${what} was changed by somebody else meanwhile; nothing was saved. Read it again first.`,
  );
}

export function found<Row>(row: Row | undefined, what: string): Row {
  if (row === undefined) throw new Fault('NOT_FOUND', `There is no such ${what}.`);
  return row;
}

interface Refusals {
  /** By column: what to say when a row with this value of it is there already. */
  readonly duplicate?: Readonly<Record<string, string>>;
  /** Of a removal: other rows still refer to this one. */
  readonly inUse?: string;
  /** By the column that a CHECK is named after. */
  readonly check?: Readonly<Record<string, string>>;
}

/** A rejection handler for what PostgreSQL's constraints refuse; everything else stays as it is. */
export function refusedBy({ duplicate = {}, inUse, check = {} }: Refusals) {
  return (error: unknown): never => {
    if (!(error instanceof pg.DatabaseError)) throw error;
    const refuse = (code: ErrorCode, sentence: string | undefined, field?: string): void => {
      if (sentence === undefined) return;
      throw new Fault(code, sentence, { cause: error, ...(field === undefined ? {} : { field }) });
    };
    const columns = constrainedColumns(error);
    if (error.code === '23505') {
      const field = Object.keys(duplicate).find((column) => columns.endsWith(column));
      if (field !== undefined) refuse('DUPLICATE', duplicate[field], field);
    }
    if (error.code === '23503' && inUse !== undefined) refuse('IN_USE', inUse);
    if (error.code === '23503') refuse('INVALID_REQUEST', `${columns} refers to something that is not there.`, columns);
    if (error.code === '23514') refuse('INVALID_REQUEST', check[columns], columns);
    throw error;
  };
}

/** PostgreSQL names a constraint `<table>_<columns>_<kind>`, and so do the panel's migrations. */
function constrainedColumns({ constraint = '', table = '' }: pg.DatabaseError): string {
  return constraint.replace(`${table}_`, '').replace(/_(key|fkey|check)$/, '');
}
