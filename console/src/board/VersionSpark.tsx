import type { VersionPoint } from "../api/schema";

interface Props {
  /** Judged versions, the oldest first. */
  history: VersionPoint[];
  /** The same in words. */
  label: string;
  width?: number;
  height?: number;
}

const SHOWN = 14;
const EDGE = 5;

interface Drawn {
  x: number;
  y: number;
  low: number;
  high: number;
  champion: boolean;
  reigned: boolean;
}

/** Return where each version's figure and interval stand within a frame of this size. */
export function placed(history: VersionPoint[], width: number, height: number): Drawn[] {
  const known = history.flatMap((one) => (one.value === null ? [] : [{ ...one, value: one.value }])).slice(-SHOWN);
  const ends = known.flatMap(({ value, lower, upper }) => [value, lower ?? value, upper ?? value]);
  const low = Math.min(...ends);
  const span = Math.max(...ends) - low || 1;
  const step = known.length > 1 ? (width - 2 * EDGE) / (known.length - 1) : 0;
  const at = (value: number) => height - EDGE - ((value - low) / span) * (height - 2 * EDGE);
  return known.map(({ value, lower, upper, standing }, place) => ({
    x: known.length > 1 ? EDGE + place * step : width / 2,
    y: at(value),
    low: at(lower ?? value),
    high: at(upper ?? value),
    champion: standing === "champion",
    reigned: standing === "champion" || standing === "former_champion",
  }));
}

/** A model's figure over its versions: whiskers are intervals, full points were champion. */
export function VersionSpark({ history, label, width = 132, height = 44 }: Props) {
  const points = placed(history, width, height);
  const reigns = points.filter(({ reigned }) => reigned);
  return (
    <svg className="version-spark" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <polyline points={reigns.map(({ x, y }) => `${x},${y}`).join(" ")} />
      {points.map(({ x, y, low, high, champion, reigned }) => (
        <g key={x} className={champion ? "now" : reigned ? "was" : "never"}>
          <line x1={x} x2={x} y1={low} y2={high} />
          <circle cx={x} cy={y} r={champion ? 3.5 : 2.5} />
        </g>
      ))}
    </svg>
  );
}
