/** Events, newest first: the database's, with what the journal still holds in front (DESIGN §3, §5). */
import type { EventListReply, ListEventsQuery } from '@proxpanel/contracts/events';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';

export async function listEvents(context: ClusterContext, query: ListEventsQuery): Promise<EventListReply> {
  const { state } = context.database.view();
  // The journal is short and not paged: it comes with the first page only.
  const journal =
    query.before === undefined
      ? context.nodeFile
          .get()
          .journal.filter((event) => query.type === undefined || event.type === query.type)
          .toReversed()
      : [];
  if (state !== 'writable' && state !== 'recovery')
    return { events: journal.slice(0, query.limit), next_before: null, complete: false };
  try {
    const page = await context.rows.listEvents(query);
    const known = new Set(page.events.map((event) => event.id));
    const events = [...journal.filter((event) => !known.has(event.id)), ...page.events];
    events.sort((left, right) => Date.parse(right.at) - Date.parse(left.at));
    return { events, next_before: page.next_before, complete: true };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { events: journal.slice(0, query.limit), next_before: null, complete: false };
  }
}
