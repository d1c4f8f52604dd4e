import type { AssessmentView } from "../api/schema";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Card } from "../ui/Card";
import { monitoringWords } from "../words/monitoring";
import { monitoredName } from "./names";
import { alarmNames } from "./series";

const SHOWN = 60;

/** When each alarm was raised: a row an alarm, a square an assessment. */
export function AlarmStrip({ assessments }: { assessments: AssessmentView[] }) {
  const words = useWords(monitoringWords);
  const shown = assessments.slice(-SHOWN);
  const names = alarmNames(shown);
  return (
    <Card title={words.alarms} className="decision-wide">
      {names.length === 0 ? (
        <p className="faint">{words.noAlarms(shown.length)}</p>
      ) : (
        <>
          <ul className="alarm-strip">
            {names.map((name) => (
              <Row key={name} name={name} assessments={shown} />
            ))}
          </ul>
          <p className="plot-note">{words.alarmsNote}</p>
        </>
      )}
    </Card>
  );
}

function Row({ name, assessments }: { name: string; assessments: AssessmentView[] }) {
  const words = useWords(monitoringWords);
  const { date } = useFormat();
  const said = monitoredName(name, words);
  const count = assessments.filter(({ alarms }) => alarms.includes(name)).length;
  return (
    <li>
      <span>{said}</span>
      <span className="only-read">{words.alarmCount(count)}</span>
      <span className="alarm-squares" aria-hidden="true">
        {assessments.map(({ alarms, until, verdict }) => {
          const raised = alarms.includes(name);
          const title = (raised ? words.alarmOn : words.quietOn)(said, date(until));
          return <span key={until} className={raised ? `raised ${verdict}` : undefined} title={title} />;
        })}
      </span>
      <span className="figures faint" aria-hidden="true">
        {count}
      </span>
    </li>
  );
}
