import { useQuery } from "@tanstack/react-query";
import { ask } from "../api/client";
import type { CheckView, Explanation } from "../api/schema";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { PageFrame } from "../shell/PageFrame";
import { Link, useParams } from "../shell/router";
import { Card } from "../ui/Card";
import { ErrorState, Skeleton } from "../ui/States";
import { decisionWords } from "../words/decision";
import { lifecycleWords, named } from "../words/lifecycle";
import { AsRecorded, type Text } from "./AsRecorded";
import { Checks } from "./Checks";
import { Diff } from "./Diff";
import { ErrorPlots } from "./ErrorPlots";
import { Followed } from "./Followed";
import { Gains, Slices } from "./Gains";
import { LabelEvidence } from "./LabelEvidence";
import { Lineage } from "./Lineage";
import { RecordText } from "./RecordText";
import { Replay } from "./Replay";
import { because, tellerOf } from "./sentences";
import { Settle } from "./Settle";
import { headline } from "./told/headline";
import { part, textIn } from "./told/recorded";
import { useTold } from "./told/told";
import { endedTrial } from "./told/trial";
import { saidOfTrial } from "./told/trialChecks";
import { obstacleOf, saidOfVerdict } from "./told/verdictChecks";
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
  const told = useTold();
  const said = because(one, told);
  const obstacle = obstacleOf(one);
  return (
    <section className="decision-verdict card">
      <div className="decision-said">
        <VerdictBadge verdict={one.verdict} kind={one.kind} />
        <h2>{headline(one, told)}</h2>
        {said.length > 0 && (
          <ul aria-label={told.words.plainly}>
            {said.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        )}
        {obstacle && (
          <p className="decision-obstacle">
            {told.words.obstacle} <q lang="en">{obstacle}</q>
          </p>
        )}
        <AsRecorded title={told.words.reasons} recorded={recorded(one)} open={one.kind !== "verdict" || said.length === 0} />
      </div>
      <div className="decision-acts">
        <Settle one={one} />
        {one.replayable && <Replay decision={one.decision_id} />}
      </div>
    </section>
  );
}

/** What was written down with the decision: by the gate, by whoever asked for it, by a person. */
function recorded({ kind, verdict, reasons, trigger, record }: Explanation): Text[] {
  const found = [textIn(record["finding"]), textIn(part(record["overfitting"])["sentence"])].filter((text) => text !== null);
  return [
    ...reasons.map((text) => ({ text, machine: kind === "verdict" })),
    ...found.map((text) => ({ text, machine: verdict !== "stopped" })),
    ...(trigger?.reason ? [{ about: trigger.actor, text: trigger.reason, machine: false }] : []),
  ];
}

function Evidence({ one }: { one: Explanation }) {
  const words = useWords(decisionWords);
  const teller = tellerOf(useTold());
  const judged = one.kind === "verdict";
  const say = (check: CheckView) =>
    judged ? saidOfVerdict(check, one, teller) : saidOfTrial(check, endedTrial(one.record), teller);
  return (
    <div className="decision-parts">
      {one.figures.length > 0 && <Gains figures={one.figures} />}
      {one.slices.length > 0 && <Slices slices={one.slices} title={words.slices} />}
      {one.labels && <LabelEvidence evidence={one.labels} />}
      {one.checks.length > 0 && <Checks checks={one.checks} say={say} />}
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
