import type { VersionPoint } from "../api/schema";
import { figure, marks } from "../decision/figures";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Link } from "../shell/router";
import { lifecycleWords, named } from "../words/lifecycle";
import { modelWords } from "../words/model";
import { useWidth } from "./useWidth";

const HEIGHT = 250;
const EDGE = { left: 52, right: 20, top: 14, bottom: 30 };
const SHOWN = 40;

type Judged = VersionPoint & { value: number };

interface Scale {
  x: (place: number) => number;
  y: (value: number) => number;
  ticks: number[];
}

export const judged = (versions: VersionPoint[]): Judged[] =>
  versions.flatMap((one) => (one.value === null ? [] : [{ ...one, value: one.value }])).slice(-SHOWN);

/** Return where a version and a figure stand in a chart of this width. */
export function scaleOf(shown: Judged[], width: number): Scale {
  const ends = shown.flatMap(({ value, lower, upper }) => [value, lower ?? value, upper ?? value]);
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  const room = (high - low) * 0.08 || Math.abs(high) * 0.05 || 1;
  const [from, to] = [low - room, high + room];
  const inside = width - EDGE.left - EDGE.right;
  const step = inside / Math.max(shown.length, 1);
  return {
    x: (place) => EDGE.left + step * (place + 0.5),
    y: (value) => EDGE.top + ((to - value) / (to - from)) * (HEIGHT - EDGE.top - EDGE.bottom),
    ticks: marks(from, to),
  };
}

/** A model's figure over its versions; each point leads to the decision about it. */
export function VersionChart({ versions, metric }: { versions: VersionPoint[]; metric: string }) {
  const words = useWords(modelWords);
  const own = useWords(lifecycleWords);
  const [frame, width] = useWidth<HTMLDivElement>(720);
  const shown = judged(versions);
  const scale = scaleOf(shown, width);
  const reigns = shown.flatMap(({ generation, value }, place) => (generation === null ? [] : [[scale.x(place), scale.y(value)]]));
  return (
    <figure className="version-chart">
      <div ref={frame}>
        <svg width={width} height={HEIGHT} role="group" aria-label={words.historyLabel(named(own.metrics, metric))}>
          <Axes scale={scale} width={width} shown={shown} />
          <polyline className="reigns" points={reigns.map((point) => point.join(",")).join(" ")} />
          {shown.map((one, place) => (
            <Point key={one.version} one={one} x={scale.x(place)} y={scale.y} />
          ))}
        </svg>
      </div>
      <figcaption>{words.historyNote}</figcaption>
    </figure>
  );
}

function Axes({ scale, width, shown }: { scale: Scale; width: number; shown: Judged[] }) {
  const words = useWords(modelWords);
  const { number } = useFormat();
  const bottom = HEIGHT - EDGE.bottom;
  // With many versions only some of their names have room.
  const every = Math.ceil((shown.length * 34) / Math.max(width - EDGE.left, 1));
  return (
    <g aria-hidden="true">
      {scale.ticks.map((tick) => (
        <g key={tick}>
          <line className="grid" x1={EDGE.left} x2={width - EDGE.right} y1={scale.y(tick)} y2={scale.y(tick)} />
          <text x={EDGE.left - 8} y={scale.y(tick)} textAnchor="end" dominantBaseline="middle">
            {number(tick, 4)}
          </text>
        </g>
      ))}
      {shown.map(({ version, test_set_id: testSet }, place) => {
        const other = place > 0 && shown[place - 1]?.test_set_id !== testSet;
        const between = (scale.x(place) + scale.x(place - 1)) / 2;
        return (
          <g key={version}>
            {other && (
              <line className="other-set" x1={between} x2={between} y1={EDGE.top} y2={bottom}>
                <title>{words.newTestSet}</title>
              </line>
            )}
            {place % every === 0 && (
              <text x={scale.x(place)} y={bottom + 18} textAnchor="middle">
                v{version}
              </text>
            )}
          </g>
        );
      })}
    </g>
  );
}

function Point({ one, x, y }: { one: Judged; x: number; y: (value: number) => number }) {
  const own = useWords(lifecycleWords);
  const format = useFormat();
  const { version, standing, value, lower, upper, decision_id: decision } = one;
  const said = `v${version}, ${named(own.standings, standing)}: ${figure(format, value)}`;
  const interval = lower === null || upper === null ? "" : ` (${own.interval(figure(format, lower), figure(format, upper))})`;
  const reigned = standing === "champion" ? "now" : standing === "former_champion" ? "was" : "never";
  return (
    <Link to={`/decisions/${decision ?? ""}`} className={`point ${reigned}`} aria-label={said + interval}>
      <title>{said + interval}</title>
      <rect x={x - 12} y={y(upper ?? value) - 8} width={24} height={y(lower ?? value) - y(upper ?? value) + 16} rx={4} />
      {lower !== null && upper !== null && (
        <>
          <line x1={x} x2={x} y1={y(lower)} y2={y(upper)} />
          <line x1={x - 4} x2={x + 4} y1={y(lower)} y2={y(lower)} />
          <line x1={x - 4} x2={x + 4} y1={y(upper)} y2={y(upper)} />
        </>
      )}
      <circle cx={x} cy={y(value)} r={standing === "champion" ? 6 : 4.5} />
    </Link>
  );
}
