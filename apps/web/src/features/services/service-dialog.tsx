import { expiryUnitSchema, type Service } from '@proxpanel/contracts/services';
import type { UseFormReturn } from 'react-hook-form';
import { toast } from 'sonner';
import { useCurrency } from '../../api/panel-settings.ts';
import { useRowForm } from '../../api/row-form.ts';
import { changeService, createService, readService } from '../../api/services.ts';
import { SelectField, TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { wordText } from '../../ui/format.ts';
import { said, serviceFormSchema, valuesOf, type ServiceOutput, type ServiceValues } from './service-values.ts';

interface ServiceDialogProps {
  /** null for a new one. */
  service: Service | null;
  onClose: () => void;
}

/** Adds or changes a service. */
export function ServiceDialog({ service, onClose }: ServiceDialogProps) {
  const rowForm = useRowForm({
    row: service,
    schema: serviceFormSchema,
    valuesOf,
    said,
    add: createService,
    change: (row, body) => changeService(row.id, { ...body, row_version: row.row_version }),
    readNewer: readService,
    onSaved: (saved) => {
      toast.success(service === null ? `Added ${saved.name}.` : `Saved ${saved.name}.`);
      onClose();
    },
  });
  const isNew = rowForm.row === null;
  return (
    <FormDialog
      title={isNew ? 'Add a service' : `Edit ${rowForm.row?.name ?? ''}`}
      description="What a subscriber has bought. Its speeds are RADIUS’ answer at the next connection."
      action={isNew ? 'Add service' : 'Save'}
      wide
      {...rowForm.dialog}
      onClose={onClose}
    >
      <ServiceFields form={rowForm.form} />
    </FormDialog>
  );
}

function ServiceFields({ form }: { form: UseFormReturn<ServiceValues, unknown, ServiceOutput> }) {
  const currency = useCurrency();
  const { register, formState } = form;
  const { errors } = formState;
  return (
    <div className="grid items-start gap-4 sm:grid-cols-2">
      <TextField label="Name" error={errors.name?.message} {...register('name')} />
      <TextField
        label={currency === '' ? 'Price' : `Price (${currency})`}
        inputMode="decimal"
        error={errors.price_minor?.message}
        {...register('price_minor')}
      />
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
      <TextField
        label="Daily quota (GB)"
        inputMode="decimal"
        hint="Empty: unlimited."
        error={errors.daily_quota_bytes?.message}
        {...register('daily_quota_bytes')}
      />
      <TextField
        label="Monthly quota (GB)"
        inputMode="decimal"
        hint="Empty: unlimited."
        error={errors.monthly_quota_bytes?.message}
        {...register('monthly_quota_bytes')}
      />
      <TextField
        label="Valid for"
        inputMode="numeric"
        hint="From the sale on. Empty: without end."
        error={errors.expiry_value?.message}
        {...register('expiry_value')}
      />
      <SelectField label="Unit of validity" error={errors.expiry_unit?.message} {...register('expiry_unit')}>
        {expiryUnitSchema.options.map((unit) => (
          <option key={unit} value={unit}>
            {wordText(unit)}
          </option>
        ))}
      </SelectField>
      <TextField
        label="Address pool"
        hint="On the router. Empty: the router’s own choice."
        error={errors.pool?.message}
        {...register('pool')}
      />
    </div>
  );
}
