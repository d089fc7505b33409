import type { Subscriber } from '@proxpanel/contracts/subscribers';
import type { UseFormReturn } from 'react-hook-form';
import { toast } from 'sonner';
import { useRowForm } from '../../api/row-form.ts';
import { useResellers } from '../../api/resellers.ts';
import { useServices } from '../../api/services.ts';
import { useMe } from '../../api/session.ts';
import { changeSubscriber, createSubscriber, readSubscriber } from '../../api/subscribers.ts';
import { CheckField, SecretField, SelectField, TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import {
  createBody,
  subscriberFormSchema,
  valuesOf,
  type SubscriberOutput,
  type SubscriberValues,
} from './subscriber-values.ts';

interface SubscriberDialogProps {
  /** null for a new one. */
  subscriber: Subscriber | null;
  onClose: () => void;
}

interface Choice {
  id: number;
  name: string;
}

/** What the row has is among the choices, also while they are not there yet, or when it is not one of them any more. */
function choicesWith(choices: readonly Choice[], id: number | null, name: string | null): readonly Choice[] {
  if (id === null || choices.some((choice) => choice.id === id)) return choices;
  return [...choices, { id, name: name ?? `Number ${String(id)}` }];
}

function nameIn(choices: readonly Choice[], id: string): string {
  return choices.find((choice) => String(choice.id) === id)?.name ?? 'none';
}

/** Adds or changes a subscriber. */
export function SubscriberDialog({ subscriber, onClose }: SubscriberDialogProps) {
  const isAdmin = useMe().data?.user.role === 'admin';
  const allServices = useServices().data?.services ?? [];
  const allResellers = useResellers(isAdmin).data?.resellers ?? [];
  const services = choicesWith(allServices, subscriber?.service_id ?? null, subscriber?.service_name ?? null);
  const resellers = choicesWith(
    allResellers.map(({ id, username }) => ({ id, name: username })),
    subscriber?.reseller_id ?? null,
    subscriber?.reseller_name ?? null,
  );
  const said = (values: SubscriberValues) =>
    [
      ['User name', values.username],
      ['Password', values.password === '' ? 'as it is' : 'a new one'],
      ['Service', nameIn(services, values.service_id)],
      ['Reseller', nameIn(resellers, values.reseller_id)],
      ['Expires', values.expires_at === '' ? 'never' : values.expires_at.replace('T', ' ')],
      ['Active', values.is_active ? 'yes' : 'no'],
      ['Note', values.note],
    ] as const;
  const rowForm = useRowForm({
    row: subscriber,
    schema: subscriberFormSchema,
    valuesOf,
    said,
    add: (body) => createSubscriber(createBody(body, isAdmin)),
    change: (row, body) => changeSubscriber(row.id, { ...body, row_version: row.row_version }),
    readNewer: (row) => readSubscriber(row.id),
    onSaved: (saved) => {
      toast.success(subscriber === null ? `Added ${saved.username}.` : `Saved ${saved.username}.`);
      onClose();
    },
  });
  const isNew = rowForm.row === null;
  return (
    <FormDialog
      title={isNew ? 'Add a subscriber' : `Edit ${rowForm.row?.username ?? ''}`}
      description="A PPPoE account: what a router asks RADIUS about."
      action={isNew ? 'Add subscriber' : 'Save'}
      wide
      {...rowForm.dialog}
      onClose={onClose}
    >
      <SubscriberFields form={rowForm.form} row={rowForm.row} services={services} resellers={resellers} />
    </FormDialog>
  );
}

interface SubscriberFieldsProps {
  form: UseFormReturn<SubscriberValues, unknown, SubscriberOutput>;
  row: Subscriber | null;
  services: readonly Choice[];
  resellers: readonly Choice[];
}

function SubscriberFields({ form, row, services, resellers }: SubscriberFieldsProps) {
  const me = useMe().data ?? null;
  const isAdmin = me?.user.role === 'admin';
  const keepsSecrets = me?.keeps_secrets ?? true;
  const { register, formState } = form;
  const { errors } = formState;
  const isNew = row === null;
  return (
    <div className="grid items-start gap-4 sm:grid-cols-2">
      <TextField label="User name" autoCapitalize="none" error={errors.username?.message} {...register('username')} />
      <SecretField
        label="Password"
        autoComplete="new-password"
        disabled={!keepsSecrets}
        hint={passwordHint(keepsSecrets, row)}
        error={errors.password?.message}
        {...register('password')}
      />
      <SelectField label="Service" error={errors.service_id?.message} {...register('service_id')}>
        <Choices choices={services} />
      </SelectField>
      {isAdmin ? (
        <SelectField label="Reseller" error={errors.reseller_id?.message} {...register('reseller_id')}>
          <Choices choices={resellers} />
        </SelectField>
      ) : null}
      <TextField
        label="Expires"
        type="datetime-local"
        hint={isNew ? 'Empty: counted from now by the service; without a service, never.' : 'Empty: it never expires.'}
        error={errors.expires_at?.message}
        {...register('expires_at')}
      />
      <TextField label="Note" error={errors.note?.message} {...register('note')} />
      <CheckField
        label="Active"
        hint="Otherwise it cannot connect."
        error={errors.is_active?.message}
        {...register('is_active')}
      />
    </div>
  );
}

function Choices({ choices }: { choices: readonly Choice[] }) {
  return (
    <>
      <option value="">none</option>
      {choices.map((choice) => (
        <option key={choice.id} value={choice.id}>
          {choice.name}
        </option>
      ))}
    </>
  );
}

function passwordHint(keepsSecrets: boolean, subscriber: Subscriber | null): string | undefined {
  if (!keepsSecrets) {
    return 'This server has no key to keep passwords with: set PANEL_ENCRYPTION_KEY in its environment first.';
  }
  if (subscriber === null) return undefined;
  return subscriber.has_password ? 'Empty: the one that is stored stays.' : 'None is stored yet.';
}
