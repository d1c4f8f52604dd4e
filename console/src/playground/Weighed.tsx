import type { Driver } from "../api/schema";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { MarkedWords } from "../ui/MarkedWords";
import { segmentsOf } from "../ui/segments";
import { playgroundWords } from "../words/playground";

/** A text with its words marked as strongly as they weighed, and each word's weight below. */
export function Weighed({ text, drivers }: { text: string; drivers: Driver[] }) {
  const words = useWords(playgroundWords);
  const { number } = useFormat();
  const fitting = drivers.filter(({ start, end, text: word }) => text.slice(start, end) === word);
  const strongest = Math.max(...fitting.map(({ weight }) => Math.abs(weight)), Number.MIN_VALUE);
  const ranked = [...fitting].sort((left, right) => Math.abs(right.weight) - Math.abs(left.weight)).slice(0, 8);
  return (
    <>
      <p className="play-weighed">
        <MarkedWords segments={segmentsOf(text, fitting)} />
      </p>
      <ul className="play-weights">
        {ranked.map(({ text: word, weight, start }) => (
          <li key={start}>
            <span className="play-word">{word}</span>
            <span className="play-weight" aria-hidden="true">
              <span
                className={weight > 0 ? "play-bar-for" : "play-bar-against"}
                style={{ width: `${(Math.abs(weight) / strongest) * 50}%` }}
              />
            </span>
            <span className="figures">
              {weight > 0 ? "+" : ""}
              {number(weight, 2)}
              <span className="only-read"> {weight > 0 ? words.wordsFor : words.wordsAgainst}</span>
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
