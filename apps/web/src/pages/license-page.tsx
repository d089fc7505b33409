import { useClusterStatus } from '../api/cluster-status.ts';
import { sentenceOf } from '../api/errors.ts';
import { License } from '../features/license/license.tsx';
import { NotLoaded } from '../ui/loaded.tsx';
import { useTitle } from '../ui/use-title.ts';

/** Settings → License. */
export function LicensePage() {
  useTitle('License');
  const status = useClusterStatus();
  if (status.data !== undefined) return <License status={status.data} />;
  return (
    <NotLoaded
      isPending={status.isPending}
      failure={status.isError ? sentenceOf(status.error) : null}
      onAgain={() => void status.refetch()}
    />
  );
}
