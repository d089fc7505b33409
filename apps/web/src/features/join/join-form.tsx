import { zodResolver } from '@hookform/resolvers/zod';
import { addressSchema, clusterSecretSchema, displayNameSchema } from '@proxpanel/contracts/primitives';
import { useState } from 'react';
import { useForm, type UseFormReturn } from 'react-hook-form';
import { z } from 'zod';
import { useSetupSecondary, useTestConnection } from '../../api/cluster-actions.ts';
import { ApiError, sentenceOf } from '../../api/errors.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Failure } from '../../ui/banner.tsx';
import { Button, ReasonedButton } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CheckField, SecretField, TextField } from '../../ui/field.tsx';
import { countText } from '../../ui/format.ts';
import { TestConnectionDialog } from './test-connection-dialog.tsx';

const formSchema = z.object({
  main_address: addressSchema,
  cluster_secret: clusterSecretSchema,
  display_name: z
    .string()
    .transform((text) => (text.trim() === '' ? undefined : text))
    .pipe(displayNameSchema.optional()),
  understood: z.literal(true, { error: 'Tick this box to go on: a join replaces the data of this server.' }),
});
type FormInput = z.input<typeof formSchema> & { understood: boolean };
type JoinFields = UseFormReturn<FormInput, unknown, z.output<typeof formSchema>>;

interface JoinFormProps {
  /** This server's own subscribers, which a join replaces; null when it cannot be told. */
  ownSubscriberCount: number | null;
  reasons: readonly string[];
}

/** "Join as Secondary" (DESIGN §6.3, §6.4, §6.6). */
export function JoinForm({ ownSubscriberCount, reasons }: JoinFormProps) {
  const test = useTestConnection();
  const [testedAddress, setTestedAddress] = useState<string | null>(null);
  const chooseWay = useClusterPage((state) => state.chooseWay);
  const join = useSetupSecondary(() => {
    chooseWay(null);
  });
  const fields: JoinFields = useForm<FormInput, unknown, z.output<typeof formSchema>>({
    resolver: zodResolver(formSchema),
    defaultValues: { main_address: '', cluster_secret: '', display_name: '', understood: false as true },
  });
  const startTest = async (): Promise<void> => {
    if (!(await fields.trigger(['main_address', 'cluster_secret'], { shouldFocus: true }))) return;
    const body = { main_address: fields.getValues('main_address'), cluster_secret: fields.getValues('cluster_secret') };
    setTestedAddress(body.main_address.trim());
    test.mutate(body);
  };
  const submit = fields.handleSubmit(({ main_address, cluster_secret, display_name }) => {
    const body = { main_address, cluster_secret, ...(display_name === undefined ? {} : { display_name }) };
    join.mutate(body, {
      onError: (error) => {
        if (!(error instanceof ApiError)) return;
        const { field } = error;
        if (field === 'main_address' || field === 'cluster_secret' || field === 'display_name') {
          fields.setError(field, { message: error.message });
        }
      },
    });
  });
  return (
    <Card title="Join as Secondary">
      <form noValidate className="flex max-w-lg flex-col gap-4" onSubmit={(event) => void submit(event)}>
        <p className="text-muted">
          This server becomes a live copy of the main server. Afterwards you run one script on it, which clones the main
          database.
        </p>
        <JoinInputs fields={fields} ownSubscriberCount={ownSubscriberCount} />
        <JoinFault error={join.error} />
        <div className="flex flex-wrap items-start gap-2">
          <Button onClick={() => void startTest()} busy={test.isPending}>
            Test Connection
          </Button>
          <ReasonedButton type="submit" kind="primary" busy={join.isPending} reasons={reasons}>
            Join Cluster
          </ReasonedButton>
          <Button
            kind="quiet"
            onClick={() => {
              chooseWay(null);
            }}
          >
            Back
          </Button>
        </div>
      </form>
      {testedAddress === null ? null : (
        <TestConnectionDialog
          address={testedAddress}
          reply={test.data}
          error={test.error}
          onClose={() => {
            setTestedAddress(null);
          }}
        />
      )}
    </Card>
  );
}

function JoinInputs({ fields, ownSubscriberCount }: { fields: JoinFields; ownSubscriberCount: number | null }) {
  const { register, formState } = fields;
  const own =
    ownSubscriberCount === null
      ? 'the number of its subscribers is not known now'
      : `${countText(ownSubscriberCount)} ${ownSubscriberCount === 1 ? 'subscriber' : 'subscribers'}`;
  return (
    <>
      <TextField
        label="Main Server IP"
        placeholder="10.0.0.1"
        hint="An address, address:port, or the URL of the main server's panel."
        error={formState.errors.main_address?.message}
        {...register('main_address')}
      />
      <SecretField
        label="Cluster Secret"
        hint="The 64 characters that the main server showed when it was configured. It never leaves this server."
        error={formState.errors.cluster_secret?.message}
        {...register('cluster_secret')}
      />
      <TextField
        label="Display name"
        placeholder="DC2 Secondary"
        hint="How this server is called in the panel. Empty: the main server chooses."
        error={formState.errors.display_name?.message}
        {...register('display_name')}
      />
      <CheckField
        label={
          <>
            I understand that this server’s own database (<strong>{own}</strong>) will be replaced by the main server’s.
            The old one is kept beside it, and you are told where.
          </>
        }
        error={formState.errors.understood?.message}
        {...register('understood')}
      />
    </>
  );
}

function JoinFault({ error }: { error: Error | null }) {
  if (error === null) return null;
  const reasons = error instanceof ApiError ? error.reasons.map((reason) => reason.sentence) : [];
  return <Failure sentence={sentenceOf(error)} reasons={reasons} />;
}
