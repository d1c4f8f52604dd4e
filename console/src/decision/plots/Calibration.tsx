import type { CalibrationPlot } from "../../api/schema";
import { useFormat } from "../../shell/format";
import { useWords } from "../../shell/language";
import { decisionWords } from "../../words/decision";
import { Frame } from "./Frame";

/** What the stated confidences are worth: on the diagonal they are honest. */
export function Calibration({ plot: { bins } }: { plot: CalibrationPlot }) {
  const words = useWords(decisionWords);
  const { percent, number } = useFormat();
  return (
    <>
      <Frame label={words.calibrationLabel} across={[0, 1]} up={[0, 1]} acrossName={words.confidence} upName={words.shareRight} share>
        {({ x, y }) => (
          <>
            <line className="diagonal" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
            <polyline className="line-1" points={bins.map(({ confidence, right }) => `${x(confidence)},${y(right)}`).join(" ")} />
            {bins.map(({ confidence, right, rows }) => (
              <circle key={confidence} className="dot-1" cx={x(confidence)} cy={y(right)} r={4}>
                <title>{words.calibrationBin(percent(confidence), percent(right), number(rows))}</title>
              </circle>
            ))}
          </>
        )}
      </Frame>
      <p className="plot-note">{words.calibrationNote}</p>
    </>
  );
}
