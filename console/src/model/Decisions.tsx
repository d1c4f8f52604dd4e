import { useState } from "react";
import type { DecisionSummary } from "../api/schema";
import { checkName } from "../decision/sentences";
import { inShort } from "../decision/told/headline";
import { useTold } from "../decision/told/told";
import { VerdictBadge } from "../decision/VerdictBadge";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Link } from "../shell/router";
import { EmptyState } from "../ui/States";
import { type Column, Table } from "../ui/Table";
import { lifecycleWords, named } from "../words/lifecycle";
import { modelWords } from "../words/model";

/** What was decided about a model, the newest first; effects only where somebody asks. */
export function Decisions({ decisions }: { decisions: DecisionSummary[] }) {
  const words = useWords(modelWords);
  const own = useWords(lifecycleWords);
  const told = useTold();
  const { dateTime } = useFormat();
  const [all, setAll] = useState(false);
  const shown = decisions.filter(({ kind }) => all || (kind !== "effect" && kind !== "admitted"));
  const columns: Column<DecisionSummary>[] = [
    { key: "at", title: words.when, cell: ({ created_at: at }) => <time dateTime={at}>{dateTime(at)}</time> },
    { key: "verdict", title: words.outcome, cell: ({ kind, verdict }) => <VerdictBadge kind={kind} verdict={verdict} /> },
    { key: "kind", title: words.kind, cell: ({ kind }) => named(own.kinds, kind) },
    { key: "version", title: words.version, cell: ({ version }) => (version ? `v${version}` : "–") },
    { key: "why", title: words.why, cell: (one) => inShort(one, told, (check) => checkName(check, told)) },
    {
      key: "id",
      title: words.decision,
      cell: ({ decision_id: id }) => (
        <Link to={`/decisions/${id}`}>
          <code>{id}</code>
        </Link>
      ),
    },
  ];
  return (
    <>
      <div className="model-filter" role="group" aria-label={words.decisions}>
        {[false, true].map((every) => (
          <button key={String(every)} type="button" aria-pressed={all === every} onClick={() => setAll(every)}>
            {every ? words.all : words.withoutEffects}
          </button>
        ))}
      </div>
      {shown.length === 0 ? (
        <EmptyState icon="stack" title={words.noDecisions} />
      ) : (
        <Table caption={words.decisions} columns={columns} rows={shown} rowKey={({ decision_id: id }) => id} />
      )}
    </>
  );
}
