import { createTransactionBodySchema, type PanelSettings } from '@proxpanel/contracts/records';
import type { Reseller } from '@proxpanel/contracts/resellers';
import { toast } from 'sonner';
import { z } from 'zod';
import { createTransaction } from '../../api/resellers.ts';
import { useNewRowForm } from '../../api/row-form.ts';
import { MONEY_DECIMALS } from '../../ui/amounts.ts';
import { Choice, TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { moneyText } from '../../ui/format.ts';
import { typedAmount } from '../../ui/typed-fields.ts';

const paymentSchema = z.object({
  kind: z.enum(['payment', 'charge']),
  amount_minor: typedAmount(MONEY_DECIMALS, 'Type an amount such as 12.50.')
    .pipe(createTransactionBodySchema.shape.amount_minor)
    .refine((amount) => amount > 0, 'Type the amount without a sign; the kind says which way it goes.'),
  note: createTransactionBodySchema.shape.note.unwrap(),
});
type PaymentValues = z.input<typeof paymentSchema>;

const empty: PaymentValues = { kind: 'payment', amount_minor: '', note: '' };

interface PaymentDialogProps {
  reseller: Reseller;
  currency: PanelSettings['currency'];
  onClose: () => void;
}

/** Records money that a reseller paid in, or owes. */
export function PaymentDialog({ reseller, currency, onClose }: PaymentDialogProps) {
  const rowForm = useNewRowForm({
    schema: paymentSchema,
    empty,
    add: ({ kind, amount_minor, note }) =>
      createTransaction({
        reseller_id: reseller.id,
        amount_minor: kind === 'payment' ? amount_minor : -amount_minor,
        note,
      }),
    onSaved: (saved) => {
      toast.success(`Recorded ${moneyText(saved.amount_minor, currency)} for ${reseller.username}.`);
      onClose();
    },
  });
  const { register, formState } = rowForm.form;
  return (
    <FormDialog
      title={`Record a payment of ${reseller.username}`}
      description={`The balance is ${moneyText(reseller.balance_minor, currency)} now.`}
      action="Record"
      {...rowForm.dialog}
      onClose={onClose}
    >
      <fieldset className="grid gap-2 sm:grid-cols-2">
        <legend className="mb-2 text-sm font-medium">Kind</legend>
        <Choice label="Payment" explanation="He paid in: the balance rises." value="payment" {...register('kind')} />
        <Choice label="Charge" explanation="He owes it: the balance falls." value="charge" {...register('kind')} />
      </fieldset>
      <TextField
        label={currency === '' ? 'Amount' : `Amount (${currency})`}
        inputMode="decimal"
        error={formState.errors.amount_minor?.message}
        {...register('amount_minor')}
      />
      <TextField label="Note" error={formState.errors.note?.message} {...register('note')} />
    </FormDialog>
  );
}
