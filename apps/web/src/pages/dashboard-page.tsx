import { useDashboard } from '../api/dashboard.ts';
import { notLoaded } from '../api/not-loaded.ts';
import { Dashboard } from '../features/dashboard/dashboard.tsx';
import { NotLoaded } from '../ui/loaded.tsx';
import { useTitle } from '../ui/use-title.ts';

/** The first page. What was last known stays on it while the server is silent; its age stands above it. */
export function DashboardPage() {
  useTitle('Dashboard');
  const dashboard = useDashboard();
  return (
    <>
      <h1 className="mb-2 text-2xl font-semibold">Dashboard</h1>
      {dashboard.data === undefined || dashboard.isError ? <NotLoaded {...notLoaded(dashboard)} /> : null}
      {dashboard.data === undefined ? null : <Dashboard dashboard={dashboard.data} />}
    </>
  );
}
