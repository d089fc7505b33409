/** cluster_events: what happened, newest first, in keyset pages (DESIGN §3, §5). */
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { ClusterEvent, ListEventsQuery } from '@proxpanel/contracts/events';
import { timestampSchema, uuidSchema } from '@proxpanel/contracts/primitives';
import { Fault } from '../fault.ts';
import type { Tables } from './tables.ts';

interface EventPage {
  events: ClusterEvent[];
  next_before: string | null;
}

/** Copies events in; those that are there already stay as they are, so that a journal may be copied twice. */
export async function appendEvents(db: Kysely<Tables>, events: readonly ClusterEvent[]): Promise<void> {
  if (events.length === 0) return;
  // One parameter for all of them: a long journal must not run into the limit of 65 535 parameters.
  await sql`
    INSERT INTO cluster_events (id, at, type, node_id, actor, severity, message, rule, details)
    SELECT id, at, type, node_id, actor, severity, message, rule, details
      FROM jsonb_to_recordset(${JSON.stringify(events)}::jsonb)
        AS event (id uuid, at timestamptz, type text, node_id int, actor text, severity text, message text, rule int,
                  details jsonb)
        ON CONFLICT (id) DO NOTHING`.execute(db);
}

/** One page, newest first. INVALID_REQUEST for a cursor that is none of ours. */
export async function listEvents(db: Kysely<Tables>, query: ListEventsQuery): Promise<EventPage> {
  const before = query.before === undefined ? null : parseCursor(query.before);
  let select = db.selectFrom('cluster_events').selectAll().orderBy('at', 'desc').orderBy('id', 'desc');
  if (query.type !== undefined) select = select.where('type', '=', query.type);
  if (before !== null) {
    // A row comparison, which the index on (at, id) answers; times are kept to the millisecond, as the cursor has them.
    select = select.where(sql<boolean>`(at, id) < (${before.at}::timestamptz, ${before.id}::uuid)`);
  }
  // One more than asked tells whether there is a next page.
  const rows = await select.limit(query.limit + 1).execute();
  const events = rows.slice(0, query.limit);
  const last = events.at(-1);
  return { events, next_before: rows.length > events.length && last !== undefined ? `${last.at}_${last.id}` : null };
}

function parseCursor(cursor: string): { at: string; id: string } {
  const [at, id, ...rest] = cursor.split('_');
  if (rest.length > 0 || !timestampSchema.safeParse(at).success || !uuidSchema.safeParse(id).success) {
    throw new Fault('INVALID_REQUEST', 'The cursor in "before" is none that this server gave.', { field: 'before' });
  }
  return { at: String(at), id: String(id) };
}
