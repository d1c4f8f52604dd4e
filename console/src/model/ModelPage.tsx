import { useQuery } from "@tanstack/react-query";
import { ask } from "../api/client";
import type { ModelStory } from "../api/schema";
import { Stale } from "../board/Stale";
import { useWords } from "../shell/language";
import { PageFrame } from "../shell/PageFrame";
import { navigate, useParams, useSearch } from "../shell/router";
import { Card } from "../ui/Card";
import { Icon } from "../ui/Icon";
import { EmptyState, ErrorState, Skeleton } from "../ui/States";
import { Tabs } from "../ui/Tabs";
import { lifecycleWords, named } from "../words/lifecycle";
import { modelWords } from "../words/model";
import { Actions } from "./Actions";
import { ChampionCard } from "./ChampionCard";
import { Decisions } from "./Decisions";
import { Now } from "./Now";
import { Quality } from "./Quality";
import { Rollouts } from "./Rollouts";
import { judged, VersionChart } from "./VersionChart";
import { Versions } from "./Versions";
import "../decision/plots/plots.css";
import "./model.css";

const REFRESH_MS = 15_000;

/** Everything about one model: how it came to be what it is, where it errs, and what may be done. */
export default function ModelPage() {
  const { name = "" } = useParams();
  const own = useWords(lifecycleWords);
  const title = named(own.models, name);
  const { data, error, refetch, dataUpdatedAt } = useQuery({
    queryKey: ["story", name],
    queryFn: ({ signal }) => ask("GET /v1/models/{name}/story", { path: { name } }, signal),
    refetchInterval: REFRESH_MS,
  });
  return (
    <PageFrame title={title} aside={data && <Actions story={data} title={title} />}>
      {data && <Stale error={error} since={dataUpdatedAt} />}
      {data ? <Story story={data} /> : error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton lines={9} />}
    </PageFrame>
  );
}

function Story({ story }: { story: ModelStory }) {
  const words = useWords(modelWords);
  const own = useWords(lifecycleWords);
  if (story.versions.length === 0) return <EmptyState icon="crown" title={words.noChampion} hint={words.noChampionHint} />;
  const { metric } = story;
  return (
    <>
      <Now model={story.name} />
      <div className="model-top">
        <Card
          title={metric ? `${named(own.metrics, metric.name)} (${metric.direction === "up" ? own.higher : own.lower})` : words.history}
          aside={
            <a href={story.url}>
              {own.openMlflow} <Icon name="link" size={12} />
            </a>
          }
        >
          {metric && judged(story.versions).length > 0 && <VersionChart versions={story.versions} metric={metric.name} />}
        </Card>
        <ChampionCard story={story} />
      </div>
      <Parts story={story} />
    </>
  );
}

function Parts({ story }: { story: ModelStory }) {
  const words = useWords(modelWords);
  const query = useSearch();
  const shown = query.get("show") ?? "versions";
  const tabs = [
    { key: "versions", title: words.versions },
    { key: "quality", title: words.quality },
    { key: "decisions", title: words.decisions },
    { key: "rollouts", title: words.rollouts },
  ];
  return (
    <Tabs label={words.tabs} tabs={tabs} chosen={shown} onChoose={(show) => navigate(`?show=${show}`, { replace: true })}>
      {shown === "versions" && <Versions story={story} />}
      {shown === "quality" && <Quality story={story} />}
      {shown === "decisions" && <Decisions decisions={story.decisions} />}
      {shown === "rollouts" && <Rollouts model={story.name} />}
    </Tabs>
  );
}
