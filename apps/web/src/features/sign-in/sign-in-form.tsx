import { zodResolver } from '@hookform/resolvers/zod';
import { loginBodySchema } from '@proxpanel/contracts/auth';
import { useForm } from 'react-hook-form';
import { sentenceOf } from '../../api/errors.ts';
import { useSignIn } from '../../api/session.ts';
import { Failure } from '../../ui/banner.tsx';
import { Button } from '../../ui/button.tsx';
import { SecretField, TextField } from '../../ui/field.tsx';

/** Asks for user name and password; the page it stands on goes on by itself once `me` is known. */
export function SignInForm() {
  const signIn = useSignIn();
  const { register, handleSubmit, formState } = useForm({
    resolver: zodResolver(loginBodySchema),
    defaultValues: { username: '', password: '' },
  });
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        void handleSubmit((body) => {
          signIn.mutate(body);
        })(event);
      }}
    >
      <TextField
        label="User name"
        autoComplete="username"
        autoCapitalize="none"
        autoFocus
        error={formState.errors.username?.message}
        {...register('username')}
      />
      <SecretField
        label="Password"
        autoComplete="current-password"
        error={formState.errors.password?.message}
        {...register('password')}
      />
      {signIn.isError ? <Failure sentence={sentenceOf(signIn.error)} /> : null}
      <Button type="submit" kind="primary" busy={signIn.isPending}>
        Sign in
      </Button>
    </form>
  );
}
