import type { MeReply } from '@proxpanel/contracts/auth';
import { Suspense, useState } from 'react';
import { Link, NavLink, Outlet, useLocation } from 'react-router';
import { toast } from 'sonner';
import { sentenceOf } from '../api/errors.ts';
import { usePanelSettings } from '../api/panel-settings.ts';
import { useMe, useSignOut } from '../api/session.ts';
import { Brand } from '../features/branding/brand.tsx';
import { ReadOnlyBanner } from '../features/writes/read-only-banner.tsx';
import { resetClusterPage } from '../stores/cluster-page.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { dateTimeText } from '../ui/format.ts';

const navClass = ({ isActive }: { isActive: boolean }): string =>
  `rounded-md px-3 py-2 font-medium ${isActive ? 'bg-sunken text-ink' : 'text-muted hover:bg-sunken hover:text-ink'}`;

const ways: readonly { address: string; name: string; adminOnly?: true }[] = [
  { address: '/dashboard', name: 'Dashboard' },
  { address: '/subscribers', name: 'Subscribers' },
  { address: '/services', name: 'Services', adminOnly: true },
  { address: '/routers', name: 'Routers (NAS)', adminOnly: true },
  { address: '/resellers', name: 'Resellers', adminOnly: true },
  { address: '/invoices', name: 'Invoices', adminOnly: true },
  { address: '/audit-log', name: 'Audit log', adminOnly: true },
  { address: '/settings', name: 'Settings' },
];

/** What stands around every page: the name, the ways, who is signed in, and whether this server takes changes. */
export function PanelFrame() {
  const me = useMe({ poll: true }).data ?? null;
  const company = usePanelSettings().data?.settings.company_name ?? '';
  return (
    <div className="min-h-dvh md:grid md:grid-cols-[13.5rem_1fr]">
      <a
        href="#content"
        className="sr-only z-50 rounded-md bg-surface px-3 py-2 focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the content
      </a>
      <div className="border-b border-line bg-surface md:border-r md:border-b-0">
        <header className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3 md:sticky md:top-0 md:h-dvh md:flex-col md:flex-nowrap md:items-stretch md:gap-5 md:overflow-y-auto md:py-5">
          <Link to="/" className="min-w-0 flex-1 px-3 text-lg font-semibold break-words md:flex-none">
            <Brand name={company === '' ? 'ProxPanel' : company} />
          </Link>
          <Ways isAdmin={me?.user.role === 'admin'} />
          {me === null ? null : <SignedIn me={me} />}
        </header>
      </div>
      <main id="content" tabIndex={-1} className="mx-auto w-full max-w-6xl min-w-0 px-4 py-6 outline-none md:px-8">
        <ReadOnlyBanner />
        <Suspense fallback={<p className="text-muted">Loading…</p>}>
          <Outlet />
        </Suspense>
      </main>
    </div>
  );
}

/** The pages. On a narrow window they are behind "Menu", which shuts once a page was chosen. */
function Ways({ isAdmin }: { isAdmin: boolean }) {
  const { pathname } = useLocation();
  const [openAt, setOpenAt] = useState<string | null>(null);
  const isOpen = openAt === pathname;
  return (
    <>
      <Button
        className="md:hidden"
        aria-expanded={isOpen}
        aria-controls="panel-ways"
        onClick={() => {
          setOpenAt(isOpen ? null : pathname);
        }}
      >
        Menu
      </Button>
      <nav
        id="panel-ways"
        aria-label="Panel"
        className={`${isOpen ? 'flex' : 'hidden'} order-last w-full flex-col gap-1 md:order-none md:flex`}
      >
        {ways
          .filter(({ adminOnly = false }) => isAdmin || !adminOnly)
          .map(({ address, name }) => (
            <NavLink key={address} to={address} className={navClass}>
              {name}
            </NavLink>
          ))}
      </nav>
    </>
  );
}

function SignedIn({ me }: { me: MeReply }) {
  const signOut = useSignOut();
  return (
    <div className="flex items-center gap-3 md:mt-auto md:flex-col md:items-stretch">
      {me.accounts_from_main_since === null ? null : (
        <p className="hidden px-3 text-sm text-muted md:block">
          Since {dateTimeText(me.accounts_from_main_since)} the main server’s accounts and passwords count here.
        </p>
      )}
      <p className="hidden px-3 text-sm sm:block">
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
