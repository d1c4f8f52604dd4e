import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useFormat } from "../shell/format";
import { useTheme } from "../shell/theme";
import "./charts.css";

export interface TimeSeries {
  label: string;
  /** One a time; null where there is none, and the line is broken there. */
  values: (number | null)[];
  /** Which of the four colours of series, 1 to 4. */
  colour?: 1 | 2 | 3 | 4;
  dashed?: boolean;
  /** Points without a line between them. */
  pointsOnly?: boolean;
}

interface Props {
  /** Seconds since 1970, rising. */
  times: number[];
  series: TimeSeries[];
  /** Pairs of places in `series` between which the surface is filled: low, high. */
  bands?: [number, number][];
  /** What the chart shows, in words. */
  label: string;
  height?: number;
  /** The ends of the upright scale; the data's own where it is left out. */
  range?: [number, number];
  digits?: number;
}

const style = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function axis(): uPlot.Axis {
  const grid = { stroke: style("--line"), width: 1 };
  return { stroke: style("--ink-faint"), grid, ticks: grid, font: `11px ${style("--text")}` };
}

function drawn(series: TimeSeries, number: (value: number) => string): uPlot.Series {
  const colour = style(`--series-${series.colour ?? 1}`);
  return {
    label: series.label,
    stroke: colour,
    width: series.pointsOnly ? 0 : 1.75,
    ...(series.dashed ? { dash: [5, 4] } : {}),
    points: { show: series.pointsOnly ?? false, size: 6, fill: colour },
    value: (_: uPlot, value: number | null) => (value === null ? "–" : number(value)),
  };
}

/** Values over time, with bands for intervals; drawn anew when the theme changes. */
export function TimeChart({ times, series, bands = [], label, height = 220, range, digits = 3 }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const { number, dateTime } = useFormat();
  const theme = useTheme();
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const shown = (value: number) => number(value, digits);
    const options: uPlot.Options = {
      width: element.clientWidth,
      height,
      series: [
        { value: (_, seconds: number | null) => (seconds === null ? "–" : dateTime(new Date(seconds * 1000).toISOString())) },
        ...series.map((one) => drawn(one, shown)),
      ],
      bands: bands.map(([low, high]) => ({ series: [high + 1, low + 1], fill: `${style("--series-1")}26` })),
      axes: [axis(), { ...axis(), size: 56, values: (_, ticks) => ticks.map(shown) }],
      ...(range ? { scales: { y: { range } } } : {}),
    };
    const chart = new uPlot(options, [times, ...series.map((one) => one.values)], element);
    const watcher = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      chart.destroy();
    };
  }, [times, series, bands, height, range, digits, number, dateTime, theme]);
  return <div ref={place} className="time-chart" role="img" aria-label={label} />;
}
