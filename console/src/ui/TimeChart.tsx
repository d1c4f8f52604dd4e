import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useFormat } from "../shell/format";
import { type Language, useLanguage, useWords } from "../shell/language";
import { useTheme } from "../shell/theme";
import { shellWords } from "../words/shell";
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
  /** The edge of a band: neither drawn by itself nor named below the chart. */
  edge?: boolean;
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

const DAY_SECONDS = 86_400;

/** Return how a mark on the scale of time is written: a day, or an hour where they are closer. */
function dayOrHour(language: Language, stepSeconds: number): (seconds: number) => string {
  const day = { day: "numeric", month: "short" } as const;
  const hour = { hour: "2-digit", minute: "2-digit" } as const;
  const written = new Intl.DateTimeFormat({ es: "es", en: "en-GB" }[language], stepSeconds >= DAY_SECONDS ? day : hour);
  return (seconds) => written.format(new Date(seconds * 1000));
}

function axis(): uPlot.Axis {
  const grid = { stroke: style("--line"), width: 1 };
  return { stroke: style("--ink-faint"), grid, ticks: grid, font: `11px ${style("--text")}` };
}

const decimals = (step: number): number => (String(step).split(".")[1] ?? "").length;

/** Whether some value has no neighbour to draw a line to. */
const alone = (values: (number | null)[]): boolean =>
  values.some((value, place) => value !== null && (values[place - 1] ?? null) === null && (values[place + 1] ?? null) === null);

function drawn(series: TimeSeries, number: (value: number) => string): uPlot.Series {
  const colour = style(`--series-${series.colour ?? 1}`);
  return {
    label: series.label,
    stroke: colour,
    width: series.pointsOnly || series.edge ? 0 : 1.75,
    ...(series.edge ? { class: "band-edge" } : {}),
    ...(series.dashed ? { dash: [5, 4] } : {}),
    points: { show: series.edge ? false : (series.pointsOnly ?? alone(series.values)), size: 6, fill: colour },
    value: (_: uPlot, value: number | null) => (value === null ? "–" : number(value)),
  };
}

/** Values over time, with bands for intervals; drawn anew when the theme changes. */
export function TimeChart({ times, series, bands = [], label, height = 220, range, digits = 3 }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const { number, dateTime } = useFormat();
  const { language } = useLanguage();
  const { time } = useWords(shellWords);
  const theme = useTheme();
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const shown = (value: number) => number(value, digits);
    // Marks 2.5 apart, told to whole numbers, would say 3, 5, 8.
    const marked = (step: number) => (value: number) => number(value, Math.max(digits, decimals(step)));
    const options: uPlot.Options = {
      width: element.clientWidth,
      height,
      series: [
        { label: time, value: (_, seconds: number | null) => (seconds === null ? "–" : dateTime(new Date(seconds * 1000).toISOString())) },
        ...series.map((one) => drawn(one, shown)),
      ],
      bands: bands.map(([low, high]) => ({ series: [high + 1, low + 1], fill: `${style("--series-1")}26` })),
      axes: [{ ...axis(), values: (_, ticks, _axis, _space, step) => ticks.map(dayOrHour(language, step)) }, { ...axis(), size: 56, values: (_, ticks, _axis, _space, step) => ticks.map(marked(step)) }],
      ...(range ? { scales: { y: { range } } } : {}),
    };
    const chart = new uPlot(options, [times, ...series.map((one) => one.values)], element);
    const watcher = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      chart.destroy();
    };
  }, [times, series, bands, height, range, digits, number, dateTime, language, time, theme]);
  return <div ref={place} className="time-chart" role="img" aria-label={label} />;
}
