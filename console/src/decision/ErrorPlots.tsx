import { useQuery } from "@tanstack/react-query";
import { ask } from "../api/client";
import type { ErrorPlots as Plots } from "../api/schema";
import { useWords } from "../shell/language";
import { Card } from "../ui/Card";
import { EmptyState, ErrorState, Skeleton } from "../ui/States";
import { decisionWords } from "../words/decision";
import { named } from "../words/lifecycle";
import { Calibration } from "./plots/Calibration";
import { Confusion } from "./plots/Confusion";
import { DayCurve } from "./plots/DayCurve";
import { Histogram } from "./plots/Histogram";
import "./plots/plots.css";

type Plot = Plots["plots"][number];

/** What a version got wrong on the test set, beside the champion of then. */
export function ErrorPlots({ decision }: { decision: string }) {
  const words = useWords(decisionWords);
  const { data, error, refetch } = useQuery({
    queryKey: ["errors", decision],
    queryFn: ({ signal }) => ask("GET /v1/decisions/{decision_id}/errors", { path: { decision_id: decision } }, signal),
    staleTime: Infinity,
  });
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton lines={6} />;
  if (data.plots.length === 0) return <EmptyState icon="board" title={words.noErrors} hint={words.noErrorsHint} />;
  return (
    <div className="plots">
      {data.plots.map((plot) => (
        <Card key={keyOf(plot)} title={titleOf(plot, words)} className={plot.kind === "confusion" ? "plot-wide" : ""}>
          <Drawn plot={plot} />
        </Card>
      ))}
    </div>
  );
}

const keyOf = (plot: Plot): string => ("name" in plot ? `${plot.kind}-${plot.name}` : plot.kind);

function titleOf(plot: Plot, words: (typeof decisionWords)["es"]): string {
  return "name" in plot ? named(words.plotNames, plot.name) : named(words.plotKinds, plot.kind);
}

function Drawn({ plot }: { plot: Plot }) {
  switch (plot.kind) {
    case "confusion":
      return <Confusion plot={plot} />;
    case "calibration":
      return <Calibration plot={plot} />;
    case "histogram":
      return <Histogram plot={plot} />;
    case "curve":
      return <DayCurve plot={plot} />;
  }
}
