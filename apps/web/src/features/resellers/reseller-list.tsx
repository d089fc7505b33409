import type { Reseller } from '@proxpanel/contracts/resellers';
import { useState } from 'react';
import { Link } from 'react-router';
import { notLoaded } from '../../api/not-loaded.ts';
import { useCurrency } from '../../api/panel-settings.ts';
import { useResellers } from '../../api/resellers.ts';
import { useWrites } from '../../api/writes.ts';
import { Badge } from '../../ui/badge.tsx';
import { Card } from '../../ui/card.tsx';
import { countText, moneyText } from '../../ui/format.ts';
import { NotLoaded } from '../../ui/loaded.tsx';
import { Table, type Column } from '../../ui/table.tsx';
import { WriteButton } from '../../ui/write-button.tsx';
import { PaymentDialog } from './payment-dialog.tsx';
import { ResellerDialog } from './reseller-dialog.tsx';

type OpenDialog = { kind: 'edit'; reseller: Reseller | null } | { kind: 'payment'; reseller: Reseller };

/** The resellers, what each has paid, and how many subscribers are his. */
export function ResellerList() {
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const list = useResellers();
  const currency = useCurrency();
  const { reasons } = useWrites();
  const rows = list.data?.resellers ?? null;
  const close = (): void => {
    setDialog(null);
  };
  return (
    <Card
      title="All resellers"
      aside={
        <WriteButton
          kind="primary"
          reasons={reasons}
          onClick={() => {
            setDialog({ kind: 'edit', reseller: null });
          }}
        >
          Add reseller
        </WriteButton>
      }
    >
      {rows === null ? (
        <NotLoaded {...notLoaded(list)} />
      ) : rows.length === 0 ? (
        <p className="text-muted">There is no reseller yet.</p>
      ) : (
        <ResellerTable rows={rows} currency={currency} onOpen={setDialog} />
      )}
      {dialog?.kind === 'edit' ? <ResellerDialog reseller={dialog.reseller} onClose={close} /> : null}
      {dialog?.kind === 'payment' ? (
        <PaymentDialog reseller={dialog.reseller} currency={currency} onClose={close} />
      ) : null}
    </Card>
  );
}

interface ResellerTableProps {
  rows: readonly Reseller[];
  currency: string;
  onOpen: (dialog: OpenDialog) => void;
}

function ResellerTable({ rows, currency, onOpen }: ResellerTableProps) {
  const { reasons } = useWrites();
  const columns: Column<Reseller>[] = [
    {
      key: 'username',
      title: 'User name',
      cell: (row) => (
        <span className="inline-flex flex-wrap items-center gap-1 font-medium break-all">
          {row.username} {row.is_active ? null : <Badge tone="warn">no sign-in</Badge>}
        </span>
      ),
    },
    { key: 'name', title: 'Name', onlyWide: true, cell: (row) => row.display_name },
    {
      key: 'subscribers',
      title: 'Subscribers',
      onlyWide: true,
      alignEnd: true,
      cell: (row) => (
        <Link className="text-accent underline" to={`/subscribers?reseller_id=${String(row.id)}`}>
          {countText(row.subscriber_count)}
          <span className="sr-only"> subscribers of {row.username}</span>
        </Link>
      ),
    },
    { key: 'balance', title: 'Balance', alignEnd: true, cell: (row) => moneyText(row.balance_minor, currency) },
    {
      key: 'actions',
      title: 'Actions',
      hideTitle: true,
      alignEnd: true,
      cell: (reseller) => (
        <span className="inline-flex flex-wrap justify-end gap-1 md:flex-nowrap">
          <WriteButton
            compact
            reasons={reasons}
            onClick={() => {
              onOpen({ kind: 'payment', reseller });
            }}
          >
            Payment <span className="sr-only">of {reseller.username}</span>
          </WriteButton>
          <WriteButton
            compact
            reasons={reasons}
            onClick={() => {
              onOpen({ kind: 'edit', reseller });
            }}
          >
            Edit <span className="sr-only">{reseller.username}</span>
          </WriteButton>
        </span>
      ),
    },
  ];
  return <Table label="Resellers" columns={columns} rows={rows} rowKey={(row) => row.id} />;
}
