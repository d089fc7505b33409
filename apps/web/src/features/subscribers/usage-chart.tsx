import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface DayOfUse {
  /** `YYYY-MM-DD`. */
  day: string;
  download_bytes: number;
  upload_bytes: number;
}

const heightPx = 140;

function dayText(time_s: number): string {
  return new Date(time_s * 1_000).toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
}

/** Bytes by day as two lines. The figures stand in the table below it, so it is hidden from screen readers. */
export function UsageChart({ days }: { days: readonly DayOfUse[] }) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = host.current;
    // Where nothing can be drawn, the figures below still say it.
    if (element === null || document.createElement('canvas').getContext('2d') === null) return undefined;
    const colour = (name: string) => () => getComputedStyle(element).getPropertyValue(name);
    const axis = { stroke: colour('--muted'), grid: { stroke: colour('--line'), width: 1 } };
    const gigabytes = (value: number): string => `${String(value / 1e9)} GB`;
    const plot = new UPlot(
      {
        width: Math.max(120, element.clientWidth),
        height: heightPx,
        cursor: { show: false },
        legend: { show: false },
        axes: [
          { ...axis, values: (_plot, splits) => splits.map(dayText) },
          { ...axis, size: 64, values: (_plot, splits) => splits.map(gigabytes) },
        ],
        scales: { x: { time: true }, y: { range: (_plot, _low, high) => [0, Math.max(high, 1e9)] } },
        series: [
          {},
          { stroke: colour('--accent'), width: 2, points: { show: days.length === 1 } },
          { stroke: colour('--good'), width: 2, points: { show: days.length === 1 } },
        ],
      },
      [
        days.map(({ day }) => Date.parse(`${day}T00:00`) / 1_000),
        days.map((day) => day.download_bytes),
        days.map((day) => day.upload_bytes),
      ],
      element,
    );
    const observer = new ResizeObserver(() => {
      plot.setSize({ width: Math.max(120, element.clientWidth), height: heightPx });
    });
    observer.observe(element);
    const themeObserver = new MutationObserver(() => {
      plot.redraw(false);
    });
    themeObserver.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      observer.disconnect();
      themeObserver.disconnect();
      plot.destroy();
    };
  }, [days]);
  return <div ref={host} aria-hidden="true" className="w-full overflow-hidden" style={{ height: heightPx }} />;
}
