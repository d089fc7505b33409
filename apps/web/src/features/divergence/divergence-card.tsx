import type { Divergence } from '@proxpanel/contracts/change-of-main';
import type { ClusterStatus } from '@proxpanel/contracts/status';
import type { ReactNode } from 'react';
import { blockedBy } from '../../api/reasons.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Badge } from '../../ui/badge.tsx';
import { ReasonedButton } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { bytesText, countText, dateTimeText, unknownText } from '../../ui/format.ts';

const repairs: Record<Divergence['repair'], string> = {
  rewind:
    'pg_rewind takes this server’s database back to the fork and copies what differs from the main server. If it cannot, a fresh copy is made.',
  base_backup:
    'A fresh copy of the main server’s database. The two timelines have the same number, so pg_rewind must not be used.',
};

/** Two histories: both sides' numbers, and the repair, which only an admin begins (SAFETY §2). */
export function DivergenceCard({ status }: { status: ClusterStatus }) {
  const open = useClusterPage((state) => state.open);
  const { divergence, actions } = status;
  if (divergence === null) return null;
  const main = status.nodes.find((node) => node.id === divergence.main_node_id);
  const mainName = main?.display_name ?? `server ${String(divergence.main_node_id)}`;
  return (
    <Card title="This server’s history is another one" aside={<Badge tone="bad">diverged</Badge>}>
      <div className="flex flex-col gap-4">
        <p>{divergence.reason}</p>
        <p className="text-muted">
          Found {dateTimeText(divergence.at)}. This server stays read-only and keeps its rows; nothing is chosen and
          nothing is thrown away until you decide.
        </p>
        <Numbers divergence={divergence} mainName={mainName} />
        <Rows divergence={divergence} />
        <div className="flex flex-col gap-2 border-t border-line pt-4">
          <h3 className="font-medium">Repair</h3>
          <p className="text-muted">{repairs[divergence.repair]} This server’s present data directory is kept.</p>
          <ReasonedButton
            kind="primary"
            reasons={blockedBy(actions.rejoin)}
            onClick={() => {
              open({ kind: 'rejoin' });
            }}
          >
            Rejoin
          </ReasonedButton>
        </div>
      </div>
    </Card>
  );
}

function Numbers({ divergence, mainName }: { divergence: Divergence; mainName: string }) {
  const shared = divergence.own_promotion_ids.filter((id) => divergence.main_promotion_ids.includes(id));
  return (
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Both sides’ numbers">
      <table className="w-full text-left">
        <caption className="sr-only">What each side holds</caption>
        <thead className="text-sm text-muted">
          <tr>
            <th scope="col" className="py-1 pr-4 font-medium">
              <span className="sr-only">Figure</span>
            </th>
            <th scope="col" className="py-1 pr-4 font-medium">
              This server
            </th>
            <th scope="col" className="py-1 font-medium">
              {mainName} (main)
            </th>
          </tr>
        </thead>
        <tbody className="divide-y divide-line border-t border-line align-top">
          <NumberRow label="Term" own={divergence.own_term} main={divergence.main_term} />
          <NumberRow
            label="Promotions"
            own={<Promotions ids={divergence.own_promotion_ids} shared={shared} />}
            main={<Promotions ids={divergence.main_promotion_ids} shared={shared} />}
          />
          <NumberRow label="Timeline" own={divergence.own_timeline ?? unknownText} main="–" />
          <NumberRow label="End of its WAL" own={<Lsn lsn={divergence.own_last_lsn} />} main="–" />
          <NumberRow
            label="Forked at"
            own={<Lsn lsn={divergence.fork_lsn} />}
            main={<Lsn lsn={divergence.fork_lsn} />}
          />
          <NumberRow label="Written past the fork" own={bytesText(divergence.bytes_past_fork)} main="–" />
        </tbody>
      </table>
    </div>
  );
}

function NumberRow({ label, own, main }: { label: string; own: ReactNode; main: ReactNode }) {
  return (
    <tr>
      <th scope="row" className="py-1.5 pr-4 font-normal text-muted">
        {label}
      </th>
      <td className="py-1.5 pr-4">{own}</td>
      <td className="py-1.5">{main}</td>
    </tr>
  );
}

/** How many, and the beginnings of those that the other side lacks: whole ids help nobody at 3 am. */
function Promotions({ ids, shared }: { ids: readonly string[]; shared: readonly string[] }) {
  const alone = ids.filter((id) => !shared.includes(id));
  return (
    <>
      {String(ids.length)}
      {alone.map((id) => (
        <span key={id} className="block text-sm" title={id}>
          only here: <span className="font-mono">{id.slice(0, 8)}</span>
        </span>
      ))}
    </>
  );
}

function Lsn({ lsn }: { lsn: string | null }) {
  return lsn === null ? unknownText : <span className="font-mono text-sm">{lsn}</span>;
}

function Rows({ divergence }: { divergence: Divergence }) {
  const tables = divergence.rows_since_fork;
  if (tables.length === 0) {
    return <p className="text-muted">Which rows were written here after the fork cannot be counted.</p>;
  }
  return (
    <table className="self-start text-left">
      <caption className="mb-1 text-left text-sm font-medium text-muted">
        Rows written on this server since the fork, by their own dates
      </caption>
      <thead className="sr-only">
        <tr>
          <th scope="col">Table</th>
          <th scope="col">Rows</th>
        </tr>
      </thead>
      <tbody>
        {tables.map(({ table, rows }) => (
          <tr key={table}>
            <th scope="row" className="pr-6 font-mono text-sm font-normal">
              {table}
            </th>
            <td className="text-right">{countText(rows)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
