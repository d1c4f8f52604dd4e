import type { Format } from "../shell/format";

/** A figure of a metric with as many digits as tell two versions apart. */
export const figure = (format: Format, value: number | null): string =>
  value === null ? "–" : format.number(value, Math.abs(value) >= 100 ? 1 : 4);

/** A gain with its sign, a real minus. */
export function signed(format: Format, value: number | null): string {
  if (value === null) return "–";
  const digits = format.number(Math.abs(value), 4);
  return value < 0 ? `−${digits}` : `+${digits}`;
}

const SMALLEST = 0.0001;

/** A probability with two digits that say something; small ones as an upper bound. */
export const chance = (format: Format, p: number): string =>
  p < SMALLEST ? `< ${format.number(SMALLEST, 4)}` : format.number(p, Math.max(2, 1 - Math.floor(Math.log10(p))));

/** Milliseconds with the digits that matter. */
export const milliseconds = (format: Format, value: number | null): string =>
  value === null ? "–" : `${format.number(value, value < 1 ? 2 : value < 10 ? 1 : 0)}\u00a0ms`;

/** The places of a scale's marks: at most `count` round numbers between two ends. */
export function marks(low: number, high: number, count = 5): number[] {
  const rough = (high - low || 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough;
  const first = Math.ceil(low / step) * step;
  return Array.from({ length: Math.floor((high - first) / step + 1e-9) + 1 }, (_, place) => first + place * step);
}
