import type { FigureView, SliceView } from "../api/schema";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Card } from "../ui/Card";
import { decisionWords } from "../words/decision";
import { lifecycleWords, named } from "../words/lifecycle";
import { type GainRow, GainRows, useGainRow } from "./GainRows";

const AGAINST = new Set(["floor", "anchor"]);

/** Every figure of a verdict: those against the champion, then those against baseline and anchor. */
export function Gains({ figures }: { figures: FigureView[] }) {
  const words = useWords(decisionWords);
  const row = useGainRow();
  const groups = [figures.filter(({ role }) => !AGAINST.has(role)), figures.filter(({ role }) => AGAINST.has(role))];
  return (
    <Card title={words.gains} className="contained">
      {groups
        .filter((group) => group.length > 0)
        .map((group) => (
          <GainRows
            key={group[0]?.role}
            label={words.gains}
            {...(group.some(({ role }) => AGAINST.has(role)) ? { against: words.reference } : {})}
            rows={group.map((one) => row(one, named(words.roles, one.role)))}
          />
        ))}
      <p className="plot-note">{words.gainsNote}</p>
    </Card>
  );
}

/** The same for the slices that have a figure. */
export function Slices({ slices, title }: { slices: SliceView[]; title: string }) {
  const words = useWords(decisionWords);
  const own = useWords(lifecycleWords);
  const { number } = useFormat();
  const rows = slices.flatMap<GainRow>(({ name, rows: count, figure }) =>
    figure
      ? [
          {
            key: name,
            name: named(own.slices, name),
            note: `${named(own.metrics, figure.metric)}, ${words.rows(number(count))}`,
            figure,
          },
        ]
      : [],
  );
  if (rows.length === 0) return null;
  return (
    <Card title={title} className="contained">
      <GainRows label={title} rows={rows} />
    </Card>
  );
}
