import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type Ref, useDeferredValue, useEffect, useId, useState } from "react";
import { ask } from "../api/client";
import { useConnected } from "../api/connection";
import { useWords } from "../shell/language";
import { Icon } from "../ui/Icon";
import { Keys } from "../ui/Keys";
import { reviewWords } from "../words/review";
import { ProductImage } from "./ProductImage";

const PAUSE_MS = 120;
const SHOWN = 8;

interface Props {
  onChoose: (code: string) => void;
  /** Escape was pressed: back to the list. */
  onLeave: () => void;
  ref: Ref<HTMLInputElement>;
}

function useFound(text: string) {
  const [asked, setAsked] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const found = useQuery({
    queryKey: ["review", "search", asked],
    queryFn: ({ signal }) => ask("GET /v1/review/search", { query: { q: asked, limit: SHOWN } }, signal),
    enabled: asked !== "",
    ...(asked ? { placeholderData: keepPreviousData } : {}),
  });
  return { ...found, asked };
}

/** Another code by its name, or by some letters of it: type, move with the arrows, Enter. */
export function CatalogueSearch({ onChoose, onLeave, ref }: Props) {
  const words = useWords(reviewWords);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const { data, isFetching, error, asked, isPlaceholderData } = useFound(useDeferredValue(text));
  // What is shown until then was found for other letters: Enter would choose what nobody meant.
  const settled = asked === text.trim() && !isPlaceholderData;
  const products = text.trim() ? (data?.products ?? []) : [];
  const connected = useConnected();
  const id = useId();
  const choose = (code: string) => {
    setText("");
    onChoose(code);
  };
  const pressed = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && products.length > 0) setAt((before) => (before + step + products.length) % products.length);
    else if (event.key === "Enter" && products[at]) {
      if (settled) choose(products[at].code);
    } else if (event.key === "Escape") {
      setText("");
      onLeave();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const note = !text.trim() ? words.searchHint : noteOf(words, { connected, isFetching, error, count: products.length });
  return (
    <section className="search">
      <label htmlFor={`${id}-field`}>
        {words.search} <Keys keys="/" />
      </label>
      <div className="search-field">
        <Icon name="search" />
        <input
          ref={ref}
          id={`${id}-field`}
          type="text"
          role="combobox"
          autoComplete="off"
          spellCheck={false}
          aria-expanded={products.length > 0}
          aria-controls={`${id}-found`}
          aria-activedescendant={products[at] ? `${id}-${at}` : undefined}
          aria-describedby={`${id}-note`}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={pressed}
        />
      </div>
      <p id={`${id}-note`} className="search-note" role="status">
        {note}
      </p>
      <ul id={`${id}-found`} role="listbox" aria-label={words.search} aria-busy={!settled} hidden={products.length === 0}>
        {products.map((product, index) => (
          <li
            key={`${product.code} ${product.product_id}`}
            id={`${id}-${index}`}
            className="found"
            role="option"
            aria-selected={index === at}
            onMouseMove={() => setAt(index)}
            onClick={() => choose(product.code)}
          >
            <ProductImage url={product.image_url} alt="" size="small" />
            <span className="option-text">
              <span className="option-name">{product.description}</span>
              <span className="option-code mono">{product.code}</span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

type SearchWords = (typeof reviewWords)["es"];
interface Searched {
  connected: boolean;
  isFetching: boolean;
  error: Error | null;
  count: number;
}

function noteOf(words: SearchWords, { connected, isFetching, error, count }: Searched): string {
  if (!connected) return words.searchAway;
  if (error) return error.message;
  if (isFetching && count === 0) return words.searching;
  return count > 0 ? words.found(count) : words.foundNothing;
}
