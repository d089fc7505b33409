import type { MetricPoint } from '@proxpanel/contracts/membership';
import type { StatusNode } from '@proxpanel/contracts/nodes';
import { lazy, Suspense, useMemo } from 'react';
import { useNodeMetrics } from '../../api/cluster-history.ts';
import { Meter } from '../../ui/meter.tsx';

// The plotting library is loaded when the first node is shown, and not with the page's entry.
const Sparkline = lazy(async () => {
  try {
    return { default: (await import('../../ui/sparkline.tsx')).Sparkline };
  } catch {
    // The server has just gone, or was updated. The figures stand in the text: a missing line must not take the page away.
    return { default: () => <></> };
  }
});

type Metric = 'cpu_percent' | 'memory_percent' | 'disk_percent';
const meters: readonly { metric: Metric; label: string }[] = [
  { metric: 'cpu_percent', label: 'CPU' },
  { metric: 'memory_percent', label: 'Memory' },
  { metric: 'disk_percent', label: 'Disk' },
];

/** CPU, memory and disk now, each over its history. */
export function NodeMeters({ node }: { node: StatusNode }) {
  const { data } = useNodeMetrics(node.id);
  return (
    <div className="grid grid-cols-3 gap-3 sm:gap-4">
      {meters.map(({ metric, label }) => (
        <div key={metric}>
          <Meter label={label} percent={node[metric]} />
          <div className="mt-1.5 h-8">
            {data === undefined ? null : <History points={data.points} metric={metric} />}
          </div>
        </div>
      ))}
    </div>
  );
}

function History({ points, metric }: { points: readonly MetricPoint[]; metric: Metric }) {
  const times = useMemo(() => points.map((point) => Date.parse(point.at) / 1_000), [points]);
  const values = useMemo(() => points.map((point) => point[metric]), [points, metric]);
  // A line needs two points.
  if (points.length < 2) return null;
  return (
    <Suspense fallback={null}>
      <Sparkline times_s={times} values={values} max={100} />
    </Suspense>
  );
}
