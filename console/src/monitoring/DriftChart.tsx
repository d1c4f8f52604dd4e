import { useMemo } from "react";
import type { AssessmentView } from "../api/schema";
import { useWords } from "../shell/language";
import { Card } from "../ui/Card";
import { TimeChart, type TimeSeries } from "../ui/TimeChart";
import { monitoringWords } from "../words/monitoring";
import { monitoredName } from "./names";
import { checkValues, driftLimits, drifting, timesOf } from "./series";

const COLOURS = [1, 2, 3] as const;

/** How far each column has changed, against the size from which a change matters. */
export function DriftChart({ assessments }: { assessments: AssessmentView[] }) {
  const words = useWords(monitoringWords);
  const times = useMemo(() => timesOf(assessments), [assessments]);
  const series = useMemo(() => {
    const columns = drifting(assessments).map<TimeSeries>((name, place) => ({
      label: monitoredName(name, words),
      values: checkValues(assessments, name),
      colour: COLOURS[place] ?? 1,
    }));
    const limit = { label: words.limit, values: driftLimits(assessments), colour: 4 as const, dashed: true };
    return columns.length > 0 ? [...columns, limit] : [];
  }, [assessments, words]);
  if (series.length === 0) return null;
  return (
    <Card title={words.drift}>
      <TimeChart times={times} series={series} label={words.driftLabel} height={240} />
      <p className="plot-note">{words.driftNote}</p>
    </Card>
  );
}
