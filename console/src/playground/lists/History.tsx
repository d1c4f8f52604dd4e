import { CatalogueSearch } from "../../review/CatalogueSearch";
import { useWords } from "../../shell/language";
import { IconButton } from "../../ui/Button";
import { playgroundWords } from "../../words/playground";
import { useProducts } from "../Likely";
import { useSlash } from "../useSlash";
import "../../review/review.css";

export interface Known {
  code: string;
  rating: number;
}

const STARS = [1, 2, 3, 4, 5];
const LIKED = 5;

interface Props {
  known: Known[];
  onChange: (known: Known[]) => void;
}

/** What a newcomer knows: products of the catalogue and what they gave them. */
export function History({ known, onChange }: Props) {
  const words = useWords(playgroundWords);
  const field = useSlash();
  const products = useProducts(known.map(({ code }) => code));
  const add = (code: string) => {
    if (!known.some((one) => one.code === code)) onChange([...known, { code, rating: LIKED }]);
  };
  return (
    <div className="play-history">
      <h3>{words.history}</h3>
      {known.length === 0 && <p className="faint">{words.historyNone}</p>}
      <ul>
        {known.map(({ code, rating }) => {
          const name = products.get(code)?.description ?? code;
          return (
            <li key={code}>
              <span>{name}</span>
              <select
                aria-label={words.gave(name)}
                value={rating}
                onChange={(event) =>
                  onChange(known.map((one) => (one.code === code ? { code, rating: Number(event.target.value) } : one)))
                }
              >
                {STARS.map((stars) => (
                  <option key={stars} value={stars}>
                    {words.rating(String(stars))}
                  </option>
                ))}
              </select>
              <IconButton icon="cross" label={words.remove(name)} onClick={() => onChange(known.filter((one) => one.code !== code))} />
            </li>
          );
        })}
      </ul>
      <CatalogueSearch ref={field} onChoose={add} onLeave={() => field.current?.blur()} />
    </div>
  );
}
