import { InvoiceList } from '../features/invoices/invoice-list.tsx';
import { TransactionList } from '../features/resellers/transaction-list.tsx';
import { useTitle } from '../ui/use-title.ts';

/** Money: what subscribers are asked for, and what resellers have paid. */
export function InvoicesPage() {
  useTitle('Invoices');
  return (
    <>
      <h1 className="mb-5 text-2xl font-semibold">Invoices and transactions</h1>
      <div className="flex flex-col gap-5">
        <InvoiceList />
        <TransactionList />
      </div>
    </>
  );
}
