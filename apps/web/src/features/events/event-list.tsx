import type { ClusterEvent } from '@proxpanel/contracts/events';
import { eventTypeSchema, type EventType } from '@proxpanel/contracts/roles';
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { useState } from 'react';
import { useEventPages } from '../../api/cluster-history.ts';
import { sentenceOf } from '../../api/errors.ts';
import { Failure } from '../../ui/banner.tsx';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { inputClass } from '../../ui/field.tsx';
import { dateTimeText, wordText } from '../../ui/format.ts';

const tones: Record<ClusterEvent['severity'], Tone> = { info: 'neutral', warning: 'warn', critical: 'bad' };

function newestFirst(lists: readonly (readonly ClusterEvent[])[]): ClusterEvent[] {
  const byId = new Map(lists.flat().map((event) => [event.id, event]));
  return [...byId.values()].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

/** What happened, newest first. The newest come with the status; older ones are asked for page by page. */
export function EventList({ status, names }: { status: ClusterStatus; names: ReadonlyMap<number, string> }) {
  const [type, setType] = useState<EventType | null>(null);
  const [wantsOlder, setWantsOlder] = useState(false);
  const older = useEventPages(type, wantsOlder || type !== null);
  const newest = status.events.filter((event) => type === null || event.type === type);
  const pages = older.data?.pages ?? [];
  const events = newestFirst([newest, ...pages.map((page) => page.events)]);
  const asked = wantsOlder || type !== null;
  const databaseAway = status.database.state === 'down' || status.database.state === 'starting';
  const hasMore = asked ? older.hasNextPage || older.isPending : status.events.length > 0;
  return (
    <Card title="Events" aside={<TypeFilter type={type} onChange={setType} />}>
      {events.length === 0 ? (
        <p className="text-muted">
          {databaseAway
            ? 'Events cannot be read while the database is away.'
            : 'Nothing of this kind has happened yet.'}
        </p>
      ) : null}
      <ol aria-label="Events" className="flex flex-col divide-y divide-line">
        {events.map((event) => (
          <EventLine key={event.id} event={event} node={event.node_id === null ? null : names.get(event.node_id)} />
        ))}
      </ol>
      {pages.some((page) => !page.complete) ? (
        <p className="mt-3 text-sm text-muted">The database is away: only this server’s own journal is shown.</p>
      ) : null}
      {older.isError ? <Failure sentence={sentenceOf(older.error)} /> : null}
      {hasMore ? (
        <Button
          className="mt-3"
          busy={older.isFetching && asked}
          onClick={() => {
            if (asked) void older.fetchNextPage();
            else setWantsOlder(true);
          }}
        >
          Show older events
        </Button>
      ) : null}
    </Card>
  );
}

function TypeFilter({ type, onChange }: { type: EventType | null; onChange: (type: EventType | null) => void }) {
  return (
    <label className="flex items-center gap-2 text-sm">
      <span className="text-muted">Kind</span>
      <select
        className={inputClass}
        value={type ?? ''}
        onChange={(event) => {
          const parsed = eventTypeSchema.safeParse(event.currentTarget.value);
          onChange(parsed.success ? parsed.data : null);
        }}
      >
        <option value="">all</option>
        {eventTypeSchema.options.map((option) => (
          <option key={option} value={option}>
            {wordText(option)}
          </option>
        ))}
      </select>
    </label>
  );
}

function EventLine({ event, node }: { event: ClusterEvent; node: string | null | undefined }) {
  return (
    <li className="grid gap-x-4 py-2 sm:grid-cols-[11.5rem_1fr]">
      <time dateTime={event.at} className="text-sm text-muted">
        {dateTimeText(event.at)}
      </time>
      <div className="min-w-0">
        <p className="break-words">
          {event.severity === 'info' ? null : (
            <>
              <Badge tone={tones[event.severity]}>{event.severity}</Badge>{' '}
            </>
          )}
          {event.message}
        </p>
        <p className="text-sm text-muted">
          {wordText(event.type)} · by {event.actor}
          {node === null || node === undefined ? '' : ` · ${node}`}
          {event.rule === null ? '' : ` · rule ${String(event.rule)}`}
        </p>
      </div>
    </li>
  );
}
