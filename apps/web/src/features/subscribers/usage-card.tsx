import { notLoaded } from '../../api/not-loaded.ts';
import { useUsage } from '../../api/subscribers.ts';
import { Card } from '../../ui/card.tsx';
import { bytesText } from '../../ui/format.ts';
import { NotLoaded } from '../../ui/loaded.tsx';
import { Table, type Column } from '../../ui/table.tsx';
import { UsageChart, type DayOfUse } from './usage-chart.tsx';

const columns: readonly Column<DayOfUse>[] = [
  { key: 'day', title: 'Day', cell: ({ day }) => day },
  { key: 'download', title: 'Download', alignEnd: true, cell: (day) => bytesText(day.download_bytes) },
  { key: 'upload', title: 'Upload', alignEnd: true, cell: (day) => bytesText(day.upload_bytes) },
];

/** What a subscriber has used on the last days, drawn and as figures. */
export function UsageCard({ id }: { id: number }) {
  const usage = useUsage(id);
  const days = usage.data?.days ?? null;
  return (
    <Card title="Usage by day">
      {days === null ? (
        <NotLoaded {...notLoaded(usage)} />
      ) : days.length === 0 ? (
        <p className="text-muted">Nothing has been used yet.</p>
      ) : (
        <div className="flex flex-col gap-4">
          <p className="flex gap-4 text-sm" aria-hidden="true">
            <span className="text-accent">— Download</span>
            <span className="text-good">— Upload</span>
          </p>
          <UsageChart days={oldestFirst(days)} />
          <Table label="Usage by day" columns={columns} rows={[...oldestFirst(days)].reverse()} rowKey={dayOf} />
        </div>
      )}
    </Card>
  );
}

const dayOf = ({ day }: DayOfUse): string => day;

function oldestFirst(days: readonly DayOfUse[]): DayOfUse[] {
  return [...days].sort((a, b) => a.day.localeCompare(b.day));
}
