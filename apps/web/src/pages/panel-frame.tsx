import type { MeReply } from '@proxpanel/contracts/auth';
import { Suspense } from 'react';
import { Link, NavLink, Outlet } from 'react-router';
import { toast } from 'sonner';
import { sentenceOf } from '../api/errors.ts';
import { useMe, useSignOut } from '../api/session.ts';
import { resetClusterPage } from '../stores/cluster-page.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { dateTimeText } from '../ui/format.ts';

const navClass = ({ isActive }: { isActive: boolean }): string =>
  `rounded-md px-3 py-2 font-medium ${isActive ? 'bg-sunken text-ink' : 'text-muted hover:bg-sunken hover:text-ink'}`;

/** What stands around every page: the name, the ways, who is signed in. */
export function PanelFrame() {
  const me = useMe().data ?? null;
  return (
    <div className="min-h-dvh md:grid md:grid-cols-[13.5rem_1fr]">
      <a
        href="#content"
        className="sr-only z-50 rounded-md bg-surface px-3 py-2 focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the content
      </a>
      <div className="border-b border-line bg-surface md:border-r md:border-b-0">
        <header className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3 md:sticky md:top-0 md:h-dvh md:flex-col md:items-stretch md:gap-5 md:py-5">
          <Link to="/" className="px-3 text-lg font-semibold">
            ProxPanel
          </Link>
          <nav aria-label="Panel" className="flex gap-1 md:flex-col">
            <NavLink to="/subscribers" className={navClass}>
              Subscribers
            </NavLink>
            <NavLink to="/settings" className={navClass}>
              Settings
            </NavLink>
          </nav>
          {me === null ? null : <SignedIn me={me} />}
        </header>
      </div>
      <main id="content" tabIndex={-1} className="mx-auto w-full max-w-6xl min-w-0 px-4 py-6 outline-none md:px-8">
        <Suspense fallback={<p className="text-muted">Loading…</p>}>
          <Outlet />
        </Suspense>
      </main>
    </div>
  );
}

function SignedIn({ me }: { me: MeReply }) {
  const signOut = useSignOut();
  return (
    <div className="ml-auto flex items-center gap-3 md:mt-auto md:ml-0 md:flex-col md:items-stretch">
      {me.accounts_from_main_since === null ? null : (
        <p className="hidden px-3 text-sm text-muted md:block">
          Since {dateTimeText(me.accounts_from_main_since)} the main server’s accounts and passwords count here.
        </p>
      )}
      <p className="px-3 text-sm">
        <span className="font-medium">{me.user.username}</span> <Badge>{me.user.role}</Badge>
      </p>
      <Button
        busy={signOut.isPending}
        onClick={() => {
          signOut.mutate(undefined, {
            onSuccess: resetClusterPage,
            onError: (error) => {
              toast.error(sentenceOf(error));
            },
          });
        }}
      >
        Sign out
      </Button>
    </div>
  );
}
