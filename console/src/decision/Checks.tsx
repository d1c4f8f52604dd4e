import type { CheckView } from "../api/schema";
import { useWords } from "../shell/language";
import { Badge } from "../ui/Badge";
import { Card } from "../ui/Card";
import { type Column, Table } from "../ui/Table";
import { decisionWords } from "../words/decision";
import { AsRecorded } from "./AsRecorded";
import { figure } from "./figures";
import { checkName } from "./sentences";
import { useTold } from "./told/told";

interface Props {
  checks: CheckView[];
  title?: string;
  /** How a check is named; by default as those of decisions are. */
  name?: (check: string) => string;
  /** The sentence that a check's figures make; null where there are no words for it. */
  say: (check: CheckView) => string | null;
}

/** Every check with its value and limit; what failed comes first. */
export function Checks({ checks, title, name, say }: Props) {
  const told = useTold();
  const { words, format } = told;
  const nameOf = name ?? ((check: string) => checkName(check, told));
  const shown = (value: number | string | null) =>
    typeof value === "number" ? figure(format, value) : value === null ? "–" : (words.foundValues[value] ?? value);
  const columns: Column<CheckView>[] = [
    { key: "passed", title: <span className="only-read">{words.passed}</span>, cell: ({ passed }) => <Mark passed={passed} /> },
    { key: "name", title: words.check, cell: (check) => <strong className="check-name">{nameOf(check.name)}</strong> },
    { key: "value", title: words.value, figures: true, cell: ({ value }) => shown(value) },
    { key: "limit", title: words.limit, figures: true, cell: ({ limit }) => <span className="faint">{shown(limit)}</span> },
    { key: "note", title: words.note, cell: (check) => <Note check={check} said={say(check)} /> },
  ];
  const order = (passed: boolean | null) => (passed === false ? 0 : passed === null ? 1 : 2);
  const rows = [...checks].sort((left, right) => order(left.passed) - order(right.passed));
  const noted = rows.filter(({ note }) => note !== "").map((check) => ({ about: nameOf(check.name), text: check.note, machine: true }));
  return (
    <Card title={title ?? words.checks} className="decision-wide">
      <Table caption={title ?? words.checks} columns={columns} rows={rows} rowKey={(check) => check.name} />
      <AsRecorded title={words.notes} recorded={noted} />
    </Card>
  );
}

function Note({ check, said }: { check: CheckView; said: string | null }) {
  if (said) return <span className="check-note">{said}</span>;
  return (
    <span lang="en" className="check-note">
      {check.note}
    </span>
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
