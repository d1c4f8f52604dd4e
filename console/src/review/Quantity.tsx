import { type Ref, useRef, useState } from "react";
import { useLanguage, useWords } from "../shell/language";
import { readings } from "../shell/typed";
import { IconButton } from "../ui/Button";
import { Keys } from "../ui/Keys";
import { reviewWords } from "../words/review";
import { QuantityAsk } from "./QuantityAsk";

/** As much as the server takes. */
const LARGEST = 1_000_000_000;

interface Props {
  value: number;
  onChange: (value: number) => void;
  /** Each quantity on the way, so that a reload loses nothing that was typed; that before, where it is none. */
  onTyped?: ((value: number) => void) | undefined;
  /** Enter was pressed: on with the line. */
  onDone: () => void;
  ref: Ref<HTMLInputElement>;
}

/** Return the quantities that a text may mean; see `readings`. */
export const quantitiesOf = (text: string): number[] => readings(text).filter((value) => value > 0 && value <= LARGEST);

/** Read a quantity as people write it; null for what is none, or may be two. */
export function quantityOf(text: string): number | null {
  const [value, other] = quantitiesOf(text);
  return value !== undefined && other === undefined ? value : null;
}

/** How many; the arrows count up and down. */
export function Quantity({ value, onChange, onTyped, onDone, ref }: Props) {
  const words = useWords(reviewWords);
  const { language } = useLanguage();
  const [typed, setTyped] = useState<string | null>(null);
  const before = useRef(value);
  const [refused, setRefused] = useState<string | null>(null);
  const shown = typed ?? value.toLocaleString(language, { useGrouping: false, maximumFractionDigits: 6 });
  const wrong = typed !== null && quantityOf(typed) === null;
  const fault = wrong ? typed : refused;
  const asked = typed === null ? [] : quantitiesOf(typed);
  const asks = useRef<HTMLDivElement>(null);
  const says = (text: string) => {
    if (quantitiesOf(text).length > 1) return words.quantityTwo;
    return (readings(text)[0] ?? 0) > LARGEST ? words.quantityLarge(LARGEST.toLocaleString(language)) : words.quantityWrong;
  };
  const step = (by: number) => onChange(Math.min(LARGEST, Math.max(1, Math.floor(value) + by)));
  const finish = () => {
    const next = typed === null ? null : quantityOf(typed);
    setTyped(null);
    // The number before stands again; that must not happen without a word.
    setRefused(wrong ? typed : null);
    if (next !== null && next !== value) onChange(next);
  };
  const meant = (value: number) => {
    setTyped(null);
    onChange(value);
    onDone();
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
          aria-describedby={asked.length > 1 ? "line-quantity-asked" : fault !== null ? "line-quantity-wrong" : undefined}
          onFocus={(event) => event.target.select()}
          onChange={(event) => {
            setTyped(event.target.value);
            setRefused(null);
            if (typed === null) before.current = value;
            onTyped?.(quantityOf(event.target.value) ?? before.current);
          }}
          onBlur={({ relatedTarget }) => {
            if (!asks.current?.contains(relatedTarget)) finish();
          }}
          onKeyDown={(event) => {
            if (event.key === "ArrowUp" || event.key === "ArrowDown") {
              event.preventDefault();
              setTyped(null);
              step(event.key === "ArrowUp" ? 1 : -1);
            } else if (event.key === "Enter" && asked.length > 1) {
              event.preventDefault();
              asks.current?.querySelector("button")?.focus();
            } else if (event.key === "Enter" && !wrong) {
              finish();
              onDone();
            }
          }}
        />
        <IconButton icon="up" label={words.more} onClick={() => step(1)} />
      </div>
      {typed !== null && asked.length > 1 && <QuantityAsk ref={asks} typed={typed} values={asked} onChoose={meant} />}
      {asked.length < 2 && fault !== null && (
        <p id="line-quantity-wrong" className="field-error" role="alert">
          {says(fault)}
          {!wrong && ` ${words.quantityStays(fault)}`}
        </p>
      )}
    </div>
  );
}
