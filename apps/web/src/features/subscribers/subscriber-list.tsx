import { useDeferredValue, useState } from 'react';
import { sentenceOf } from '../../api/errors.ts';
import { useSubscribers } from '../../api/subscribers.ts';
import { Failure } from '../../ui/banner.tsx';
import { TextField } from '../../ui/field.tsx';
import { countText, dateTimeText } from '../../ui/format.ts';

/** Search and the newest subscribers that match. */
export function SubscriberList() {
  const [search, setSearch] = useState('');
  const list = useSubscribers(useDeferredValue(search.trim()));
  return (
    <div className="flex flex-col gap-4">
      <div className="w-72 max-w-full">
        <TextField
          label="Search"
          type="search"
          placeholder="Part of a user name"
          maxLength={64}
          value={search}
          onChange={(event) => {
            setSearch(event.currentTarget.value);
          }}
        />
      </div>
      {list.isError ? <Failure sentence={sentenceOf(list.error)} /> : null}
      {list.data === undefined ? (
        <p className="text-muted">{list.isPending ? 'Loading…' : ''}</p>
      ) : (
        <>
          <p className="text-sm text-muted" role="status">
            {list.data.next === null
              ? `${countText(list.data.matches.count)} found`
              : `The newest ${countText(list.data.subscribers.length)} of ${list.data.matches.more ? 'more than ' : ''}${countText(list.data.matches.count)}`}
          </p>
          {list.data.subscribers.length === 0 ? null : <SubscriberTable subscribers={list.data.subscribers} />}
        </>
      )}
    </div>
  );
}

function SubscriberTable({
  subscribers,
}: {
  subscribers: readonly { id: number; username: string; created_at: string }[];
}) {
  return (
    <table className="w-full border-collapse text-left">
      <thead>
        <tr className="border-b border-line text-sm text-muted">
          <th scope="col" className="py-2 pr-4 font-medium">
            User name
          </th>
          <th scope="col" className="py-2 font-medium">
            Added
          </th>
        </tr>
      </thead>
      <tbody>
        {subscribers.map((subscriber) => (
          <tr key={subscriber.id} className="border-b border-line last:border-0">
            <td className="py-2 pr-4 break-all">{subscriber.username}</td>
            <td className="py-2 whitespace-nowrap text-muted">{dateTimeText(subscriber.created_at)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
