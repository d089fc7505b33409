import { createNasBodySchema, nasSchema, nasTypeSchema, type Nas } from '@proxpanel/contracts/nas';
import { toast } from 'sonner';
import { z } from 'zod';
import { changeNas, createNas, readNas } from '../../api/nas.ts';
import { useRowForm } from '../../api/row-form.ts';
import { useMe } from '../../api/session.ts';
import { SecretField, SelectField, TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { wordText } from '../../ui/format.ts';
import { optionalAmount, unlessEmpty } from '../../ui/typed-fields.ts';

const wire = nasSchema.shape;
const shared = {
  name: wire.name,
  address: z.string().trim().pipe(wire.address),
  type: wire.type,
  ports: optionalAmount(0, 'Type a whole number, or nothing.').pipe(wire.ports),
};
const secretSchema = createNasBodySchema.shape.secret;
/** A new router needs a secret; of one that is there, an empty field leaves it as it is. */
const newNasSchema = z.object({ ...shared, secret: secretSchema });
const changedNasSchema = z.object({ ...shared, secret: unlessEmpty(secretSchema) });
type NasValues = z.input<typeof newNasSchema>;
type NasOutput = z.output<typeof changedNasSchema>;

function valuesOf(nas: Nas | null): NasValues {
  return {
    name: nas?.name ?? '',
    address: nas?.address ?? '',
    type: nas?.type ?? 'mikrotik',
    ports: nas?.ports == null ? '' : String(nas.ports),
    secret: '',
  };
}

function said(values: NasValues): [string, string][] {
  return [
    ['Name', values.name],
    ['Address', values.address],
    ['Type', values.type],
    ['Ports', values.ports],
    ['Secret', values.secret === '' ? 'as it is' : 'a new one'],
  ];
}

/** Adds or changes a router. */
export function NasDialog({ nas, onClose }: { nas: Nas | null; onClose: () => void }) {
  const keepsSecrets = useMe().data?.keeps_secrets ?? true;
  const rowForm = useRowForm({
    row: nas,
    schema: (nas === null ? newNasSchema : changedNasSchema) as z.ZodType<NasOutput, NasValues>,
    valuesOf,
    said,
    add: ({ secret = '', ...body }) => createNas({ ...body, secret }),
    change: (row, body) => changeNas(row.id, { ...body, row_version: row.row_version }),
    readNewer: readNas,
    onSaved: (saved) => {
      toast.success(nas === null ? `Added ${saved.name}.` : `Saved ${saved.name}.`);
      onClose();
    },
  });
  const { register, formState } = rowForm.form;
  const { errors } = formState;
  const isNew = rowForm.row === null;
  return (
    <FormDialog
      title={isNew ? 'Add a router' : `Edit ${rowForm.row?.name ?? ''}`}
      description="A NAS: it asks RADIUS about subscribers, and proves itself with the secret."
      action={isNew ? 'Add router' : 'Save'}
      {...rowForm.dialog}
      onClose={onClose}
    >
      <TextField label="Name" error={errors.name?.message} {...register('name')} />
      <TextField
        label="Address"
        hint="As RADIUS sees the router: an IP address, or a network such as 10.0.0.0/24."
        error={errors.address?.message}
        {...register('address')}
      />
      <div className="grid items-start gap-4 sm:grid-cols-2">
        <SelectField label="Type" error={errors.type?.message} {...register('type')}>
          {nasTypeSchema.options.map((type) => (
            <option key={type} value={type}>
              {wordText(type)}
            </option>
          ))}
        </SelectField>
        <TextField
          label="Ports"
          inputMode="numeric"
          hint="May be empty."
          error={errors.ports?.message}
          {...register('ports')}
        />
      </div>
      <SecretField
        label="Secret"
        autoComplete="new-password"
        disabled={!keepsSecrets}
        hint={secretHint(keepsSecrets, isNew)}
        error={errors.secret?.message}
        {...register('secret')}
      />
    </FormDialog>
  );
}

function secretHint(keepsSecrets: boolean, isNew: boolean): string {
  if (!keepsSecrets) {
    return 'This server has no key to keep secrets with: set PANEL_ENCRYPTION_KEY in its environment first.';
  }
  return isNew
    ? 'At least 8 characters; the router must have the same.'
    : 'It is never shown. Empty: it stays as it is.';
}
