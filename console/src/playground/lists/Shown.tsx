import { useState } from "react";
import { ProductImage } from "../../review/ProductImage";
import { useFormat } from "../../shell/format";
import { useWords } from "../../shell/language";
import { Badge } from "../../ui/Badge";
import { IconButton } from "../../ui/Button";
import { Meter } from "../../ui/Meter";
import { playgroundWords } from "../../words/playground";
import type { Told } from "../asking";
import { useFeedback } from "../Feedback";
import type { Item } from "./items";

/** A recommended list as cards: picture, name, why, and how it scored beside the best. */
export function Shown({ told, items }: { told: Told; items: Item[] }) {
  const words = useWords(playgroundWords);
  const { number } = useFormat();
  const { send, sent, dialog } = useFeedback(told);
  const [taken, setTaken] = useState<string | null>(null);
  const best = Math.max(...items.map(({ score }) => score ?? 0), Number.MIN_VALUE);
  const here = sent.isSuccess && sent.variables.truth.chosen === taken ? taken : null;
  const choose = (id: string) => {
    setTaken(id);
    send({ chosen: id });
  };
  return (
    <>
      <ol className="play-items">
        {items.map(({ id, title, image, reason, score, rating }) => (
          <li key={id} className={here === id ? "play-taken" : undefined}>
            <ProductImage url={image} alt="" size="big" />
            <span className="play-item-title">{title ?? id}</span>
            {title && <span className="faint mono">{id}</span>}
            <span className="play-item-why">
              {reason && <Badge tone={reason === "popular" ? "plain" : "accent"}>{words.reasons[reason] ?? reason}</Badge>}
              {rating !== null && <Badge title={words.ratingNote}>{words.rating(number(rating, 1))}</Badge>}
              <IconButton icon="check" label={words.choose} aria-pressed={here === id} onClick={() => choose(id)} />
            </span>
            {score !== null && <Meter share={score / best} label={words.score} text={number(score, 3)} />}
          </li>
        ))}
      </ol>
      {dialog}
    </>
  );
}
