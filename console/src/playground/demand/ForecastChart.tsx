import { useMemo } from "react";
import type { ProductSales } from "../../api/schema";
import { useWords } from "../../shell/language";
import { TimeChart } from "../../ui/TimeChart";
import { playgroundWords } from "../../words/playground";
import { type Day, drawn } from "./days";

const BAND: [number, number][] = [[0, 1]];
const HEIGHT = 300;

/** What was sold, and what is expected with its band; the forecast without the plan stays to be compared. */
export function ForecastChart({ sales, plain, planned }: { sales: ProductSales; plain: Day[]; planned: Day[] | null }) {
  const words = useWords(playgroundWords);
  // Their text and not their identity says whether they are others: both are made anew each time.
  const said = JSON.stringify([plain, planned]);
  const { times, series } = useMemo(() => {
    const [before, after] = JSON.parse(said) as [Day[], Day[] | null];
    const lines = drawn(sales.days, before, after);
    const expected = { label: words.forecast, values: lines.plain, dashed: after !== null };
    return {
      times: lines.times,
      series: [
        { label: words.low, values: lines.low, edge: true },
        { label: words.high, values: lines.high, edge: true },
        { label: words.sold, values: lines.sold, colour: 4 as const },
        expected,
        ...(after ? [{ label: words.whatIf, values: lines.planned, colour: 2 as const }] : []),
      ],
    };
  }, [sales, said, words]);
  return (
    <>
      <TimeChart times={times} series={series} bands={BAND} label={words.chart} height={HEIGHT} digits={0} />
      <p className="play-note">{planned ? `${words.chartNote} ${words.chartPlanned}` : words.chartNote}</p>
    </>
  );
}
