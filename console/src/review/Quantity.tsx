import { type Ref, useState } from "react";
import { useLanguage, useWords } from "../shell/language";
import { numberTyped } from "../shell/typed";
import { IconButton } from "../ui/Button";
import { Keys } from "../ui/Keys";
import { reviewWords } from "../words/review";

/** As much as the server takes. */
const LARGEST = 1_000_000_000;

interface Props {
  value: number;
  onChange: (value: number) => void;
  /** Enter was pressed: on with the line. */
  onDone: () => void;
  ref: Ref<HTMLInputElement>;
}

/** Read a quantity as people write it; null for what is none. */
export function quantityOf(text: string): number | null {
  const value = numberTyped(text);
  return value !== null && value > 0 && value <= LARGEST ? value : null;
}

/** How many; the arrows count up and down. */
export function Quantity({ value, onChange, onDone, ref }: Props) {
  const words = useWords(reviewWords);
  const { language } = useLanguage();
  const [typed, setTyped] = useState<string | null>(null);
  const shown = typed ?? value.toLocaleString(language, { useGrouping: false, maximumFractionDigits: 6 });
  const wrong = typed !== null && quantityOf(typed) === null;
  const step = (by: number) => onChange(Math.min(LARGEST, Math.max(1, Math.floor(value) + by)));
  const finish = () => {
    const next = typed === null ? null : quantityOf(typed);
    setTyped(null);
    if (next !== null && next !== value) onChange(next);
  };
  return (
    <div className="quantity">
      <label htmlFor="line-quantity">
        {words.quantity} <Keys keys="q" />
      </label>
      <div className="quantity-field">
        <IconButton icon="down" label={words.less} disabled={value <= 1} onClick={() => step(-1)} />
        <input
          id="line-quantity"
          ref={ref}
          type="text"
          inputMode="decimal"
          autoComplete="off"
          value={shown}
          aria-invalid={wrong || undefined}
          aria-describedby={wrong ? "line-quantity-wrong" : undefined}
          onFocus={(event) => event.target.select()}
          onChange={(event) => setTyped(event.target.value)}
          onBlur={finish}
          onKeyDown={(event) => {
            if (event.key === "ArrowUp" || event.key === "ArrowDown") {
              event.preventDefault();
              setTyped(null);
              step(event.key === "ArrowUp" ? 1 : -1);
            } else if (event.key === "Enter" && !wrong) {
              finish();
              onDone();
            }
          }}
        />
        <IconButton icon="up" label={words.more} onClick={() => step(1)} />
      </div>
      {wrong && (
        <p id="line-quantity-wrong" className="field-error" role="alert">
          {words.quantityWrong}
        </p>
      )}
    </div>
  );
}
