import type { AuditEntry } from '@proxpanel/contracts/records';
import { useState } from 'react';
import { useAuditLog } from '../../api/audit.ts';
import { notLoaded } from '../../api/not-loaded.ts';
import { Card } from '../../ui/card.tsx';
import { dateTimeText, wordText } from '../../ui/format.ts';
import { NotLoaded } from '../../ui/loaded.tsx';
import { Pager, useCursorPages } from '../../ui/pager.tsx';
import { Table, type Column } from '../../ui/table.tsx';
import { changeTexts } from './change-text.ts';

const sizes = [25, 50, 100, 200] as const;

const columns: readonly Column<AuditEntry>[] = [
  {
    key: 'at',
    title: 'When',
    cell: ({ at }) => (
      <time dateTime={at} className="text-sm sm:whitespace-nowrap">
        {dateTimeText(at)}
      </time>
    ),
  },
  { key: 'actor', title: 'Who', cell: ({ actor }) => <span className="break-all">{actor}</span> },
  {
    key: 'what',
    title: 'What',
    cell: (entry) => (
      <>
        {wordText(entry.action)} {entry.entity.replaceAll('_', ' ')}{' '}
        <span className="text-muted">{entry.entity_id}</span>
        <Changes changes={entry.changes} />
      </>
    ),
  },
];

function Changes({ changes }: Pick<AuditEntry, 'changes'>) {
  const texts = changeTexts(changes);
  if (texts.length === 0) return null;
  return (
    <ul className="text-sm text-muted">
      {texts.map((text) => (
        <li key={text} className="break-words">
          {text}
        </li>
      ))}
    </ul>
  );
}

/** Who did what, newest first. */
export function AuditList() {
  const [limit, setLimit] = useState<number>(50);
  const pages = useCursorPages(`audit ${String(limit)}`);
  const log = useAuditLog({ cursor: pages.cursor, limit });
  return (
    <Card title="Newest first">
      {log.data === undefined ? (
        <NotLoaded {...notLoaded(log)} />
      ) : log.data.rows.length === 0 ? (
        <p className="text-muted">Nothing has been done yet.</p>
      ) : (
        <div className="flex flex-col gap-4">
          <Table label="Audit log" columns={columns} rows={log.data.rows} rowKey={(row) => row.id} />
          <Pager
            pages={pages}
            next={log.data.next}
            busy={log.isPlaceholderData}
            size={{ value: limit, choices: sizes, onChange: setLimit }}
          />
        </div>
      )}
    </Card>
  );
}
