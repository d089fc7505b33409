import type { ReplyOf } from '@proxpanel/contracts/endpoints';
import { notLoaded } from '../../api/not-loaded.ts';
import { useCurrency } from '../../api/panel-settings.ts';
import { useTransactions } from '../../api/resellers.ts';
import { Card } from '../../ui/card.tsx';
import { dateTimeText, moneyText } from '../../ui/format.ts';
import { NotLoaded } from '../../ui/loaded.tsx';
import { Pager, useCursorPages } from '../../ui/pager.tsx';
import { Table, type Column } from '../../ui/table.tsx';

type Transaction = ReplyOf<'createTransaction'>;

/** Resellers' money, newest first. */
export function TransactionList() {
  const pages = useCursorPages('transactions');
  const list = useTransactions(pages.cursor);
  const currency = useCurrency();
  const columns: Column<Transaction>[] = [
    { key: 'at', title: 'When', cell: ({ at }) => <time dateTime={at}>{dateTimeText(at)}</time> },
    { key: 'reseller', title: 'Reseller', cell: ({ reseller_name }) => reseller_name },
    { key: 'amount', title: 'Amount', alignEnd: true, cell: ({ amount_minor }) => moneyText(amount_minor, currency) },
    { key: 'note', title: 'Note', onlyWide: true, cell: ({ note }) => note },
    { key: 'actor', title: 'By', onlyWide: true, cell: ({ actor }) => actor },
  ];
  return (
    <Card title="Transactions of resellers">
      {list.data === undefined ? (
        <NotLoaded {...notLoaded(list)} />
      ) : list.data.rows.length === 0 ? (
        <p className="text-muted">There is none yet: a payment is recorded with its reseller.</p>
      ) : (
        <div className="flex flex-col gap-4">
          <Table label="Transactions" columns={columns} rows={list.data.rows} rowKey={(row) => row.id} />
          <Pager pages={pages} next={list.data.next} busy={list.isPlaceholderData} />
        </div>
      )}
    </Card>
  );
}
