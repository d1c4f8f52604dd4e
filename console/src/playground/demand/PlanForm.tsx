import { useState } from "react";
import { useFormat } from "../../shell/format";
import { useLanguage, useWords } from "../../shell/language";
import { Button } from "../../ui/Button";
import { TextField } from "../../ui/Field";
import { playgroundWords } from "../../words/playground";
import { type Day, type Plan, priceOf } from "./days";

interface Props {
  days: Day[];
  /** What is asked for a piece now. */
  price: number | null;
  plan: Plan;
  onPlan: (plan: Plan) => void;
}

const WRITTEN = { es: "es", en: "en-GB" };

/** Days of promotion, and a price, that might be. */
export function PlanForm({ days, price, plan, onPlan }: Props) {
  const words = useWords(playgroundWords);
  const { number, date: longDate } = useFormat();
  const { language } = useLanguage();
  const [typed, setTyped] = useState("");
  const short = new Intl.DateTimeFormat(WRITTEN[language], { weekday: "short", day: "numeric", timeZone: "UTC" });
  const promote = (promoted: Iterable<string>) => onPlan({ ...plan, promoted: new Set(promoted) });
  const toggle = (date: string) =>
    promote(plan.promoted.has(date) ? [...plan.promoted].filter((other) => other !== date) : [...plan.promoted, date]);
  const wrong = typed.trim() !== "" && priceOf(typed) === null;
  const charge = (text: string) => {
    setTyped(text);
    onPlan({ ...plan, price: priceOf(text) });
  };
  return (
    <div className="play-plan">
      <p className="play-note">{words.planNote}</p>
      <fieldset>
        <legend>{words.promotion}</legend>
        <div className="play-row">
          <Button size="small" onClick={() => promote(days.map(({ date }) => date))}>
            {words.allDays}
          </Button>
          <Button size="small" tone="quiet" disabled={plan.promoted.size === 0} onClick={() => promote([])}>
            {words.noDays}
          </Button>
        </div>
        <div className="play-days">
          {days.map(({ date }) => (
            <button
              key={date}
              type="button"
              aria-pressed={plan.promoted.has(date)}
              aria-label={words.promoted(longDate(`${date}T12:00:00`))}
              onClick={() => toggle(date)}
            >
              {short.format(new Date(date))}
            </button>
          ))}
        </div>
      </fieldset>
      <TextField
        label={words.price}
        hint={price === null ? undefined : words.priceNow(number(price))}
        inputMode="decimal"
        value={typed}
        error={wrong ? words.priceWrong : undefined}
        maxLength={12}
        onChange={(event) => charge(event.target.value)}
      />
    </div>
  );
}
