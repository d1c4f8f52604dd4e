import { useState } from "react";
import { useFormat } from "../../shell/format";
import { useWords } from "../../shell/language";
import { Card } from "../../ui/Card";
import { SelectField } from "../../ui/Field";
import { ErrorState } from "../../ui/States";
import { playgroundWords } from "../../words/playground";
import { nobodyKnown, useAnswer, useKnown } from "../asking";
import { Awaited } from "../Awaited";
import { Picker } from "../Picker";
import { Trace } from "../Trace";
import { itemsOf } from "./items";
import { Shown } from "./Shown";

const MODEL = "fashion_recommendations";
const LENGTHS = [6, 12, 24];

/** A customer, and the garments recommended to them with why. */
export function FashionPlayground() {
  const words = useWords(playgroundWords);
  const { number } = useFormat();
  const [picked, setPicked] = useState<string | null>(null);
  const [top, setTop] = useState(12);
  const known = useKnown(MODEL, "");
  const customer = picked ?? known.data?.entities[0]?.id ?? null;
  const { data, error } = useAnswer(MODEL, customer ? { customer_id: customer, top } : null);
  return (
    <div className="play-picked">
      <Card>
        <Picker model={MODEL} chosen={customer} onChoose={setPicked} strangers />
        <SelectField label={words.howMany} value={top} onChange={(event) => setTop(Number(event.target.value))}>
          {LENGTHS.map((length) => (
            <option key={length} value={length}>
              {number(length)}
            </option>
          ))}
        </SelectField>
      </Card>
      <Card title={customer ?? words.answer} aside={data && reasonOf(words, data.row["reason"])}>
        {error ? (
          <ErrorState error={error} />
        ) : data ? (
          <>
            <Shown told={data} items={itemsOf(data.row)} />
            <Trace told={data} />
          </>
        ) : customer ? (
          <Awaited nobody={!picked && nobodyKnown(known.data)} />
        ) : (
          <p className="faint">{words.nothingYet}</p>
        )}
      </Card>
    </div>
  );
}

/** Why a list is as it is, in words. */
export function reasonOf(words: { reasons: Record<string, string>; popularList: string }, reason: unknown): string {
  if (reason === "popular") return words.popularList;
  return typeof reason === "string" ? (words.reasons[reason] ?? reason) : "";
}
