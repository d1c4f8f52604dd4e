import type { Card } from "../api/schema";
import { figure, milliseconds } from "../decision/figures";
import { toneOf } from "../decision/tones";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Link } from "../shell/router";
import { Badge } from "../ui/Badge";
import { Fact } from "../ui/Fact";
import { Meter } from "../ui/Meter";
import { boardWords } from "../words/board";
import { lifecycleWords, named } from "../words/lifecycle";
import { VersionSpark } from "./VersionSpark";

/** One model at a glance; its name leads to all about it. */
export function ModelCard({ card }: { card: Card }) {
  const words = useWords(lifecycleWords);
  const title = named(words.models, card.name);
  return (
    <article className="model-card" aria-labelledby={`card-${card.name}`}>
      <header>
        <h2 id={`card-${card.name}`}>
          <Link to={`/models/${card.name}`}>{title}</Link>
        </h2>
        <Badge tone={toneOf(card.condition)} {...(card.note ? { title: card.note } : {})}>
          {named(words.conditions, card.condition)}
        </Badge>
      </header>
      <Metric card={card} title={title} />
      <dl className="model-card-facts">
        <ChampionLine card={card} />
        <ChallengerLine card={card} />
        <TrafficLine card={card} />
        <DriftLine card={card} />
        <RolloutLine card={card} />
        <RunLine card={card} />
        <LabelLine card={card} />
      </dl>
    </article>
  );
}

function Metric({ card, title }: { card: Card; title: string }) {
  const words = useWords(lifecycleWords);
  const own = useWords(boardWords);
  const format = useFormat();
  const now = card.history.find(({ standing }) => standing === "champion") ?? null;
  if (!card.metric || !now) return <p className="model-card-metric">–</p>;
  const name = named(words.metrics, card.metric.name);
  const interval = now.lower !== null && now.upper !== null ? [figure(format, now.lower), figure(format, now.upper)] : null;
  return (
    <div className="model-card-metric">
      <div>
        <p className="figure-name" title={card.metric.direction === "up" ? words.higher : words.lower}>
          {name} <span aria-hidden="true">{card.metric.direction === "up" ? "↑" : "↓"}</span>
          <span className="only-read">{card.metric.direction === "up" ? words.higher : words.lower}</span>
        </p>
        <p className="figure">{figure(format, now.value)}</p>
        {interval && (
          <p className="figure-interval" title={words.interval(interval[0] ?? "", interval[1] ?? "")}>
            {interval.join(" – ")}
          </p>
        )}
      </div>
      <VersionSpark history={card.history} label={own.history(name, title)} />
    </div>
  );
}

function ChampionLine({ card: { champion } }: { card: Card }) {
  const words = useWords(boardWords);
  const { ago, dateTime } = useFormat();
  if (!champion) return <Fact term={words.champion}>{words.noChampion}</Fact>;
  return (
    <Fact term={words.champion}>
      <Link to={`/decisions/${champion.decision_id}`}>v{champion.version}</Link>{" "}
      <time dateTime={champion.since} title={dateTime(champion.since)}>
        {words.since(ago(champion.since))}
      </time>
    </Fact>
  );
}

function ChallengerLine({ card: { challenger } }: { card: Card }) {
  const words = useWords(boardWords);
  const own = useWords(lifecycleWords);
  if (!challenger) {
    return (
      <Fact term={words.challenger}>
        <span className="faint">{words.noChallenger}</span>
      </Fact>
    );
  }
  const text = `v${challenger.version}`;
  return (
    <Fact term={words.challenger}>
      {challenger.decision_id ? <Link to={`/decisions/${challenger.decision_id}`}>{text}</Link> : text}{" "}
      <Badge tone={toneOf(challenger.standing)}>{named(own.standings, challenger.standing)}</Badge>
    </Fact>
  );
}

function TrafficLine({ card: { traffic } }: { card: Card }) {
  const words = useWords(boardWords);
  const format = useFormat();
  const window = words.window(format.number(Math.max(1, traffic.window_seconds / 60), 0));
  if (traffic.answers === 0 && traffic.requests === 0) {
    return (
      <Fact term={words.traffic}>
        <span className="faint">{words.quiet(window)}</span>
      </Fact>
    );
  }
  const asked = format.number(traffic.requests);
  const busy = traffic.answers_per_minute >= 10 ? 0 : 1;
  return (
    <Fact term={words.traffic}>
      {traffic.answers > 0 ? (
        <span title={window}>{words.perMinute(format.number(traffic.answers_per_minute, busy))}</span>
      ) : (
        <span className="faint">{words.noAnswers(window)}</span>
      )}
      {traffic.p50_ms !== null && (
        <span className="faint">
          {` · p50 ${milliseconds(format, traffic.p50_ms)}`}
          {traffic.p99_ms !== null && ` · p99 ${milliseconds(format, traffic.p99_ms)}`}
        </span>
      )}
      {" "}
      {traffic.failed > 0 && <Badge tone="bad">{words.failed(traffic.failed, asked)}</Badge>}
      {traffic.failed > 0 && " "}
      {traffic.refused > 0 && <Badge tone="warn">{words.refusedCount(traffic.refused, asked)}</Badge>}
    </Fact>
  );
}

function DriftLine({ card: { name, drift } }: { card: Card }) {
  const words = useWords(boardWords);
  const own = useWords(lifecycleWords);
  const { ago } = useFormat();
  return (
    <Fact term={words.drift}>
      {drift ? (
        <>
          <Link to={`/monitoring?model=${name}`}>
            <Badge tone={toneOf(drift.verdict)}>{named(own.health, drift.verdict)}</Badge>
          </Link>{" "}
          <span className="faint">
            {drift.alarms.length > 0 ? words.alarms(drift.alarms.length) : ago(drift.until)}
          </span>
        </>
      ) : (
        <span className="faint">{words.notAssessed}</span>
      )}
    </Fact>
  );
}

function RolloutLine({ card: { name, rollout } }: { card: Card }) {
  const words = useWords(boardWords);
  const own = useWords(lifecycleWords);
  const { percent } = useFormat();
  if (!rollout) return null;
  const mode = named(own.modes, rollout.mode);
  const version = own.version(rollout.challenger);
  const said =
    rollout.mode === "shadow"
      ? words.rolloutShadow(mode, version)
      : words.rolloutShare(mode, version, percent(rollout.share));
  return (
    <Fact term={words.rollout}>
      <Link to={`/models/${name}?show=rollouts`}>{said}</Link>
    </Fact>
  );
}

function RunLine({ card: { run } }: { card: Card }) {
  const words = useWords(boardWords);
  const { percent } = useFormat();
  if (!run) return null;
  const share = run.share ?? 0;
  return (
    <Fact term={words.run}>
      <a href={run.url} title={run.name}>
        {run.step || run.name}
      </a>
      <Meter share={share} label={run.step || run.name} text={run.share === null ? words.runWaits : percent(share)} />
    </Fact>
  );
}

function LabelLine({ card: { label_requests: count } }: { card: Card }) {
  const words = useWords(boardWords);
  const { number } = useFormat();
  if (count === 0) return null;
  return (
    <Fact term={words.labelRequests}>
      <Link to="/review">
        <Badge tone="asked" icon="flag">
          {number(count)}
        </Badge>
      </Link>
    </Fact>
  );
}
