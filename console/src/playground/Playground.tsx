import { useState } from "react";
import type { ContractView } from "../api/schema";
import { useWords } from "../shell/language";
import { Tabs } from "../ui/Tabs";
import { playgroundWords } from "../words/playground";
import { DemandPlayground } from "./demand/DemandPlayground";
import { FashionPlayground } from "./lists/FashionPlayground";
import { ProductsPlayground } from "./lists/ProductsPlayground";
import { onlyText } from "./schema";
import { SchemaForm } from "./SchemaForm";
import { TextPlayground } from "./TextPlayground";

interface Props {
  name: string;
  contract: ContractView;
}

const MADE = {
  fashion_recommendations: FashionPlayground,
  product_recommendations: ProductsPlayground,
  demand_forecast: DemandPlayground,
} as Record<string, () => React.ReactNode>;

/** A model's own playground where it has one; the form of its schema always. */
export function Playground({ name, contract }: Props) {
  const words = useWords(playgroundWords);
  const [view, setView] = useState("shown");
  const text = onlyText(contract.request_schema);
  const Made = MADE[name];
  const form = <SchemaForm name={name} contract={contract} />;
  if (!text && !Made) return form;
  return (
    <Tabs
      label={words.views}
      tabs={[
        { key: "shown", title: words.shown },
        { key: "form", title: words.form },
      ]}
      chosen={view}
      onChoose={setView}
    >
      {view === "form" ? form : Made ? <Made /> : text && <TextPlayground name={name} contract={contract} column={text} />}
    </Tabs>
  );
}
