import type { Segment } from "./segments";
import "./marked-words.css";

/** A text with the words that drove a prediction marked as strongly as they weighed. */
export function MarkedWords({ segments }: { segments: readonly Segment[] }) {
  return segments.map(({ text, strength }, index) =>
    strength === 0 ? (
      <span key={index}>{text}</span>
    ) : (
      <mark
        key={index}
        className={strength > 0 ? "driver-for" : "driver-against"}
        style={{ "--strength": `${Math.round(Math.abs(strength) * 100)}%` }}
      >
        {text}
      </mark>
    ),
  );
}
