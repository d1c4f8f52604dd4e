import type { Ref } from "react";
import { useLanguage, useWords } from "../shell/language";
import { Button } from "../ui/Button";
import { reviewWords } from "../words/review";

interface Props {
  typed: string;
  /** What it may mean. */
  values: number[];
  onChoose: (value: number) => void;
  ref: Ref<HTMLDivElement>;
}

/** Asked where a mark may part thousands or decimals: nobody orders one for a thousand unasked. */
export function QuantityAsk({ typed, values, onChoose, ref }: Props) {
  const words = useWords(reviewWords);
  const { language } = useLanguage();
  const shown = (value: number) => {
    const text = value.toLocaleString(language, { useGrouping: false, maximumFractionDigits: 6 });
    return Number.isInteger(value) ? text : words.withDecimals(text);
  };
  return (
    <div ref={ref} className="quantity-ask" role="group" aria-labelledby="line-quantity-asked">
      <p id="line-quantity-asked" role="status">
        {words.quantityAsk(typed)}
      </p>
      {values.map((value) => (
        <Button key={value} size="small" onClick={() => onChoose(value)}>
          {shown(value)}
        </Button>
      ))}
    </div>
  );
}
