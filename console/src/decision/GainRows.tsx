import type { FigureView } from "../api/schema";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { decisionWords } from "../words/decision";
import { lifecycleWords, named } from "../words/lifecycle";
import { figure, signed } from "./figures";
import "./gains.css";

export interface GainRow {
  key: string;
  name: string;
  note: string;
  figure: FigureView;
  /** The most a gain may be below zero; drawn as a line. */
  margin?: number;
}

interface Props {
  /** What the rows are about; read out. */
  label: string;
  /** Whom the challenger is held against; by default the champion. */
  against?: string;
  rows: GainRow[];
}

const WIDEST = 1e6;

/** Return the widest end of all intervals: every row has the same scale around zero. */
export function reach(rows: GainRow[]): number {
  const ends = rows.flatMap(({ figure: { gain, lower, upper }, margin }) => [gain, lower, upper, margin ?? 0]);
  const known = ends.flatMap((end) => (end !== null && Math.abs(end) < WIDEST ? [Math.abs(end)] : []));
  return (Math.max(...known, 0) || 1) * 1.06;
}

/** Gains with their intervals on one scale around zero: right of it the challenger is better. */
export function GainRows({ label, against, rows }: Props) {
  const words = useWords(decisionWords);
  const most = reach(rows);
  return (
    <div className="gains" role="table" aria-label={label}>
      <div role="row" className="gains-head">
        <span role="columnheader">{words.metric}</span>
        <span role="columnheader" className="gains-figure">
          {against ?? words.before}
        </span>
        <span role="columnheader" className="gains-figure">
          {words.after}
        </span>
        <span role="columnheader" className="gains-scale">
          <span>{words.worse}</span>
          <span>{words.better}</span>
        </span>
        <span role="columnheader" className="gains-figure">
          {words.gain}
        </span>
      </div>
      {rows.map((row) => (
        <Row key={row.key} row={row} most={most} />
      ))}
    </div>
  );
}

function Row({ row, most }: { row: GainRow; most: number }) {
  const own = useWords(lifecycleWords);
  const format = useFormat();
  const { champion, challenger, gain, lower, upper, direction } = row.figure;
  const tone = lower !== null && lower > 0 ? "better" : upper !== null && upper < 0 ? "worse" : "open";
  const interval = lower === null || upper === null ? "" : own.interval(signed(format, lower), signed(format, upper));
  return (
    <div role="row" className={`gain gain-${tone}`}>
      <span role="cell" className="gain-name">
        <span title={direction === "up" ? own.higher : own.lower}>{row.name}</span>
        {row.note && <span className="faint">{row.note}</span>}
      </span>
      <span role="cell" className="gains-figure">
        {figure(format, champion)}
      </span>
      <span role="cell" className="gains-figure">
        {figure(format, challenger)}
      </span>
      <span role="cell" className="gains-scale" title={interval}>
        <GainBar gain={gain} lower={lower} upper={upper} most={most} margin={row.margin} />
      </span>
      <span role="cell" className="gains-figure gain-value">
        {signed(format, gain)}
        <span className="faint">{interval ? `${signed(format, lower)} … ${signed(format, upper)}` : ""}</span>
      </span>
    </div>
  );
}

interface BarProps {
  gain: number | null;
  lower: number | null;
  upper: number | null;
  most: number;
  margin: number | undefined;
}

function GainBar({ gain, lower, upper, most, margin }: BarProps) {
  const at = (value: number) => `${Math.min(100, Math.max(0, 50 + (value / most) * 50))}%`;
  return (
    <svg width="100%" height="20" aria-hidden="true">
      <line className="gain-axis" x1="0" x2="100%" y1="10" y2="10" />
      <line className="gain-zero" x1="50%" x2="50%" y1="0" y2="20" />
      {margin !== undefined && <line className="gain-margin" x1={at(margin)} x2={at(margin)} y1="2" y2="18" />}
      {lower !== null && upper !== null && <line className="gain-range" x1={at(lower)} x2={at(upper)} y1="10" y2="10" />}
      {gain !== null && <circle cx={at(gain)} cy="10" r="4.5" />}
    </svg>
  );
}

/** Return a row for a figure by itself. */
export function useGainRow(): (one: FigureView, note: string) => GainRow {
  const own = useWords(lifecycleWords);
  return (one, note) => ({
    key: `${one.role}-${one.metric}`,
    name: named(own.metrics, one.metric),
    note,
    figure: one,
  });
}
