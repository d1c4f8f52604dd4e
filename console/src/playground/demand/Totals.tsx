import { useFormat } from "../../shell/format";
import { useWords } from "../../shell/language";
import { playgroundWords } from "../../words/playground";
import type { Json } from "../schema";
import { type Day, totalOf } from "./days";

const LARGE = 100;

/** What the days add up to, with the plan beside without it. */
export function Totals({ plain, planned, sure }: { plain: Day[]; planned: Day[] | null; sure: Json | undefined }) {
  const words = useWords(playgroundWords);
  const { number, percent } = useFormat();
  const before = totalOf(plain);
  const pieces = (value: number) => number(value, value < LARGE ? 1 : 0);
  const total = planned ? totalOf(planned) : before;
  return (
    <dl className="play-totals" aria-live="polite">
      <div>
        <dt>{words.total}</dt>
        <dd className="play-figure">{pieces(total)}</dd>
      </div>
      {planned && (
        <>
          <div>
            <dt>{words.without}</dt>
            <dd>{pieces(before)}</dd>
          </div>
          <div>
            <dt>{words.change}</dt>
            <dd>
              {total >= before ? "+" : ""}
              {before === 0 ? pieces(total) : percent((total - before) / before, 1)}
            </dd>
          </div>
        </>
      )}
      {typeof sure === "number" && (
        <div title={words.sureNote}>
          <dt>{words.sure}</dt>
          <dd>{percent(sure)}</dd>
        </div>
      )}
    </dl>
  );
}
