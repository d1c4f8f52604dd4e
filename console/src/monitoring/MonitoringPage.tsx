import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { ask } from "../api/client";
import type { Board } from "../api/schema";
import { Stale } from "../board/Stale";
import { Checks } from "../decision/Checks";
import { toneOf } from "../decision/tones";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { PageFrame } from "../shell/PageFrame";
import { Link, useSearch } from "../shell/router";
import { EmptyState, ErrorState, Skeleton } from "../ui/States";
import { lifecycleWords, named } from "../words/lifecycle";
import { monitoringWords } from "../words/monitoring";
import { AccuracyChart } from "./AccuracyChart";
import { AlarmStrip } from "./AlarmStrip";
import { DriftChart } from "./DriftChart";
import { Latest } from "./Latest";
import { monitoredName } from "./names";
import { monitoredSaid } from "./said";
import "../decision/decision.css";
import "../decision/plots/plots.css";
import "./monitoring.css";

const REFRESH_MS = 60_000;
const ASSESSMENTS = 200;

/** What the monitoring has found of each model, over time. */
export default function MonitoringPage() {
  const words = useWords(monitoringWords);
  const { data, error, refetch, dataUpdatedAt } = useQuery({
    queryKey: ["board"],
    queryFn: ({ signal }) => ask("GET /v1/board", {}, signal),
    refetchInterval: REFRESH_MS,
  });
  return (
    <PageFrame title={words.title}>
      {data && <Stale error={error} since={dataUpdatedAt} />}
      {data ? <Models board={data} /> : error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton lines={8} />}
    </PageFrame>
  );
}

/** Shown first is what alarms, then what has been assessed at all. */
function first({ models }: Board): string | undefined {
  const alarmed = models.find(({ drift }) => drift && drift.alarms.length > 0);
  return (alarmed ?? models.find(({ drift }) => drift) ?? models[0])?.name;
}

function Models({ board }: { board: Board }) {
  const words = useWords(monitoringWords);
  const own = useWords(lifecycleWords);
  const query = useSearch();
  const chosen = query.get("model") ?? first(board);
  if (!chosen) return <EmptyState icon="monitoring" title={words.noModels} />;
  return (
    <>
      <nav className="monitored" aria-label={words.models}>
        <ul>
          {board.models.map(({ name, drift }) => (
            <li key={name}>
              <Link to={`/monitoring?model=${name}`} aria-current={name === chosen ? "page" : undefined}>
                <span className={`health health-${toneOf(drift?.verdict ?? null)}`} aria-hidden="true" />
                {named(own.models, name)}
                {drift && <span className="only-read">{named(own.health, drift.verdict)}</span>}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <Assessments key={chosen} model={chosen} />
    </>
  );
}

function Assessments({ model }: { model: string }) {
  const words = useWords(monitoringWords);
  const format = useFormat();
  const { data, error, refetch } = useQuery({
    queryKey: ["assessments", model],
    queryFn: ({ signal }) =>
      ask("GET /v1/models/{name}/assessments", { path: { name: model }, query: { limit: ASSESSMENTS } }, signal),
    refetchInterval: REFRESH_MS,
  });
  const oldestFirst = useMemo(() => [...(data?.assessments ?? [])].reverse(), [data]);
  if (!data) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton lines={8} />;
  const latest = oldestFirst.at(-1);
  if (!latest) return <EmptyState icon="monitoring" title={words.none} hint={words.noneHint} />;
  return (
    <div className="decision-parts">
      <Latest assessment={latest} />
      <AccuracyChart assessments={oldestFirst} />
      <DriftChart assessments={oldestFirst} />
      <AlarmStrip assessments={oldestFirst} />
      <Checks
        checks={latest.checks}
        title={words.checks}
        name={(check) => monitoredName(check, words)}
        say={(check) => monitoredSaid(check, latest, words, format)}
      />
    </div>
  );
}
