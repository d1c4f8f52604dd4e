import "./charts.css";

interface Props {
  values: number[];
  /** What the line shows, in words; a picture alone tells a screen reader nothing. */
  label: string;
  width?: number;
  height?: number;
}

const EDGE = 3;

/** Return the corners of a line through `values`, within a frame of this size. */
export function corners(values: number[], width: number, height: number): [number, number][] {
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const step = values.length > 1 ? (width - 2 * EDGE) / (values.length - 1) : 0;
  return values.map((value, index) => [
    EDGE + index * step,
    height - EDGE - ((value - low) / span) * (height - 2 * EDGE),
  ]);
}

/** A small line without axes, its newest point marked. */
export function Sparkline({ values, label, width = 96, height = 28 }: Props) {
  if (values.length === 0) return null;
  const points = corners(values, width, height);
  const [x, y] = points.at(-1) ?? [0, 0];
  return (
    <svg className="sparkline" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <polyline points={points.map((point) => point.join(",")).join(" ")} />
      <circle cx={x} cy={y} r={2.5} />
    </svg>
  );
}
