import type { HistogramPlot } from "../../api/schema";
import { useWords } from "../../shell/language";
import { decisionWords } from "../../words/decision";
import { named } from "../../words/lifecycle";
import { Frame } from "./Frame";
import { Sides } from "./Sides";

/** How a figure of single requests is spread; the champion of then as a line. */
export function Histogram({ plot: { name, bins } }: { plot: HistogramPlot }) {
  const words = useWords(decisionWords);
  const first = bins[0];
  const last = bins.at(-1);
  if (!first || !last) return null;
  const most = Math.max(...bins.map(({ challenger, champion }) => Math.max(challenger, champion ?? 0)), 1);
  const compared = bins.some(({ champion }) => champion !== null);
  const said = named(words.plotNames, name);
  return (
    <>
      <Frame label={words.histogramLabel(said)} across={[first.lower, last.upper]} up={[0, most]} acrossName={said} upName={words.requests}>
        {({ x, y }) => (
          <>
            {bins.map(({ lower, upper, challenger }) => (
              <rect
                key={lower}
                className="bar-1"
                x={x(lower) + 0.5}
                width={Math.max(1, x(upper) - x(lower) - 1)}
                y={y(challenger)}
                height={y(0) - y(challenger)}
              >
                <title>{challenger}</title>
              </rect>
            ))}
            {compared && (
              <polyline
                className="line-2"
                points={bins.map(({ lower, upper, champion }) => `${x(lower)},${y(champion ?? 0)} ${x(upper)},${y(champion ?? 0)}`).join(" ")}
              />
            )}
            {first.lower < 0 && last.upper > 0 && <line className="diagonal" x1={x(0)} x2={x(0)} y1={y(0)} y2={y(most)} />}
          </>
        )}
      </Frame>
      <Sides compared={compared} />
    </>
  );
}
