import "./meter.css";

interface Props {
  /** Between 0 and 1. */
  share: number;
  /** What is measured; read out with `text`. */
  label: string;
  /** The share in words, such as `87 %`. */
  text: string;
  tone?: "accent" | "good" | "warn" | "bad";
}

/** A share as a bar; the number itself is for the caller to show. */
export function Meter({ share, label, text, tone = "accent" }: Props) {
  const filled = Math.min(1, Math.max(0, share));
  return (
    <div
      className={`meter meter-${tone}`}
      role="meter"
      aria-label={label}
      aria-valuenow={Math.round(filled * 100)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuetext={text}
    >
      <span style={{ width: `${filled * 100}%` }} />
    </div>
  );
}
