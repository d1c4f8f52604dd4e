import type { ModelStory, VersionPoint } from "../api/schema";
import { figure } from "../decision/figures";
import { toneOf } from "../decision/tones";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Link } from "../shell/router";
import { Badge } from "../ui/Badge";
import { type Column, Table } from "../ui/Table";
import { lifecycleWords, named } from "../words/lifecycle";
import { modelWords } from "../words/model";

/** Every version that the log knows, the newest first. */
export function Versions({ story }: { story: ModelStory }) {
  const words = useWords(modelWords);
  const own = useWords(lifecycleWords);
  const format = useFormat();
  const columns: Column<VersionPoint>[] = [
    { key: "version", title: words.version, cell: ({ version, url }) => (url ? <a href={url}>v{version}</a> : `v${version}`) },
    {
      key: "standing",
      title: words.standing,
      cell: ({ standing, decision_id: decision }) => {
        const badge = <Badge tone={toneOf(standing)}>{named(own.standings, standing)}</Badge>;
        return decision ? <Link to={`/decisions/${decision}`}>{badge}</Link> : badge;
      },
    },
    {
      key: "value",
      title: story.metric ? named(own.metrics, story.metric.name) : words.figure,
      figures: true,
      cell: ({ value }) => figure(format, value),
    },
    {
      key: "interval",
      title: words.interval,
      figures: true,
      cell: ({ lower, upper }) => (lower === null || upper === null ? "–" : `${figure(format, lower)} – ${figure(format, upper)}`),
    },
    { key: "algorithm", title: words.algorithm, cell: ({ params }) => <Algorithm params={params} /> },
    { key: "rows", title: words.trained, figures: true, cell: ({ rows }) => (rows ? format.number(Number(rows), 0) : "–") },
    { key: "by", title: words.by, cell: ({ asked_by: actor }) => actor ?? "–" },
    { key: "at", title: words.when, cell: ({ at }) => <time dateTime={at}>{format.dateTime(at)}</time> },
  ];
  return <Table caption={words.versions} columns={columns} rows={[...story.versions].reverse()} rowKey={({ version }) => version} />;
}

function Algorithm({ params }: { params: VersionPoint["params"] }) {
  const algorithm = params?.["algorithm"];
  return <>{typeof algorithm === "string" ? algorithm : "–"}</>;
}
