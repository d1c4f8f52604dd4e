import type { CurvePlot, CurvePoint } from "../../api/schema";
import { useFormat } from "../../shell/format";
import { useWords } from "../../shell/language";
import { decisionWords } from "../../words/decision";
import { Frame } from "./Frame";
import { Sides } from "./Sides";

type Side = "challenger" | "champion";

/** A forecast's error by how many days ahead it was made; days without sales have none. */
export function DayCurve({ plot: { points } }: { plot: CurvePlot }) {
  const words = useWords(decisionWords);
  const { percent } = useFormat();
  const known = (side: Side) => points.flatMap((point) => (point[side] === null ? [] : [{ x: point.x, y: point[side] }]));
  const sides = { challenger: known("challenger"), champion: known("champion") };
  const most = Math.max(...[...sides.challenger, ...sides.champion].map(({ y }) => y), 0.1) * 1.1;
  const compared = sides.champion.length > 0;
  const last = points.at(-1)?.x ?? 1;
  return (
    <>
      <Frame label={words.dayLabel} across={[1, last]} up={[0, most]} acrossName={words.daysAhead} upName={words.shareWrong}>
        {({ x, y }) => (
          <>
            {compared && <polyline className="line-2" points={sides.champion.map((at) => `${x(at.x)},${y(at.y)}`).join(" ")} />}
            <polyline className="line-1" points={sides.challenger.map((at) => `${x(at.x)},${y(at.y)}`).join(" ")} />
            {points.map((point: CurvePoint) =>
              point.challenger === null ? null : (
                <circle key={point.x} className="dot-1" cx={x(point.x)} cy={y(point.challenger)} r={3}>
                  <title>{`${point.x}: ${percent(point.challenger)}`}</title>
                </circle>
              ),
            )}
          </>
        )}
      </Frame>
      <Sides compared={compared} />
    </>
  );
}
