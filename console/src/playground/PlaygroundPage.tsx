import { useQuery } from "@tanstack/react-query";
import { ask } from "../api/client";
import type { ModelView } from "../api/schema";
import { useWords } from "../shell/language";
import { PageFrame } from "../shell/PageFrame";
import { Link, useParams } from "../shell/router";
import { EmptyState, ErrorState, Skeleton } from "../ui/States";
import { lifecycleWords, named } from "../words/lifecycle";
import { playgroundWords } from "../words/playground";
import { Playground } from "./Playground";
import "./playground.css";

const REFRESH_MS = 30_000;
/** What says most at first sight. */
const FIRST = "product_codes";

/** Every model that is served, to be asked by hand. */
export default function PlaygroundPage() {
  const words = useWords(playgroundWords);
  const { model } = useParams();
  const { data, error, refetch } = useQuery({
    queryKey: ["models"],
    queryFn: ({ signal }) => ask("GET /v1/models", {}, signal),
    refetchInterval: REFRESH_MS,
  });
  const names = data?.models.map((each) => each.model) ?? [];
  const chosen = model ?? (names.includes(FIRST) ? FIRST : names[0]);
  return (
    <PageFrame title={words.title}>
      {data ? (
        <>
          <Models names={names} chosen={chosen} />
          {chosen ? <Chosen key={chosen} name={chosen} /> : <EmptyState icon="playground" title={words.none} hint={words.noneHint} />}
        </>
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton lines={8} />
      )}
    </PageFrame>
  );
}

function Models({ names, chosen }: { names: string[]; chosen: string | undefined }) {
  const words = useWords(playgroundWords);
  const own = useWords(lifecycleWords);
  return (
    <nav className="play-models" aria-label={words.models}>
      <ul>
        {names.map((name) => (
          <li key={name}>
            <Link to={`/playground/${name}`} aria-current={name === chosen ? "page" : undefined}>
              {named(own.models, name)}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Chosen({ name }: { name: string }) {
  const words = useWords(playgroundWords);
  const { data, error, refetch } = useQuery({
    queryKey: ["model", name, "contract"],
    queryFn: ({ signal }) => ask("GET /v1/models/{name}", { path: { name } }, signal),
    refetchInterval: REFRESH_MS,
  });
  if (error && !data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton lines={8} />;
  const contract: ModelView["contract"] = data.contract;
  if (!contract) return <EmptyState icon="playground" title={words.noChampion} hint={data.note || words.noChampionHint} />;
  return <Playground name={name} contract={contract} />;
}
