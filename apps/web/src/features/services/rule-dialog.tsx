import { bandwidthRuleSchema, type BandwidthRule } from '@proxpanel/contracts/records';
import type { Service } from '@proxpanel/contracts/services';
import { toast } from 'sonner';
import { z } from 'zod';
import { useRowForm } from '../../api/row-form.ts';
import { changeRule, createRule, readRule } from '../../api/services.ts';
import { scaledText, SPEED_DECIMALS } from '../../ui/amounts.ts';
import { CheckField, TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { typedAmount } from '../../ui/typed-fields.ts';
import { speedSentence } from './service-values.ts';

const wire = bandwidthRuleSchema.shape;
const ruleFormSchema = z.object({
  name: wire.name,
  from_time: wire.from_time,
  to_time: wire.to_time,
  download_kbps: typedAmount(SPEED_DECIMALS, speedSentence).pipe(wire.download_kbps),
  upload_kbps: typedAmount(SPEED_DECIMALS, speedSentence).pipe(wire.upload_kbps),
  is_active: wire.is_active,
});
type RuleValues = z.input<typeof ruleFormSchema>;

function valuesOf(rule: BandwidthRule | null): RuleValues {
  return {
    name: rule?.name ?? '',
    from_time: rule?.from_time ?? '',
    to_time: rule?.to_time ?? '',
    download_kbps: rule === null ? '' : scaledText(rule.download_kbps, SPEED_DECIMALS),
    upload_kbps: rule === null ? '' : scaledText(rule.upload_kbps, SPEED_DECIMALS),
    is_active: rule?.is_active ?? true,
  };
}

function said(values: RuleValues): [string, string][] {
  return [
    ['Name', values.name],
    ['From', values.from_time],
    ['To', values.to_time],
    ['Download', values.download_kbps],
    ['Upload', values.upload_kbps],
    ['In force', values.is_active ? 'yes' : 'no'],
  ];
}

interface RuleDialogProps {
  service: Service;
  /** null for a new one. */
  rule: BandwidthRule | null;
  onClose: () => void;
}

/** Adds or changes another speed of a service between two times of the day. */
export function RuleDialog({ service, rule, onClose }: RuleDialogProps) {
  const rowForm = useRowForm({
    row: rule,
    schema: ruleFormSchema,
    valuesOf,
    said,
    add: (body) => createRule({ ...body, service_id: service.id }),
    change: (row, body) => changeRule(row.id, { ...body, row_version: row.row_version }),
    readNewer: readRule,
    onSaved: (saved) => {
      toast.success(rule === null ? `Added ${saved.name}.` : `Saved ${saved.name}.`);
      onClose();
    },
  });
  const { register, formState } = rowForm.form;
  const { errors } = formState;
  const isNew = rowForm.row === null;
  return (
    <FormDialog
      title={isNew ? `Add a bandwidth rule to ${service.name}` : `Edit ${rowForm.row?.name ?? ''}`}
      description="Between these times the service has these speeds. A time after midnight may come before the first one."
      action={isNew ? 'Add rule' : 'Save'}
      {...rowForm.dialog}
      onClose={onClose}
    >
      <TextField label="Name" error={errors.name?.message} {...register('name')} />
      <div className="grid items-start gap-4 sm:grid-cols-2">
        <TextField label="From" type="time" error={errors.from_time?.message} {...register('from_time')} />
        <TextField label="To" type="time" error={errors.to_time?.message} {...register('to_time')} />
        <TextField
          label="Download (Mbit/s)"
          inputMode="decimal"
          error={errors.download_kbps?.message}
          {...register('download_kbps')}
        />
        <TextField
          label="Upload (Mbit/s)"
          inputMode="decimal"
          error={errors.upload_kbps?.message}
          {...register('upload_kbps')}
        />
      </div>
      <CheckField label="In force" error={errors.is_active?.message} {...register('is_active')} />
    </FormDialog>
  );
}
