import type { Invoice } from '@proxpanel/contracts/records';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { toast } from 'sonner';
import { notLoaded } from '../../api/not-loaded.ts';
import { shownFault } from '../../api/faults.ts';
import { useChangeInvoice, useInvoices } from '../../api/invoices.ts';
import { useCurrency } from '../../api/panel-settings.ts';
import { useWrites } from '../../api/writes.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Card } from '../../ui/card.tsx';
import { FormFault } from '../../ui/form-fault.tsx';
import { dateText, moneyText } from '../../ui/format.ts';
import { NotLoaded } from '../../ui/loaded.tsx';
import { Pager, useCursorPages } from '../../ui/pager.tsx';
import { Table, type Column } from '../../ui/table.tsx';
import { WriteButton } from '../../ui/write-button.tsx';
import { InvoiceDialog } from './invoice-dialog.tsx';

const tones: Record<Invoice['status'], Tone> = { open: 'warn', paid: 'good', cancelled: 'neutral' };

/** Invoices, newest first. `?for=` in the address opens the form with that name in its search. */
export function InvoiceList() {
  const [address, setAddress] = useSearchParams();
  const searched = address.get('for');
  const [isOpen, setIsOpen] = useState(searched !== null);
  const pages = useCursorPages('invoices');
  const list = useInvoices(pages.cursor);
  const { reasons } = useWrites();
  const change = useChangeInvoice(({ number, status }) => {
    toast.success(`The invoice ${number} is ${status}.`);
  });
  return (
    <Card
      title="Invoices"
      aside={
        <WriteButton
          kind="primary"
          reasons={reasons}
          onClick={() => {
            setIsOpen(true);
          }}
        >
          Make an invoice
        </WriteButton>
      }
    >
      <div className="flex flex-col gap-4">
        <FormFault fault={shownFault(change.error)} />
        {list.data === undefined ? (
          <NotLoaded {...notLoaded(list)} />
        ) : list.data.rows.length === 0 ? (
          <p className="text-muted">There is no invoice yet.</p>
        ) : (
          <>
            <InvoiceTable rows={list.data.rows} busy={change.isPending} onChange={change.mutate} />
            <Pager pages={pages} next={list.data.next} busy={list.isPlaceholderData} />
          </>
        )}
      </div>
      {isOpen ? (
        <InvoiceDialog
          searched={searched ?? ''}
          onClose={() => {
            setIsOpen(false);
            setAddress({}, { replace: true });
          }}
        />
      ) : null}
    </Card>
  );
}

interface InvoiceTableProps {
  rows: readonly Invoice[];
  busy: boolean;
  onChange: (change: { invoice: Invoice; status: Invoice['status'] }) => void;
}

function InvoiceTable({ rows, busy, onChange }: InvoiceTableProps) {
  const currency = useCurrency();
  const { reasons } = useWrites();
  const columns: Column<Invoice>[] = [
    {
      key: 'number',
      title: 'Invoice',
      cell: ({ number, status }) => (
        <span className="inline-flex flex-wrap items-center gap-2 font-medium">
          {number} <Badge tone={tones[status]}>{status}</Badge>
        </span>
      ),
    },
    { key: 'subscriber', title: 'Subscriber', cell: ({ subscriber_name }) => subscriber_name },
    { key: 'amount', title: 'Amount', alignEnd: true, cell: ({ amount_minor }) => moneyText(amount_minor, currency) },
    { key: 'issued', title: 'Issued', onlyWide: true, cell: ({ issued_at }) => dateText(issued_at) },
    {
      key: 'due',
      title: 'Due',
      onlyWide: true,
      cell: ({ due_at }) => (due_at === null ? '–' : dateText(due_at)),
    },
    {
      key: 'actions',
      title: 'Actions',
      hideTitle: true,
      alignEnd: true,
      cell: (invoice) =>
        invoice.status === 'open' ? (
          <span className="inline-flex flex-wrap justify-end gap-1 md:flex-nowrap">
            {(['paid', 'cancelled'] as const).map((status) => (
              <WriteButton
                compact
                key={status}
                busy={busy}
                reasons={reasons}
                onClick={() => {
                  onChange({ invoice, status });
                }}
              >
                {status === 'paid' ? 'Paid' : 'Cancel'} <span className="sr-only">{invoice.number}</span>
              </WriteButton>
            ))}
          </span>
        ) : null,
    },
  ];
  return <Table label="Invoices" columns={columns} rows={rows} rowKey={(row) => row.id} />;
}
