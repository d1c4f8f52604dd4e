import { useWords } from "../shell/language";
import { reviewWords } from "../words/review";
import { segmentsOf } from "./segments";
import type { Line } from "./shapes";

/** What was written, with the words that drove the prediction marked as strongly as they weighed. */
export function Description({ line }: { line: Line }) {
  const words = useWords(reviewWords);
  return (
    <h2 className="line-description">
      {segmentsOf(line.description, line.drivers).map(({ text, strength }, index) =>
        strength === 0 ? (
          <span key={index}>{text}</span>
        ) : (
          <mark
            key={index}
            className={strength > 0 ? "driver-for" : "driver-against"}
            style={{ "--strength": `${Math.round(Math.abs(strength) * 100)}%` }}
            title={`${words.why}: ${strength > 0 ? words.whyFor : words.whyAgainst}`}
          >
            {text}
          </mark>
        ),
      )}
    </h2>
  );
}
