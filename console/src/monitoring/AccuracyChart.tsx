import { useMemo } from "react";
import type { AssessmentView } from "../api/schema";
import { useWords } from "../shell/language";
import { Card } from "../ui/Card";
import { TimeChart } from "../ui/TimeChart";
import { lifecycleWords, named } from "../words/lifecycle";
import { monitoringWords } from "../words/monitoring";
import { ACCURACY, figureName, figureValues, limitValues, shareValues, timesOf } from "./series";

const BAND: [number, number][] = [[0, 1]];

/** What the labels say against what the confidences let expect; live figures where there is neither. */
export function AccuracyChart({ assessments }: { assessments: AssessmentView[] }) {
  const shares = assessments.some(({ live, estimated }) => live ?? estimated);
  const figure = figureName(assessments);
  if (shares) return <Shares assessments={assessments} />;
  return figure ? <LiveFigure assessments={assessments} name={figure} /> : null;
}

function Shares({ assessments }: { assessments: AssessmentView[] }) {
  const words = useWords(monitoringWords);
  const times = useMemo(() => timesOf(assessments), [assessments]);
  const series = useMemo(
    () => [
      { label: `${words.estimated}, ${words.low}`, values: shareValues(assessments, "estimated", "lower"), edge: true },
      { label: `${words.estimated}, ${words.high}`, values: shareValues(assessments, "estimated", "upper"), edge: true },
      { label: words.estimated, values: shareValues(assessments, "estimated", "value") },
      { label: words.live, values: shareValues(assessments, "live", "value"), colour: 2 as const },
      { label: words.floor, values: limitValues(assessments, [ACCURACY]), colour: 3 as const, dashed: true },
    ],
    [assessments, words],
  );
  return (
    <Card title={words.accuracy}>
      <TimeChart times={times} series={series} bands={BAND} label={words.accuracyLabel} height={240} />
      <p className="plot-note">{words.accuracyNote}</p>
    </Card>
  );
}

function LiveFigure({ assessments, name }: { assessments: AssessmentView[]; name: string }) {
  const words = useWords(monitoringWords);
  const own = useWords(lifecycleWords);
  const metric = named(own.metrics, name);
  const times = useMemo(() => timesOf(assessments), [assessments]);
  const series = useMemo(
    () => [
      { label: words.low, values: figureValues(assessments, name, "lower"), edge: true },
      { label: words.high, values: figureValues(assessments, name, "upper"), edge: true },
      { label: metric, values: figureValues(assessments, name, "value") },
    ],
    [assessments, words, name, metric],
  );
  return (
    <Card title={words.figure(metric)}>
      <TimeChart times={times} series={series} bands={BAND} label={words.figureLabel(metric)} height={240} />
      <p className="plot-note">{words.figureNote}</p>
    </Card>
  );
}
