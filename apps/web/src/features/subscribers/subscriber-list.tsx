import type { Matches } from '@proxpanel/contracts/paging';
import type { Subscriber } from '@proxpanel/contracts/subscribers';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { notLoaded } from '../../api/not-loaded.ts';
import { useMe } from '../../api/session.ts';
import { exportAddress, useSubscribers } from '../../api/subscribers.ts';
import { useWrites } from '../../api/writes.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { countText, dateText, dateTimeText } from '../../ui/format.ts';
import { NotLoaded } from '../../ui/loaded.tsx';
import { Pager, useCursorPages } from '../../ui/pager.tsx';
import { Table, type Column } from '../../ui/table.tsx';
import { WriteButton } from '../../ui/write-button.tsx';
import { addressOf, filtersOf, pageSizes, queryOf, viewOf, type ListChange, type ListView } from './list-address.ts';
import { StateBadges } from './state-badges.tsx';
import { SubscriberDialog } from './subscriber-dialog.tsx';
import { SubscriberFilters } from './subscriber-filters.tsx';

/** Everybody that matches, page by page; filters and order stand in the address. */
export function SubscriberList() {
  const [address, setAddress] = useSearchParams();
  const [edited, setEdited] = useState<Subscriber | 'new' | null>(null);
  const view = viewOf(address);
  const pages = useCursorPages(addressOf(view).toString());
  const list = useSubscribers(queryOf(view, pages.cursor));
  const change = (changed: ListChange): void => {
    // Replaced, not added: "Back" leaves the list instead of taking letters off the search.
    setAddress((now) => addressOf({ ...viewOf(now), ...changed } as ListView), { replace: true });
  };
  return (
    <Card
      title="All subscribers"
      aside={
        <ListActions
          view={view}
          onAdd={() => {
            setEdited('new');
          }}
        />
      }
    >
      <div className="flex flex-col gap-4">
        <SubscriberFilters view={view} onChange={change} />
        {list.data === undefined || list.isError ? <NotLoaded {...notLoaded(list)} /> : null}
        {list.data === undefined ? null : (
          <>
            <p className="text-sm text-muted" role="status">
              {matchesText(list.data.matches)}
            </p>
            {list.data.subscribers.length === 0 ? null : (
              <SubscriberTable view={view} rows={list.data.subscribers} onChange={change} onEdit={setEdited} />
            )}
            <Pager
              pages={pages}
              next={list.data.next}
              busy={list.isPlaceholderData}
              size={{
                value: view.limit,
                choices: pageSizes,
                onChange: (limit) => {
                  change({ limit });
                },
              }}
            />
          </>
        )}
      </div>
      {edited === null ? null : (
        <SubscriberDialog
          subscriber={edited === 'new' ? null : edited}
          onClose={() => {
            setEdited(null);
          }}
        />
      )}
    </Card>
  );
}

function ListActions({ view, onAdd }: { view: ListView; onAdd: () => void }) {
  const writes = useWrites();
  return (
    <div className="flex flex-wrap gap-2">
      <a className={buttonClass('plain')} href={exportAddress(filtersOf(view))} download="subscribers.csv">
        Export as CSV
      </a>
      <WriteButton kind="primary" reasons={writes.reasons} onClick={onAdd}>
        Add subscriber
      </WriteButton>
    </div>
  );
}

function matchesText({ count, more }: Matches): string {
  if (count === 0) return 'Nobody matches.';
  return more ? `More than ${countText(count)} match.` : `${countText(count)} found`;
}

interface SubscriberTableProps {
  view: ListView;
  rows: readonly Subscriber[];
  onChange: (change: ListChange) => void;
  onEdit: (subscriber: Subscriber) => void;
}

function SubscriberTable({ view, rows, onChange, onEdit }: SubscriberTableProps) {
  const isAdmin = useMe().data?.user.role === 'admin';
  const writes = useWrites();
  const order = (sort: ListView['sort']): NonNullable<Column<Subscriber>['order']> => {
    // The newest first is what nobody has to ask for, so that order alone is turned round.
    const falls = (sort === 'newest') !== view.descending;
    return {
      direction: view.sort === sort ? (falls ? 'descending' : 'ascending') : 'none',
      onPress: () => {
        onChange({ sort, descending: view.sort === sort ? !view.descending : false });
      },
    };
  };
  const columns: Column<Subscriber>[] = [
    { key: 'username', title: 'User name', order: order('username'), cell: (row) => <NameLink subscriber={row} /> },
    { key: 'state', title: 'State', cell: (row) => <StateBadges subscriber={row} /> },
    { key: 'service', title: 'Service', onlyWide: true, cell: (row) => row.service_name ?? '–' },
    ...(isAdmin
      ? [{ key: 'reseller', title: 'Reseller', onlyWide: true, cell: (row: Subscriber) => row.reseller_name ?? '–' }]
      : []),
    {
      key: 'expires',
      title: 'Expires',
      onlyWide: true,
      order: order('expires_at'),
      cell: (row) => (row.expires_at === null ? 'never' : <Day at={row.expires_at} />),
    },
    {
      key: 'added',
      title: 'Added',
      onlyWide: true,
      order: order('newest'),
      cell: (row) => <Day at={row.created_at} />,
    },
    {
      key: 'edit',
      title: 'Actions',
      hideTitle: true,
      alignEnd: true,
      cell: (row) => (
        <WriteButton
          compact
          reasons={writes.reasons}
          onClick={() => {
            onEdit(row);
          }}
        >
          Edit <span className="sr-only">{row.username}</span>
        </WriteButton>
      ),
    },
  ];
  return <Table label="Subscribers" columns={columns} rows={rows} rowKey={(row) => row.id} />;
}

function NameLink({ subscriber }: { subscriber: Subscriber }) {
  return (
    <Link className="font-medium break-all text-accent underline" to={`/subscribers/${String(subscriber.id)}`}>
      {subscriber.username}
    </Link>
  );
}

function Day({ at }: { at: string }) {
  return (
    <time dateTime={at} title={dateTimeText(at)} className="whitespace-nowrap">
      {dateText(at)}
    </time>
  );
}
