import { Navigate, Outlet, useLocation } from 'react-router';
import { sentenceOf } from '../api/errors.ts';
import { useMe } from '../api/session.ts';
import { Button, Spinner } from '../ui/button.tsx';
import { StatePage } from '../ui/state-page.tsx';
import { ForbiddenPage } from './forbidden-page.tsx';

/** Lets signed-in people in; others go to the sign-in page, which brings them back to where they were. */
export function RequireUser() {
  const me = useMe();
  const location = useLocation();
  if (me.data !== undefined && me.data !== null) return <Outlet />;
  if (me.data === null) {
    const from = `${location.pathname}${location.search}`;
    return <Navigate to={from === '/' ? '/sign-in' : `/sign-in?from=${encodeURIComponent(from)}`} replace />;
  }
  if (me.isError && !me.isFetching) {
    return (
      <main className="px-5">
        <StatePage title="The panel cannot be shown">
          <p>{sentenceOf(me.error)}</p>
          <div>
            <Button kind="primary" onClick={() => void me.refetch()}>
              Try again
            </Button>
          </div>
        </StatePage>
      </main>
    );
  }
  return (
    <main className="flex justify-center py-24 text-muted" aria-busy="true">
      <Spinner />
      <span className="sr-only">Loading…</span>
    </main>
  );
}

/** Lets admins through; for anybody else the page says that it is not for them (DESIGN §1: the reseller). */
export function AdminOnly() {
  const me = useMe();
  return me.data?.user.role === 'admin' ? <Outlet /> : <ForbiddenPage />;
}
