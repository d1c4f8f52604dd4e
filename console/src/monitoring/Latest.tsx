import type { AssessmentView } from "../api/schema";
import { AsRecorded } from "../decision/AsRecorded";
import { toneOf } from "../decision/tones";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Link } from "../shell/router";
import { Badge } from "../ui/Badge";
import { Card } from "../ui/Card";
import { lifecycleWords, named } from "../words/lifecycle";
import { monitoringWords } from "../words/monitoring";
import { monitoredName } from "./names";
import { monitoredSaid } from "./said";

type Words = (typeof monitoringWords)["es"];

function said({ verdict, version }: AssessmentView, words: Words): string {
  const known: Record<string, (version: string) => string> = {
    healthy: words.healthy,
    drifting: words.drifting,
    failing: words.failing,
    too_few_answers: words.tooFew,
  };
  return known[verdict]?.(version) ?? words.other(verdict);
}

/** The checks that raised an alarm, the most costly first; of too few answers, the count. */
function why({ alarms, checks, verdict }: AssessmentView) {
  if (verdict === "too_few_answers") return checks;
  return alarms.flatMap((alarm) => checks.filter(({ name }) => name === alarm));
}

/** The latest assessment in a sentence, and why. */
export function Latest({ assessment }: { assessment: AssessmentView }) {
  const words = useWords(monitoringWords);
  const own = useWords(lifecycleWords);
  const format = useFormat();
  const { date, number } = format;
  const { verdict, reasons, since, until, answers, labelled, model } = assessment;
  const facts = [
    words.window(date(since), date(until)),
    words.answers(number(answers)),
    labelled > 0 ? words.labelled(number(labelled)) : null,
  ].filter((fact) => fact !== null);
  return (
    <Card title={words.latest} aside={facts.join(" · ")} className="decision-wide">
      <div className="latest">
        <p className="latest-said">
          <Badge tone={toneOf(verdict)}>{named(own.health, verdict)}</Badge> {said(assessment, words)}
        </p>
        {verdict !== "healthy" && (
          <>
            <ul>
              {why(assessment).map((check) => (
                <li key={check.name}>
                  <strong>{monitoredName(check.name, words)}.</strong> {monitoredSaid(check, assessment, words, format)}
                </li>
              ))}
            </ul>
            <AsRecorded title={words.recorded} recorded={reasons.map((text) => ({ text, machine: true }))} />
          </>
        )}
        <Link to={`/models/${model}`}>{words.toModel}</Link>
      </div>
    </Card>
  );
}
