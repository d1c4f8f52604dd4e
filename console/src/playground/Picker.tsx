import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { playgroundWords } from "../words/playground";
import { useKnown, useSettled } from "./asking";
import { useSlash } from "./useSlash";

interface Props {
  model: string;
  chosen: string | null;
  onChoose: (id: string) => void;
  /** Whether one may be asked about whom the model does not know. */
  strangers?: boolean;
}

const PAUSE_MS = 150;

/** One of those that a model knows: type a part, move with the arrows, Enter. */
export function Picker({ model, chosen, onChoose, strangers = false }: Props) {
  const words = useWords(playgroundWords);
  const { number } = useFormat();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const field = useSlash();
  const list = useRef<HTMLUListElement>(null);
  const moved = useRef(false);
  useEffect(() => {
    // Only when the arrows moved: the page is not to jump when the list comes.
    if (moved.current) list.current?.children[at]?.scrollIntoView({ block: "nearest" });
  }, [at]);
  const asked = useSettled(text.trim(), PAUSE_MS);
  const { data, isPlaceholderData } = useKnown(model, asked);
  // What is shown until then was found for other letters: Enter would choose what nobody meant.
  const settled = asked === text.trim() && !isPlaceholderData;
  const known = data?.entities ?? [];
  const choose = (one: string) => {
    setText("");
    setAt(0);
    onChoose(one);
  };
  const pressed = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const here = known[at];
    if (step !== undefined && known.length > 0) {
      moved.current = true;
      setAt((before) => (before + step + known.length) % known.length);
    } else if (event.key === "Enter" && !settled) event.preventDefault();
    else if (event.key === "Enter" && here) choose(here.id);
    else if (event.key === "Enter" && strangers && text.trim()) choose(text.trim());
    else return;
    event.preventDefault();
  };
  return (
    <div className="play-picker">
      <div className="field">
        <label htmlFor={`${id}-field`}>{words.pick[model] ?? model}</label>
        <input
          ref={field}
          id={`${id}-field`}
          type="search"
          role="combobox"
          aria-expanded={known.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={known[at] ? `${id}-${at}` : undefined}
          aria-autocomplete="list"
          autoComplete="off"
          placeholder={words.pickHint}
          value={text}
          maxLength={200}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={pressed}
        />
      </div>
      <ul ref={list} id={`${id}-list`} role="listbox" aria-label={words.pick[model] ?? model} aria-busy={!settled} className="play-known">
        {known.map(({ id: one, note }, place) => (
          <li
            key={one}
            id={`${id}-${place}`}
            role="option"
            aria-selected={one === chosen}
            className={place === at ? "play-at" : undefined}
            onClick={() => choose(one)}
          >
            <span>{note ?? one}</span>
            {note && <span className="faint mono">{one}</span>}
          </li>
        ))}
      </ul>
      {strangers && text.trim() && known.length === 0 && (
        <button type="button" className="play-stranger" onClick={() => choose(text.trim())}>
          {words.unknown(text.trim())}
        </button>
      )}
      <p className="faint play-count" role="status">
        {data && words.found(data.total, number(data.total, 0))}
      </p>
    </div>
  );
}
