import type { ClusterStatus } from '@proxpanel/contracts/status';
import { serverNowMs, useClusterStatus } from '../api/cluster-status.ts';
import { sentenceOf } from '../api/errors.ts';
import { Freshness, StaleBanner } from '../features/overview/freshness.tsx';
import { Notices } from '../features/overview/notices.tsx';
import { Failure } from '../ui/banner.tsx';
import { Button } from '../ui/button.tsx';
import { useNow } from '../ui/use-now.ts';
import { useTitle } from '../ui/use-title.ts';
import { ClusterDialogs } from './cluster-dialogs.tsx';
import { ClusterStandalone } from './cluster-standalone.tsx';
import { ClusterTogether } from './cluster-together.tsx';

/** Settings → Cluster. One poll feeds all of it; what was last known stays on the page while the server is silent. */
export function ClusterPage() {
  useTitle('Cluster');
  const status = useClusterStatus();
  if (status.data === undefined) {
    if (!status.isError) return <p className="text-muted">Loading…</p>;
    return (
      <div className="flex flex-col items-start gap-3">
        <Failure sentence={sentenceOf(status.error)} />
        <Button onClick={() => void status.refetch()}>Try again</Button>
      </div>
    );
  }
  return <Shown status={status.data} receivedAtMs={status.dataUpdatedAt} error={status.error} />;
}

interface ShownProps {
  status: ClusterStatus;
  receivedAtMs: number;
  error: Error | null;
}

function Shown({ status, receivedAtMs, error }: ShownProps) {
  const nowMs = serverNowMs(status, receivedAtMs, useNow());
  const alone = status.server.role === 'standalone';
  return (
    <div className="flex flex-col gap-4">
      <div className="-mt-3 flex min-h-6 justify-end">
        <Freshness receivedAtMs={receivedAtMs} />
      </div>
      {error === null ? null : <StaleBanner receivedAtMs={receivedAtMs} error={error} />}
      <Notices status={status} />
      {alone ? <ClusterStandalone status={status} nowMs={nowMs} /> : <ClusterTogether status={status} nowMs={nowMs} />}
      <ClusterDialogs status={status} nowMs={nowMs} />
    </div>
  );
}
