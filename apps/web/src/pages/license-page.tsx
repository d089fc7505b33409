import { useClusterStatus } from '../api/cluster-status.ts';
import { notLoaded } from '../api/not-loaded.ts';
import { License } from '../features/license/license.tsx';
import { NotLoaded } from '../ui/loaded.tsx';
import { useTitle } from '../ui/use-title.ts';

/** Settings → License. */
export function LicensePage() {
  useTitle('License');
  const status = useClusterStatus();
  if (status.data !== undefined) return <License status={status.data} />;
  return <NotLoaded {...notLoaded(status)} />;
}
