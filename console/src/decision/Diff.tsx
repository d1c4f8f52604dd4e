import { useQuery } from "@tanstack/react-query";
import { ask } from "../api/client";
import type { CatalogueDiffView, DiffCount, DiffMoved, Explanation } from "../api/schema";
import { type Format, useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Card } from "../ui/Card";
import { ErrorState, Skeleton } from "../ui/States";
import { type Column, Table } from "../ui/Table";
import { decisionWords } from "../words/decision";

const SHOWN = 12;

/** Whether a diff was kept with a decision: its record names the file then. */
export function hasDiff(record: Explanation["record"]): boolean {
  const named = record["catalogue_diff"] as { sha256?: unknown } | null | undefined;
  return typeof named?.sha256 === "string";
}

/** What the version would answer otherwise than the champion, about the whole catalogue. */
export function Diff({ one }: { one: Explanation }) {
  const words = useWords(decisionWords);
  const decision = one.decision_id;
  const kept = hasDiff(one.record);
  const { data, error, refetch } = useQuery({
    queryKey: ["diff", decision],
    queryFn: ({ signal }) => ask("GET /v1/decisions/{decision_id}/diff", { path: { decision_id: decision } }, signal),
    staleTime: Infinity,
    enabled: kept,
  });
  return (
    <Card title={words.diff} className="decision-wide">
      {data ? (
        <Found diff={data} />
      ) : !kept ? (
        <p className="faint">{words.diffNone}</p>
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton lines={3} />
      )}
    </Card>
  );
}

function Found({ diff }: { diff: CatalogueDiffView }) {
  const words = useWords(decisionWords);
  const { number } = useFormat();
  const sold = diff.sales_unit === "money" ? words.diffMoney : words.diffPieces;
  return (
    <div className="diff">
      <p>
        {diff.changed === 0 ? words.diffSame : words.diffLead(number(diff.changed), number(diff.questions))}
        {diff.sales !== null && diff.changed_sales !== null && ` ${sold(number(diff.changed_sales, 0), number(diff.sales, 0))}`}
      </p>
      <div className="diff-tables">
        {diff.counts.length > 0 && <Counts counts={diff.counts} />}
        {diff.most_moved.length > 0 && <Moved moved={diff.most_moved} />}
      </div>
      {diff.note && (
        <p className="plot-note" lang="en">
          {diff.note}
        </p>
      )}
    </div>
  );
}

function Counts({ counts }: { counts: DiffCount[] }) {
  const words = useWords(decisionWords);
  const { number } = useFormat();
  const columns: Column<DiffCount>[] = [
    { key: "before", title: words.was, cell: ({ before }) => before ?? words.noAnswer },
    { key: "after", title: words.becomes, cell: ({ after }) => after ?? words.noAnswer },
    { key: "questions", title: words.questions, figures: true, cell: ({ questions }) => number(questions) },
    { key: "sales", title: words.sales, figures: true, cell: ({ sales }) => (sales === null ? "–" : number(sales, 0)) },
  ];
  return (
    <div>
      <h3>{words.diffCounts}</h3>
      <Table
        caption={words.diffCounts}
        columns={columns}
        rows={counts.slice(0, SHOWN)}
        rowKey={({ before, after }) => `${before}-${after}`}
      />
    </div>
  );
}

function Moved({ moved }: { moved: DiffMoved[] }) {
  const words = useWords(decisionWords);
  const format = useFormat();
  const sure = (confidence: number | null) => confidence !== null && <span className="faint"> {format.percent(confidence)}</span>;
  const columns: Column<DiffMoved>[] = [
    { key: "question", title: words.question, cell: ({ question }) => question },
    {
      key: "before",
      title: words.was,
      cell: ({ before, before_confidence: confidence }) => (
        <>
          {told(before, format) ?? words.noAnswer}
          {sure(confidence)}
        </>
      ),
    },
    {
      key: "after",
      title: words.becomes,
      cell: ({ after, after_confidence: confidence }) => (
        <>
          {told(after, format) ?? words.noAnswer}
          {sure(confidence)}
        </>
      ),
    },
    { key: "sales", title: words.sales, figures: true, cell: ({ sales }) => (sales === null ? "–" : format.number(sales, 0)) },
  ];
  return (
    <div>
      <h3>{words.diffMoved}</h3>
      <Table caption={words.diffMoved} columns={columns} rows={moved.slice(0, SHOWN)} rowKey={({ question }) => question} />
    </div>
  );
}

function told(answer: DiffMoved["before"], format: Format): string | null {
  if (answer === null) return null;
  if (Array.isArray(answer)) return answer.join(", ");
  return typeof answer === "number" ? format.number(answer) : answer;
}
