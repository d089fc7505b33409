import { changePanelSettingsBodySchema } from '@proxpanel/contracts/records';
import { useState } from 'react';
import { toast } from 'sonner';
import { z } from 'zod';
import { changePanelSettings, readPanelSettings, type SettingsRow } from '../../api/panel-settings.ts';
import { useRowForm } from '../../api/row-form.ts';
import { useWrites } from '../../api/writes.ts';
import { Card, Fact } from '../../ui/card.tsx';
import { TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { WriteButton } from '../../ui/write-button.tsx';

const wire = changePanelSettingsBodySchema.shape;
const companySchema = z.object({
  company_name: wire.company_name.unwrap(),
  currency: z.string().trim().toUpperCase().pipe(wire.currency.unwrap()),
  support_contact: wire.support_contact.unwrap(),
});
type CompanyValues = z.input<typeof companySchema>;

function valuesOf(row: SettingsRow | null): CompanyValues {
  return {
    company_name: row?.settings.company_name ?? '',
    currency: row?.settings.currency ?? '',
    support_contact: row?.settings.support_contact ?? '',
  };
}

function said(values: CompanyValues): [string, string][] {
  return [
    ['Company', values.company_name],
    ['Currency', values.currency],
    ['Support contact', values.support_contact],
  ];
}

/** Whose panel this is. */
export function CompanyCard({ row }: { row: SettingsRow }) {
  const [isOpen, setIsOpen] = useState(false);
  const { reasons } = useWrites();
  const { company_name, currency, support_contact } = row.settings;
  return (
    <Card title="Company">
      <dl className="mb-4 grid gap-x-6 gap-y-3 sm:grid-cols-3">
        <Fact label="Company">{company_name}</Fact>
        <Fact label="Currency">{currency}</Fact>
        <Fact label="Support contact">{support_contact === '' ? 'none' : support_contact}</Fact>
      </dl>
      <WriteButton
        reasons={reasons}
        onClick={() => {
          setIsOpen(true);
        }}
      >
        Change
      </WriteButton>
      {isOpen ? (
        <CompanyDialog
          row={row}
          onClose={() => {
            setIsOpen(false);
          }}
        />
      ) : null}
    </Card>
  );
}

function CompanyDialog({ row, onClose }: { row: SettingsRow; onClose: () => void }) {
  const rowForm = useRowForm({
    row,
    schema: companySchema,
    valuesOf,
    said,
    // There is always one row of settings, so none is ever added.
    add: (body) => changePanelSettings({ ...body, row_version: row.row_version }),
    change: (seen, body) => changePanelSettings({ ...body, row_version: seen.row_version }),
    readNewer: readPanelSettings,
    onSaved: () => {
      toast.success('The company is saved.');
      onClose();
    },
  });
  const { register, formState } = rowForm.form;
  const { errors } = formState;
  return (
    <FormDialog
      title="Change the company"
      description="The name stands on every page and on the sign-in page."
      action="Save"
      {...rowForm.dialog}
      onClose={onClose}
    >
      <TextField label="Company" error={errors.company_name?.message} {...register('company_name')} />
      <TextField
        label="Currency"
        hint="Three letters (ISO 4217), such as EUR. Amounts keep their figures when it changes."
        error={errors.currency?.message}
        {...register('currency')}
      />
      <TextField label="Support contact" error={errors.support_contact?.message} {...register('support_contact')} />
    </FormDialog>
  );
}
