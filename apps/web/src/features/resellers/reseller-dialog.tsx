import {
  changeResellerBodySchema,
  createResellerBodySchema,
  resellerSchema,
  type Reseller,
} from '@proxpanel/contracts/resellers';
import { toast } from 'sonner';
import { z } from 'zod';
import { changeReseller, createReseller, readReseller } from '../../api/resellers.ts';
import { useRowForm } from '../../api/row-form.ts';
import { CheckField, SecretField, TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { unlessEmpty } from '../../ui/typed-fields.ts';

const passwordSchema = createResellerBodySchema.shape.password;
const shared = {
  display_name: createResellerBodySchema.shape.display_name,
  is_active: resellerSchema.shape.is_active,
};
const newSchema = z.object({ ...shared, username: createResellerBodySchema.shape.username, password: passwordSchema });
/** The user name stays as it is, and so does the password when none is typed. */
const changedSchema = z.object({
  ...shared,
  username: z.string(),
  password: unlessEmpty(changeResellerBodySchema.shape.password.unwrap()),
});
type ResellerValues = z.input<typeof newSchema>;
type ResellerOutput = z.output<typeof changedSchema>;

function valuesOf(reseller: Reseller | null): ResellerValues {
  return {
    username: reseller?.username ?? '',
    display_name: reseller?.display_name ?? '',
    password: '',
    is_active: reseller?.is_active ?? true,
  };
}

function said(values: ResellerValues): [string, string][] {
  return [
    ['Name', values.display_name],
    ['Password', values.password === '' ? 'as it is' : 'a new one'],
    ['May sign in', values.is_active ? 'yes' : 'no'],
  ];
}

/** Adds a reseller, or changes the name, the password, and whether he may sign in. */
export function ResellerDialog({ reseller, onClose }: { reseller: Reseller | null; onClose: () => void }) {
  const rowForm = useRowForm({
    row: reseller,
    schema: (reseller === null ? newSchema : changedSchema) as z.ZodType<ResellerOutput, ResellerValues>,
    valuesOf,
    said,
    add: ({ username, display_name, password = '' }) => createReseller({ username, display_name, password }),
    change: (row, { username: _, ...body }) => changeReseller(row.id, { ...body, row_version: row.row_version }),
    readNewer: readReseller,
    onSaved: (saved) => {
      toast.success(reseller === null ? `Added ${saved.username}.` : `Saved ${saved.username}.`);
      onClose();
    },
  });
  const { register, formState } = rowForm.form;
  const { errors } = formState;
  const isNew = rowForm.row === null;
  return (
    <FormDialog
      title={isNew ? 'Add a reseller' : `Edit ${rowForm.row?.username ?? ''}`}
      description="He signs in to this panel and sees his own subscribers alone."
      action={isNew ? 'Add reseller' : 'Save'}
      {...rowForm.dialog}
      onClose={onClose}
    >
      {isNew ? (
        <TextField label="User name" autoCapitalize="none" error={errors.username?.message} {...register('username')} />
      ) : null}
      <TextField label="Name" error={errors.display_name?.message} {...register('display_name')} />
      <SecretField
        label={isNew ? 'Password' : 'New password'}
        autoComplete="new-password"
        hint={isNew ? 'At least 8 characters.' : 'Empty: the old one stays.'}
        error={errors.password?.message}
        {...register('password')}
      />
      {isNew ? null : (
        <CheckField
          label="May sign in"
          hint="If not, his subscribers stay, and stay connected."
          error={errors.is_active?.message}
          {...register('is_active')}
        />
      )}
    </FormDialog>
  );
}
