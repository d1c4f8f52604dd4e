import { Link } from "react-router";
import type { AssessmentView } from "../api/schema";
import { toneOf } from "../decision/tones";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Badge } from "../ui/Badge";
import { Card } from "../ui/Card";
import { lifecycleWords, named } from "../words/lifecycle";
import { monitoringWords } from "../words/monitoring";

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

/** The latest assessment in a sentence, and why. */
export function Latest({ assessment }: { assessment: AssessmentView }) {
  const words = useWords(monitoringWords);
  const own = useWords(lifecycleWords);
  const { date, number } = useFormat();
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
          <ul lang="en">
            {reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        )}
        <Link to={`/models/${model}`}>{words.toModel}</Link>
      </div>
    </Card>
  );
}
