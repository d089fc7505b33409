import { zodResolver } from '@hookform/resolvers/zod';
import { createSubscriberBodySchema } from '@proxpanel/contracts/subscribers';
import { useForm } from 'react-hook-form';
import { toast } from 'sonner';
import { ApiError, sentenceOf } from '../../api/errors.ts';
import { useCreateSubscriber } from '../../api/subscribers.ts';
import { Failure } from '../../ui/banner.tsx';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { ReadOnlyNotice } from './read-only-notice.tsx';

/** Adds one subscriber. */
export function SubscriberForm() {
  const create = useCreateSubscriber();
  const { register, handleSubmit, formState, reset, setError, setFocus } = useForm({
    resolver: zodResolver(createSubscriberBodySchema),
    defaultValues: { username: '' },
  });
  const submit = handleSubmit((body) => {
    create.mutate(body, {
      onSuccess: (subscriber) => {
        toast.success(`Added ${subscriber.username}.`);
        reset();
        setFocus('username');
      },
      onError: (error) => {
        if (error instanceof ApiError && (error.field === 'username' || error.code === 'DUPLICATE')) {
          setError('username', { message: error.message }, { shouldFocus: true });
        }
      },
    });
  });
  return (
    <form noValidate className="flex flex-col gap-3" onSubmit={(event) => void submit(event)}>
      <div className="flex flex-wrap items-start gap-3">
        <div className="w-72 max-w-full">
          <TextField
            label="User name"
            error={formState.errors.username?.message}
            autoCapitalize="none"
            {...register('username')}
          />
        </div>
        <Button type="submit" kind="primary" busy={create.isPending} className="mt-6.5">
          Add subscriber
        </Button>
      </div>
      <FormFault error={create.error} shownInline={formState.errors.username !== undefined} />
    </form>
  );
}

function FormFault({ error, shownInline }: { error: Error | null; shownInline: boolean }) {
  if (error === null) return null;
  if (error instanceof ApiError && error.code === 'READ_ONLY') return <ReadOnlyNotice error={error} />;
  return shownInline ? null : <Failure sentence={sentenceOf(error)} />;
}
