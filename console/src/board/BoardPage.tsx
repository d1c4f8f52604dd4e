import { useQuery } from "@tanstack/react-query";
import { ask } from "../api/client";
import type { Board } from "../api/schema";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { PageFrame } from "../shell/PageFrame";
import { EmptyState, ErrorState } from "../ui/States";
import { boardWords } from "../words/board";
import { Attention } from "./Attention";
import { ModelCard } from "./ModelCard";
import { Stale } from "./Stale";
import "./board.css";

const REFRESH_MS = 10_000;
const CARDS = 5;

/** Every model at a glance: the page that an engineer leaves open. */
export default function BoardPage() {
  const words = useWords(boardWords);
  const { data, error, refetch, dataUpdatedAt } = useQuery({
    queryKey: ["board"],
    queryFn: ({ signal }) => ask("GET /v1/board", {}, signal),
    refetchInterval: REFRESH_MS,
  });
  return (
    <PageFrame title={words.title} aside={data && <Aside board={data} />}>
      {data && <Stale error={error} since={dataUpdatedAt} />}
      {data ? <Cards board={data} /> : error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Waiting />}
    </PageFrame>
  );
}

function Aside({ board }: { board: Board }) {
  const words = useWords(boardWords);
  const { time } = useFormat();
  const served = board.models.filter(({ condition }) => condition === "serving").length;
  return (
    <>
      <span>{words.served(served, board.models.length)}</span>
      <span className="faint">{words.asOf(time(board.as_of))}</span>
      <a href={board.links.mlflow}>MLflow</a>
      <a href={board.links.prefect}>Prefect</a>
    </>
  );
}

function Cards({ board }: { board: Board }) {
  const words = useWords(boardWords);
  if (board.models.length === 0) return <EmptyState icon="board" title={words.empty} hint={words.emptyHint} />;
  return (
    <>
      <Attention board={board} />
      <div className="board-cards">
        {board.models.map((card) => (
          <ModelCard key={card.name} card={card} />
        ))}
      </div>
    </>
  );
}

function Waiting() {
  return (
    <div className="board-cards" aria-busy="true">
      {Array.from({ length: CARDS }, (_, place) => (
        <div key={place} className="model-card model-card-waiting" aria-hidden="true">
          {Array.from({ length: 6 }, (_unused, line) => (
            <span key={line} className="skeleton-line" />
          ))}
        </div>
      ))}
    </div>
  );
}
