// Stacked bars by day on a canvas, by uPlot, loaded when first shown. by-day.tsx tells the same in words.
import 'uplot/dist/uPlot.min.css';
import { useEffect, useEffectEvent, useRef, useSyncExternalStore } from 'react';
import uPlot from 'uplot';
import { type BarSeries, dayName, stack } from './reports.ts';

interface BarChartProps {
  days: readonly string[];
  /** From the ground up. */
  series: readonly BarSeries[];
  format(value: number): string;
  whole: boolean;
  /** Called with the index of the day that is pointed at, and with null when none is. */
  onPoint(day: number | null): void;
}

const HEIGHT = 168;
const DAY_LABEL_WIDTH = 56;
/** 1, 2, 5, 10, 20 … a million million. */
const WHOLE_STEPS = Array.from(
  { length: 37 },
  (_, step) => ([1, 2, 5][step % 3] ?? 1) * 10 ** Math.floor(step / 3),
);

export function BarChart(props: BarChartProps) {
  const box = useRef<HTMLDivElement>(null);
  // What is drawn on a canvas does not follow the style sheet by itself.
  const theme = useSyncExternalStore(subscribe, current);
  const draw = useEffectEvent((target: HTMLDivElement) => {
    // The highest comes first: the lower ones are drawn over it.
    const data: uPlot.AlignedData = [props.days.map((_, day) => day), ...stack(props.series).toReversed()];
    return new uPlot(options(props, target.clientWidth), data, target);
  });
  const shown = JSON.stringify([props.days, props.series]);
  useEffect(() => {
    const target = box.current;
    if (!target || !theme || !shown) return;
    const plot = draw(target);
    const observer = new ResizeObserver(() => plot.setSize({ width: target.clientWidth, height: HEIGHT }));
    observer.observe(target);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [theme, shown]);
  return <div ref={box} className="h-42 overflow-hidden" />;
}

function options({ days, series, format, whole, onPoint }: BarChartProps, width: number): uPlot.Options {
  const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);
  const axis = {
    stroke: colour('muted'),
    font: `12px ${getComputedStyle(document.body).fontFamily}`,
    ticks: { show: false },
  };
  const paths = uPlot.paths.bars?.({ size: [0.72, 36] });
  return {
    width,
    height: HEIGHT,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: [-0.5, days.length - 0.5] },
      y: { range: (_, __, greatest) => [0, greatest > 0 ? greatest * 1.05 : 1] },
    },
    axes: [
      {
        ...axis,
        size: 26,
        grid: { show: false },
        splits: (plot) => labelledDays(days.length, Math.floor(plot.width / DAY_LABEL_WIDTH)),
        values: (_, indexes) => indexes.map((index) => dayName(days[index] ?? '')),
      },
      {
        ...axis,
        size: 56,
        space: 24,
        grid: { stroke: colour('line'), width: 1 },
        ...(whole && { incrs: WHOLE_STEPS }),
        values: (_, values) => values.map(format),
      },
    ],
    series: [
      {},
      ...series
        .toReversed()
        .map(({ tone }) => ({ fill: colour(tone), width: 0, points: { show: false }, ...(paths && { paths }) })),
    ],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
  };
}

/** Places at equal distances, the last day among them. */
function labelledDays(days: number, most: number): number[] {
  const step = Math.max(1, Math.ceil(days / Math.max(1, most)));
  return Array.from({ length: days }, (_, day) => day).filter((day) => (days - 1 - day) % step === 0);
}

const current = () => document.documentElement.dataset['theme'] ?? 'light';

function subscribe(onChange: () => void): () => void {
  const observer = new MutationObserver(onChange);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return () => observer.disconnect();
}
