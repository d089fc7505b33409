import { Navigate, useSearchParams } from 'react-router';
import { useMe } from '../api/session.ts';
import { Brand, LoginBackground } from '../features/branding/brand.tsx';
import { SignInForm } from '../features/sign-in/sign-in-form.tsx';
import { useTitle } from '../ui/use-title.ts';

/** Only an address of this panel: anything else in `from` could lead a person to a foreign page after signing in. */
function localPath(from: string | null): string {
  return from !== null && /^\/(?![/\\])/.test(from) ? from : '/';
}

/** Signs in and goes back to where the person was. */
export function SignInPage() {
  useTitle('Sign in');
  const me = useMe();
  const [search] = useSearchParams();
  if (me.data !== undefined && me.data !== null) return <Navigate to={localPath(search.get('from'))} replace />;
  return (
    <main className="flex min-h-dvh items-start justify-center px-5 pt-[14vh]">
      <LoginBackground />
      <div className="relative w-full max-w-sm rounded-lg border border-line bg-surface p-6">
        <h1 className="mb-5 text-xl font-semibold">
          <Brand name="ProxPanel" />
        </h1>
        <SignInForm />
      </div>
    </main>
  );
}
