import "./charts.css";

interface Props {
  value: number;
  low: number;
  high: number;
  /** The ends of the scale. */
  from: number;
  to: number;
  /** A value to compare with, such as a floor or the champion's own; drawn as a line across. */
  reference?: number;
  /** The same in words. */
  label: string;
}

/** A value with its interval on a common scale. */
export function IntervalBar({ value, low, high, from, to, reference, label }: Props) {
  const at = (number: number) => `${Math.min(100, Math.max(0, ((number - from) / (to - from || 1)) * 100))}%`;
  return (
    <svg className="interval" role="img" aria-label={label} height="16" width="100%">
      <line className="interval-scale" x1="0" x2="100%" y1="8" y2="8" />
      <line className="interval-range" x1={at(low)} x2={at(high)} y1="8" y2="8" />
      {reference !== undefined && <line className="interval-reference" x1={at(reference)} x2={at(reference)} y1="1" y2="15" />}
      <circle cx={at(value)} cy="8" r="4" />
    </svg>
  );
}
