import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { reviewWords } from "../words/review";
import { FILTERS, type Filter, held } from "./desk";
import type { Message } from "./shapes";

interface Props {
  messages: Message[];
  chosen: Filter;
  onChoose: (filter: Filter) => void;
}

export function Filters({ messages, chosen, onChoose }: Props) {
  const words = useWords(reviewWords);
  const { number } = useFormat();
  return (
    <div className="filters" role="group" aria-label={words.filterLabel}>
      {FILTERS.map((filter) => (
        <button key={filter} type="button" aria-pressed={filter === chosen} onClick={() => onChoose(filter)}>
          {words.filters[filter]} <span className="figures">{number(held(messages, filter))}</span>
        </button>
      ))}
    </div>
  );
}
