import { createInvoiceBodySchema } from '@proxpanel/contracts/records';
import { useState } from 'react';
import { toast } from 'sonner';
import { z } from 'zod';
import { createInvoice } from '../../api/invoices.ts';
import { useCurrency } from '../../api/panel-settings.ts';
import { useNewRowForm } from '../../api/row-form.ts';
import { useSubscribers } from '../../api/subscribers.ts';
import { MONEY_DECIMALS } from '../../ui/amounts.ts';
import { SelectField, TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { optionalTime, typedAmount } from '../../ui/typed-fields.ts';
import { useDebouncedText } from '../../ui/use-debounced-text.ts';

const invoiceSchema = z.object({
  subscriber_id: z.string().min(1, 'Choose a subscriber.').transform(Number),
  amount_minor: typedAmount(MONEY_DECIMALS, 'Type an amount such as 12.50.').pipe(
    createInvoiceBodySchema.shape.amount_minor,
  ),
  due_at: optionalTime,
});
type InvoiceValues = z.input<typeof invoiceSchema>;

const empty: InvoiceValues = { subscriber_id: '', amount_minor: '', due_at: '' };
const shownMatches = 20;

/** Makes an invoice. `searched`: part of the user name to begin with. */
export function InvoiceDialog({ searched, onClose }: { searched: string; onClose: () => void }) {
  const currency = useCurrency();
  const [search, setSearch] = useState(searched);
  const [typed, setTyped] = useDebouncedText(search, setSearch);
  const query = { search: search.trim(), sort: 'username', limit: shownMatches } as const;
  const matches = useSubscribers(query, query.search !== '');
  const found = query.search === '' ? [] : (matches.data?.subscribers ?? []);
  const rowForm = useNewRowForm({
    schema: invoiceSchema,
    empty,
    add: createInvoice,
    onSaved: (saved) => {
      toast.success(`Made the invoice ${saved.number} for ${saved.subscriber_name}.`);
      onClose();
    },
  });
  const { register, formState } = rowForm.form;
  const { errors } = formState;
  return (
    <FormDialog
      title="Make an invoice"
      description="It keeps the subscriber’s name, also when the subscriber is removed later."
      action="Make invoice"
      {...rowForm.dialog}
      onClose={onClose}
    >
      <TextField
        label="Find a subscriber"
        type="search"
        placeholder="Part of a user name"
        maxLength={64}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
        }}
      />
      <SelectField
        label="Subscriber"
        hint={foundText(query.search, found.length, matches.data?.next != null, matches.isFetching)}
        error={errors.subscriber_id?.message}
        {...register('subscriber_id')}
      >
        <option value="">–</option>
        {found.map(({ id, username }) => (
          <option key={id} value={id}>
            {username}
          </option>
        ))}
      </SelectField>
      <TextField
        label={currency === '' ? 'Amount' : `Amount (${currency})`}
        inputMode="decimal"
        error={errors.amount_minor?.message}
        {...register('amount_minor')}
      />
      <TextField
        label="Due"
        type="datetime-local"
        hint="May be empty."
        error={errors.due_at?.message}
        {...register('due_at')}
      />
    </FormDialog>
  );
}

function foundText(search: string, count: number, hasMore: boolean, isFetching: boolean): string {
  if (search === '') return 'Find a subscriber first.';
  if (isFetching) return 'Searching…';
  if (count === 0) return 'Nobody matches.';
  return hasMore ? `The first ${String(count)} that match; type more to narrow it down.` : `${String(count)} found`;
}
