import type { CheckView } from "../api/schema";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Badge } from "../ui/Badge";
import { Card } from "../ui/Card";
import { type Column, Table } from "../ui/Table";
import { decisionWords } from "../words/decision";
import { lifecycleWords } from "../words/lifecycle";
import { figure } from "./figures";
import { checkName } from "./sentences";

/** Every check with its value and limit; what failed comes first. */
export function Checks({ checks, title }: { checks: CheckView[]; title?: string }) {
  const words = useWords(decisionWords);
  const own = useWords(lifecycleWords);
  const format = useFormat();
  const shown = (value: number | string | null) =>
    typeof value === "number" ? figure(format, value) : value === null ? "–" : value;
  const columns: Column<CheckView>[] = [
    { key: "passed", title: <span className="only-read">{words.passed}</span>, cell: ({ passed }) => <Mark passed={passed} /> },
    { key: "name", title: words.check, cell: ({ name }) => <strong className="check-name">{checkName(name, words, own)}</strong> },
    { key: "value", title: words.value, figures: true, cell: ({ value }) => shown(value) },
    { key: "limit", title: words.limit, figures: true, cell: ({ limit }) => <span className="faint">{shown(limit)}</span> },
    { key: "note", title: words.note, cell: ({ note }) => <span lang="en" className="check-note">{note}</span> },
  ];
  const order = (passed: boolean | null) => (passed === false ? 0 : passed === null ? 1 : 2);
  const rows = [...checks].sort((left, right) => order(left.passed) - order(right.passed));
  return (
    <Card title={title ?? words.checks} className="decision-wide">
      <Table caption={title ?? words.checks} columns={columns} rows={rows} rowKey={({ name }) => name} />
    </Card>
  );
}

function Mark({ passed }: { passed: boolean | null }) {
  const words = useWords(decisionWords);
  if (passed === null) return <Badge>{words.informs}</Badge>;
  return passed ? (
    <Badge tone="good" icon="check">
      {words.passed}
    </Badge>
  ) : (
    <Badge tone="bad" icon="cross">
      {words.notPassed}
    </Badge>
  );
}
