import type { ConfusionPlot } from "../../api/schema";
import { useFormat } from "../../shell/format";
import { useWords } from "../../shell/language";
import { decisionWords } from "../../words/decision";

const PAIRS = 8;

/** Who is taken for whom among the classes that are mistaken most. */
export function Confusion({ plot }: { plot: ConfusionPlot }) {
  const words = useWords(decisionWords);
  const { number, percent } = useFormat();
  const wrong = plot.rows - plot.right;
  return (
    <>
      <p className="plot-lead">
        {words.rightOf(number(plot.right), number(plot.rows), percent(plot.right / (plot.rows || 1), 1))}
      </p>
      {wrong > 0 && (
        <div className="confusion">
          <Matrix plot={plot} />
          <Pairs plot={plot} />
        </div>
      )}
    </>
  );
}

function Matrix({ plot: { classes, counts } }: { plot: ConfusionPlot }) {
  const words = useWords(decisionWords);
  const totals = counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  return (
    <div className="matrix-frame" tabIndex={0} role="region" aria-label={words.matrix}>
      <table className="matrix">
        <caption>{words.matrixNote}</caption>
        <thead>
          <tr>
            <td />
            {classes.map((name) => (
              <th key={name} scope="col" title={name}>
                <span>{name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {counts.map((row, truth) => (
            <tr key={classes[truth]}>
              <th scope="row" title={classes[truth]}>
                <span>{classes[truth]}</span>
              </th>
              {row.map((count, answer) => (
                <Cell
                  key={classes[answer]}
                  count={count}
                  share={count / (totals[truth] || 1)}
                  right={truth === answer}
                  said={words.takenFor(classes[truth] ?? "", classes[answer] ?? "")}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ count, share, right, said }: { count: number; share: number; right: boolean; said: string }) {
  if (count === 0) return <td aria-label="0" />;
  const strength = Math.round(12 + 36 * share);
  const colour = right ? "var(--series-1)" : "var(--series-2)";
  return (
    <td title={`${said}: ${count}`} style={{ background: `color-mix(in srgb, ${colour} ${strength}%, var(--surface))` }}>
      {count}
    </td>
  );
}

function Pairs({ plot: { pairs } }: { plot: ConfusionPlot }) {
  const words = useWords(decisionWords);
  const { number } = useFormat();
  const compared = pairs.some(({ before }) => before !== null);
  return (
    <table className="table confused-pairs">
      <caption className="only-read">{words.commonest}</caption>
      <thead>
        <tr>
          <th scope="col">{words.truth}</th>
          <th scope="col">{words.answered}</th>
          <th scope="col" className="table-figures">
            {words.times}
          </th>
          {compared && (
            <th scope="col" className="table-figures">
              {words.timesBefore}
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {pairs.slice(0, PAIRS).map(({ actual, predicted, rows, before }) => (
          <tr key={`${actual}-${predicted}`}>
            <td>{actual}</td>
            <td>{predicted}</td>
            <td className="table-figures">{number(rows)}</td>
            {compared && <td className="table-figures faint">{before === null ? "–" : number(before)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
