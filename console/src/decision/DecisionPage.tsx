import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { ask } from "../api/client";
import type { Explanation } from "../api/schema";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { PageFrame } from "../shell/PageFrame";
import { Card } from "../ui/Card";
import { ErrorState, Skeleton } from "../ui/States";
import { decisionWords } from "../words/decision";
import { lifecycleWords, named } from "../words/lifecycle";
import { Checks } from "./Checks";
import { Diff } from "./Diff";
import { ErrorPlots } from "./ErrorPlots";
import { Followed } from "./Followed";
import { Gains, Slices } from "./Gains";
import { LabelEvidence } from "./LabelEvidence";
import { Lineage } from "./Lineage";
import { RecordText } from "./RecordText";
import { Replay } from "./Replay";
import { because, headline } from "./sentences";
import { Settle } from "./Settle";
import { VerdictBadge } from "./VerdictBadge";
import "./decision.css";

/** One decision: what it says, what it rests on, and what may be done about it. */
export default function DecisionPage() {
  const { id = "" } = useParams();
  const words = useWords(decisionWords);
  const own = useWords(lifecycleWords);
  const { data, error, refetch } = useQuery({
    queryKey: ["decision", id],
    queryFn: ({ signal }) => ask("GET /v1/decisions/{decision_id}/explanation", { path: { decision_id: id } }, signal),
  });
  if (!data) {
    return (
      <PageFrame title={words.loadingTitle}>
        {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton lines={9} />}
      </PageFrame>
    );
  }
  return (
    <PageFrame title={words.title(named(own.models, data.model))} aside={<Aside one={data} />}>
      <Verdict one={data} />
      <Evidence one={data} />
    </PageFrame>
  );
}

function Aside({ one }: { one: Explanation }) {
  const words = useWords(decisionWords);
  const { ago, dateTime } = useFormat();
  return (
    <>
      <code>{one.decision_id}</code>
      <time dateTime={one.created_at} title={dateTime(one.created_at)}>
        {words.recorded(ago(one.created_at))}
      </time>
      <Link to={`/models/${one.model}`}>{useWords(lifecycleWords).models[one.model] ?? one.model}</Link>
    </>
  );
}

function Verdict({ one }: { one: Explanation }) {
  const words = useWords(decisionWords);
  const own = useWords(lifecycleWords);
  const format = useFormat();
  const said = because(one, words, own, format);
  return (
    <section className="decision-verdict card">
      <div className="decision-said">
        <VerdictBadge verdict={one.verdict} kind={one.kind} />
        <h2>{headline(one, words, own)}</h2>
        {said.length > 0 && (
          <ul aria-label={words.plainly}>
            {said.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        )}
        {one.reasons.length > 0 && <Reasons reasons={one.reasons} open={said.length === 0} />}
      </div>
      <div className="decision-acts">
        <Settle one={one} />
        {one.replayable && <Replay decision={one.decision_id} />}
      </div>
    </section>
  );
}

function Reasons({ reasons, open }: { reasons: string[]; open: boolean }) {
  const words = useWords(decisionWords);
  return (
    <details className="decision-reasons" open={open}>
      <summary>{words.reasons}</summary>
      <ol lang="en">
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ol>
    </details>
  );
}

function Evidence({ one }: { one: Explanation }) {
  const words = useWords(decisionWords);
  const judged = one.kind === "verdict";
  return (
    <div className="decision-parts">
      {one.figures.length > 0 && <Gains figures={one.figures} />}
      {one.slices.length > 0 && <Slices slices={one.slices} title={words.slices} />}
      {one.labels && <LabelEvidence evidence={one.labels} />}
      {one.checks.length > 0 && <Checks checks={one.checks} />}
      {judged && <Diff one={one} />}
      {one.challenger && <Lineage one={one} />}
      <Card title={words.followed}>
        <Followed one={one} />
      </Card>
      {judged && one.replayable && (
        <details className="decision-errors">
          <summary>{words.errors}</summary>
          <ErrorPlots decision={one.decision_id} />
        </details>
      )}
      <RecordText one={one} />
    </div>
  );
}
