import { zodResolver } from '@hookform/resolvers/zod';
import { addressSchema, displayNameSchema } from '@proxpanel/contracts/primitives';
import { useForm } from 'react-hook-form';
import { z } from 'zod';
import { useSetupMain } from '../../api/cluster-actions.ts';
import { ApiError, sentenceOf } from '../../api/errors.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Failure } from '../../ui/banner.tsx';
import { Button, ReasonedButton } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { TextField } from '../../ui/field.tsx';

const formSchema = z.object({
  display_name: z
    .string()
    .transform((text) => (text.trim() === '' ? undefined : text))
    .pipe(displayNameSchema.optional()),
  address: addressSchema,
});

interface ConfigureMainFormProps {
  /** What the other servers call this one, as far as the server knows. */
  address: string;
  /** Why it cannot be configured now; empty when it can. */
  reasons: readonly string[];
}

/** "Configure as Main Server" (DESIGN §6.1). The secret that comes back is shown by the page, above everything. */
export function ConfigureMainForm({ address, reasons }: ConfigureMainFormProps) {
  const showSecret = useClusterPage((state) => state.showSecret);
  const chooseWay = useClusterPage((state) => state.chooseWay);
  const setup = useSetupMain(({ cluster_secret, ...rest }) => {
    const sentence = 'This server is now the main server. A second server joins it with this secret.';
    showSecret({ secret: cluster_secret, sentence, setup: rest });
  });
  const { register, handleSubmit, formState, setError } = useForm({
    resolver: zodResolver(formSchema),
    defaultValues: { display_name: '', address },
  });
  const submit = handleSubmit(({ display_name, address: typed }) => {
    const body = { address: typed, ...(display_name === undefined ? {} : { display_name }) };
    setup.mutate(body, {
      onError: (error) => {
        if (!(error instanceof ApiError)) return;
        if (error.field === 'address' || error.field === 'display_name')
          setError(error.field, { message: error.message });
      },
    });
  });
  return (
    <Card title="Configure as Main Server">
      <form noValidate className="flex max-w-lg flex-col gap-4" onSubmit={(event) => void submit(event)}>
        <p className="text-muted">
          This server keeps its data and goes on as before. Its PostgreSQL is prepared so that a second server can
          follow it; some of these settings may need a restart of PostgreSQL, and you will be told which.
        </p>
        <TextField
          label="Display name"
          placeholder="DC1 Primary"
          hint="How this server is called in the panel. Empty: the server chooses."
          error={formState.errors.display_name?.message}
          {...register('display_name')}
        />
        <TextField
          label="Address of this server"
          hint="The address at which the other server reaches this one, e.g. inside your VPN."
          error={formState.errors.address?.message}
          {...register('address')}
        />
        {setup.isError ? <Failure sentence={sentenceOf(setup.error)} /> : null}
        <div className="flex flex-wrap items-start gap-2">
          <ReasonedButton type="submit" kind="primary" busy={setup.isPending} reasons={reasons}>
            Configure
          </ReasonedButton>
          <Button
            onClick={() => {
              chooseWay(null);
            }}
          >
            Back
          </Button>
        </div>
      </form>
    </Card>
  );
}
