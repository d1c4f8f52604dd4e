import { useQuery } from "@tanstack/react-query";
import { ask } from "../api/client";
import type { ModelStory, VersionPoint } from "../api/schema";
import { figure, milliseconds } from "../decision/figures";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Link } from "../shell/router";
import { Card } from "../ui/Card";
import { Fact } from "../ui/Fact";
import { lifecycleWords, named } from "../words/lifecycle";
import { modelWords } from "../words/model";

/** Who answers today, since when and by which decision. */
export function ChampionCard({ story }: { story: ModelStory }) {
  const words = useWords(modelWords);
  const format = useFormat();
  const champion = story.versions.find(({ standing }) => standing === "champion");
  if (!champion) return <Card title={words.champion}>{words.noChampion}</Card>;
  const since = champion.champion_since ?? champion.at;
  const by = champion.champion_by ?? champion.decision_id;
  return (
    <Card title={words.champion} className="champion-card">
      <p className="champion-name">
        <a href={champion.url ?? story.url}>v{champion.version}</a>
        <span className="faint">{words.generation(String(champion.generation ?? 0))}</span>
      </p>
      <dl className="facts">
        <Fact term={words.figure}>
          {figure(format, champion.value)}
          {champion.lower !== null && champion.upper !== null && (
            <span className="faint">{` (${figure(format, champion.lower)} – ${figure(format, champion.upper)})`}</span>
          )}
        </Fact>
        <Fact term={words.when}>
          <time dateTime={since} title={format.dateTime(since)}>
            {words.since(format.ago(since))}
          </time>
        </Fact>
        {by && (
          <Fact term={words.decision}>
            <Link to={`/decisions/${by}`}>{by}</Link>
          </Fact>
        )}
        <Making champion={champion} />
        <Serving model={story.name} />
      </dl>
    </Card>
  );
}

function Making({ champion }: { champion: VersionPoint }) {
  const words = useWords(modelWords);
  const { number } = useFormat();
  const algorithm = champion.params?.["algorithm"];
  return (
    <>
      {champion.rows && <Fact term={words.trained}>{words.trainedRows(number(Number(champion.rows), 0))}</Fact>}
      {typeof algorithm === "string" && <Fact term={words.algorithm}>{algorithm}</Fact>}
      {champion.asked_by && <Fact term={words.asked}>{champion.asked_by}</Fact>}
    </>
  );
}

/** How this worker answers with it, by its warm-up. */
function Serving({ model }: { model: string }) {
  const words = useWords(modelWords);
  const own = useWords(lifecycleWords);
  const format = useFormat();
  const { data } = useQuery({
    queryKey: ["model", model],
    queryFn: ({ signal }) => ask("GET /v1/models/{name}", { path: { name: model } }, signal),
  });
  if (!data) return null;
  const { answering, workers, champion } = data;
  const agreeing = workers.filter(({ version }) => version === champion?.version).length;
  return (
    <>
      {answering && (
        <Fact term={words.answersWhere}>
          <span title={answering.reason}>{named(words.where, answering.where)}</span>
          <span className="faint">{`, ${milliseconds(format, answering.single_ms)}`}</span>
        </Fact>
      )}
      <Fact term={words.workers}>
        {champion ? words.workersNow(format.number(agreeing)) : named(own.conditions, data.condition)}
      </Fact>
    </>
  );
}
