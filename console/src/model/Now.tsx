import { useQuery } from "@tanstack/react-query";
import { ask } from "../api/client";
import type { Card } from "../api/schema";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Link } from "../shell/router";
import { Icon } from "../ui/Icon";
import { Meter } from "../ui/Meter";
import { lifecycleWords } from "../words/lifecycle";
import { modelWords } from "../words/model";

const REFRESH_MS = 5_000;

/** What goes on about a model right now: a run, an approval or labels that somebody waits for. */
export function Now({ model }: { model: string }) {
  const { data } = useQuery({
    queryKey: ["board"],
    queryFn: ({ signal }) => ask("GET /v1/board", {}, signal),
    refetchInterval: REFRESH_MS,
  });
  const card = data?.models.find(({ name }) => name === model);
  if (!card || (!card.run && card.approvals.length === 0 && card.label_requests === 0)) return null;
  return (
    <ul className="now">
      {card.run && <Run run={card.run} />}
      {card.approvals.map((id) => (
        <Approval key={id} id={id} />
      ))}
      {card.label_requests > 0 && <Labels model={model} />}
    </ul>
  );
}

function Run({ run }: { run: NonNullable<Card["run"]> }) {
  const words = useWords(modelWords);
  const own = useWords(lifecycleWords);
  const { percent } = useFormat();
  const share = run.share ?? 0;
  return (
    <li>
      <Icon name="refresh" />
      <span>
        {words.running}: <strong lang="en">{run.step ?? run.name}</strong>
      </span>
      <Meter share={share} label={run.step ?? run.name} text={percent(share)} />
      <a href={run.url}>
        {own.openPrefect} <Icon name="link" size={12} />
      </a>
    </li>
  );
}

function Approval({ id }: { id: string }) {
  const words = useWords(modelWords);
  return (
    <li>
      <Icon name="clock" />
      <span>{words.awaits}</span>
      <Link to={`/decisions/${id}`}>{id}</Link>
    </li>
  );
}

/** How far the labels are that an undecided verdict asked for. */
function Labels({ model }: { model: string }) {
  const words = useWords(modelWords);
  const { number, date } = useFormat();
  const { data } = useQuery({
    queryKey: ["label-requests", model],
    queryFn: ({ signal }) => ask("GET /v1/models/{name}/label-requests", { path: { name: model }, query: { limit: 1 } }, signal),
    refetchInterval: REFRESH_MS,
  });
  if (!data?.updates) return null;
  const share = data.answered / (data.asked || 1);
  const said = words.labels(number(data.answered), number(data.asked), data.challenger ?? "");
  return (
    <li>
      <Icon name="flag" />
      <span>
        {said} <Link to={`/decisions/${data.updates}`}>{data.updates}</Link>
        {data.deadline && <span className="faint"> {words.until(date(data.deadline))}</span>}
      </span>
      <Meter share={share} label={said} text={said} />
      <Link to="/review">{words.giveLabels}</Link>
    </li>
  );
}
