import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

interface SparklineProps {
  /** Seconds since the epoch, rising. */
  times_s: readonly number[];
  /** One value per time; null where nothing was measured, which leaves a gap. */
  values: readonly (number | null)[];
  /** The top of the scale; the bottom is 0. */
  max: number;
}

const heightPx = 32;

/** A small line without axes. Its figures stand in the text beside it, so it is hidden from screen readers. */
export function Sparkline({ times_s, values, max }: SparklineProps) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    // The colour is that of the text, so that it follows the theme.
    const stroke = (): string => getComputedStyle(element).color;
    const plot = new UPlot(
      {
        width: Math.max(60, element.clientWidth),
        height: heightPx,
        cursor: { show: false },
        legend: { show: false },
        axes: [{ show: false }, { show: false }],
        padding: [2, 0, 2, 0],
        scales: { x: { time: true }, y: { range: [0, max] } },
        series: [{}, { stroke, width: 1.5, points: { show: false } }],
      },
      [[...times_s], [...values]],
      element,
    );
    const observer = new ResizeObserver(() => {
      plot.setSize({ width: Math.max(60, element.clientWidth), height: heightPx });
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
  }, [times_s, values, max]);
  return <div ref={host} aria-hidden="true" className="h-8 w-full overflow-hidden text-accent" />;
}
