import { useState } from "react";
import { useWords } from "../../shell/language";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { ErrorState } from "../../ui/States";
import { playgroundWords } from "../../words/playground";
import { nobodyKnown, useAnswer, useKnown } from "../asking";
import { Awaited } from "../Awaited";
import { useProducts } from "../Likely";
import { Picker } from "../Picker";
import type { JsonObject } from "../schema";
import { Trace } from "../Trace";
import { reasonOf } from "./FashionPlayground";
import { History, type Known } from "./History";
import { itemsOf } from "./items";
import { Shown } from "./Shown";

const MODEL = "product_recommendations";
const TOP = 12;

/** A customer, or a newcomer with a history made up here, and the products recommended to them. */
export function ProductsPlayground() {
  const words = useWords(playgroundWords);
  const [picked, setPicked] = useState<string | null>(null);
  const [history, setHistory] = useState<Known[] | null>(null);
  const known = useKnown(MODEL, "");
  const customer = picked ?? known.data?.entities[0]?.id ?? null;
  const { data, error } = useAnswer(MODEL, history ? newcomer(history) : customer ? { user_id: customer, top: TOP } : null);
  const items = data ? itemsOf(data.row) : [];
  const products = useProducts(items.map(({ id }) => id));
  const named = items.map((item) => ({
    ...item,
    title: products.get(item.id)?.description ?? item.title,
    image: products.get(item.id)?.image_url ?? item.image,
  }));
  const choose = (one: string) => {
    setHistory(null);
    setPicked(one);
  };
  return (
    <div className="play-picked">
      <Card>
        <Button icon="playground" aria-pressed={history !== null} onClick={() => setHistory(history ? null : [])}>
          {words.newcomer}
        </Button>
        {history ? <History known={history} onChange={setHistory} /> : <Picker model={MODEL} chosen={customer} onChoose={choose} strangers />}
      </Card>
      <Card title={history ? words.newcomer : (customer ?? words.answer)} aside={data && reasonOf(words, data.row["reason"])}>
        {error ? (
          <ErrorState error={error} />
        ) : data ? (
          <>
            <Shown told={data} items={named} />
            <Trace told={data} />
          </>
        ) : (
          <Awaited nobody={!history && !picked && nobodyKnown(known.data)} />
        )}
      </Card>
    </div>
  );
}

function newcomer(history: Known[]): JsonObject {
  return { user_id: null, top: TOP, history: history.map(({ code, rating }) => ({ item_id: code, rating })) };
}
