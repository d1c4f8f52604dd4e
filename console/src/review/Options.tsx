import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Keys } from "../ui/Keys";
import { Meter } from "../ui/Meter";
import { reviewWords } from "../words/review";
import { ProductImage } from "./ProductImage";
import type { Suggestion } from "./shapes";

interface Props {
  options: Suggestion[];
  suggested: string | null;
  chosen: string | null;
  onChoose: (code: string) => void;
}

/** The codes a key away, with how sure the model is of each. */
export function Options({ options, suggested, chosen, onChoose }: Props) {
  const words = useWords(reviewWords);
  const { percent } = useFormat();
  const sure = (share: number) => (share < 0.001 ? `< ${percent(0.001, 1)}` : percent(share, share < 0.1 ? 1 : 0));
  return (
    <section className="options">
      <h3>{words.alternatives}</h3>
      <ol>
        {options.map((option, index) => (
          <li key={option.code}>
            <button
              type="button"
              className="option"
              aria-pressed={option.code === chosen}
              aria-keyshortcuts={String(index + 1)}
              onClick={() => onChoose(option.code)}
            >
              <Keys keys={String(index + 1)} />
              <ProductImage url={option.image_url} alt="" size="small" />
              <span className="option-text">
                <span className="option-name">{option.description ?? words.noProduct}</span>
                <span className="option-code">
                  <span className="mono">{option.code}</span>
                  {option.code === suggested && ` · ${words.suggested}`}
                </span>
              </span>
              <span className="option-confidence">
                <span className="figures">{sure(option.confidence)}</span>
                <Meter share={option.confidence} label={words.confidence} text={sure(option.confidence)} />
              </span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
