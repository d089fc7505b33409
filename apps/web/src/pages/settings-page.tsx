import { Suspense } from 'react';
import { NavLink, Outlet } from 'react-router';
import { useMe } from '../api/session.ts';

const tabClass = ({ isActive }: { isActive: boolean }): string =>
  `-mb-px border-b-2 px-1 pb-2 font-medium ${isActive ? 'border-accent text-ink' : 'border-transparent text-muted hover:text-ink'}`;

const adminTabs: readonly { address: string; name: string }[] = [
  { address: '/settings/company', name: 'Company' },
  { address: '/settings/branding', name: 'Branding' },
  { address: '/settings/license', name: 'License' },
  { address: '/settings/cluster', name: 'Cluster' },
];

/** The settings with a tab each; all but the first exist for admins only. */
export function SettingsPage() {
  const me = useMe();
  return (
    <>
      <h1 className="mb-4 text-2xl font-semibold">Settings</h1>
      <nav aria-label="Settings" className="mb-6 flex flex-wrap gap-x-6 gap-y-2 border-b border-line">
        <NavLink to="/settings/appearance" className={tabClass}>
          Appearance
        </NavLink>
        {me.data?.user.role === 'admin'
          ? adminTabs.map(({ address, name }) => (
              <NavLink key={address} to={address} className={tabClass}>
                {name}
              </NavLink>
            ))
          : null}
      </nav>
      <Suspense fallback={<p className="text-muted">Loading…</p>}>
        <Outlet />
      </Suspense>
    </>
  );
}
