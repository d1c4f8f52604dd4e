import { useState } from "react";
import { useFormat } from "../../shell/format";
import { useWords } from "../../shell/language";
import { Card } from "../../ui/Card";
import { SelectField } from "../../ui/Field";
import { EmptyState, ErrorState, Skeleton } from "../../ui/States";
import { Refused } from "../../api/problem";
import { playgroundWords } from "../../words/playground";
import { nobodyKnown, useKnown, useSettled } from "../asking";
import { Awaited } from "../Awaited";
import { Picker } from "../Picker";
import { Trace } from "../Trace";
import { daysOf, type Plan } from "./days";
import { ForecastChart } from "./ForecastChart";
import { PlanForm } from "./PlanForm";
import { Totals } from "./Totals";
import { useForecast, useSales } from "./useForecast";

const MODEL = "demand_forecast";
const HORIZONS = [7, 14, 28];
const PAUSE_MS = 250;
const NOTHING: Plan = { promoted: new Set(), price: null };

/** A product's sales, its forecast, and what a promotion would change. */
export function DemandPlayground() {
  const words = useWords(playgroundWords);
  const { number } = useFormat();
  const [picked, setPicked] = useState<string | null>(null);
  const [horizon, setHorizon] = useState(14);
  const known = useKnown(MODEL, "");
  const product = picked ?? known.data?.entities[0]?.id ?? null;
  return (
    <div className="play-picked">
      <Card>
        <Picker model={MODEL} chosen={product} onChoose={setPicked} />
        <SelectField label={words.horizon} value={horizon} onChange={(event) => setHorizon(Number(event.target.value))}>
          {HORIZONS.map((days) => (
            <option key={days} value={days}>
              {number(days)}
            </option>
          ))}
        </SelectField>
      </Card>
      {product ? <Forecast key={`${product} ${horizon}`} product={product} horizon={horizon} /> : <Awaited nobody={nobodyKnown(known.data)} />}
    </div>
  );
}

function Forecast({ product, horizon }: { product: string; horizon: number }) {
  const words = useWords(playgroundWords);
  const [plan, setPlan] = useState<Plan>(NOTHING);
  const sales = useSales(product);
  const plain = useForecast(product, horizon, null, []);
  const days = plain.data ? daysOf(plain.data.row) : [];
  const planned = useForecast(product, horizon, useSettled(plan, PAUSE_MS), days.map(({ date }) => date));
  const isPlanned = plan.promoted.size > 0 || plan.price !== null;
  const error = sales.error ?? plain.error ?? planned.error;
  if (error instanceof Refused && error.status === 404) return <EmptyState icon="playground" title={words.noSales} />;
  if (error) return <ErrorState error={error} />;
  if (!sales.data || !plain.data) return <Skeleton lines={8} />;
  const whatIf = isPlanned && planned.data ? daysOf(planned.data.row) : null;
  const told = whatIf && planned.data ? planned.data : plain.data;
  return (
    <div className="play-forecast">
      <Card title={sales.data.name ?? product} aside={sales.data.category}>
        <ForecastChart sales={sales.data} plain={days} planned={whatIf} />
        <Totals plain={days} planned={whatIf} sure={told.row["confidence_score"]} />
        <Trace told={told} />
      </Card>
      <Card title={words.plan}>
        <PlanForm days={days} price={sales.data.days.at(-1)?.price ?? null} plan={plan} onPlan={setPlan} />
      </Card>
    </div>
  );
}
