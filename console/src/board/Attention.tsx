import type { Board, Card } from "../api/schema";
import { monitoredName } from "../monitoring/names";
import { useWords } from "../shell/language";
import { Link } from "../shell/router";
import { Icon, type IconName } from "../ui/Icon";
import { boardWords } from "../words/board";
import { lifecycleWords, named } from "../words/lifecycle";
import { monitoringWords } from "../words/monitoring";

interface Concern {
  key: string;
  tone: "bad" | "warn" | "asked";
  icon: IconName;
  text: string;
  to: string;
}

type Said = (typeof boardWords)["es"];

/** What somebody should look at, the most pressing first. */
export function concerns(
  cards: Card[],
  words: Said,
  name: (model: string) => string,
  alarmName: (alarm: string) => string,
): Concern[] {
  const failing = cards
    .filter(({ condition }) => condition === "failed")
    .map<Concern>((card) => ({
      key: `failed-${card.name}`,
      tone: "bad",
      icon: "warning",
      text: `${words.notServing(name(card.name))}${card.note ? ` (${card.note})` : ""}`,
      to: `/models/${card.name}`,
    }));
  const divided = cards
    .filter(({ agreed }) => !agreed)
    .map<Concern>(({ name: model }) => ({
      key: `divided-${model}`,
      tone: "warn",
      icon: "warning",
      text: words.disagree(name(model)),
      to: `/models/${model}`,
    }));
  const alarms = cards.flatMap<Concern>(({ name: model, drift }) =>
    drift && drift.alarms.length > 0
      ? [
          {
            key: `alarm-${model}`,
            tone: drift.verdict === "failing" ? "bad" : "warn",
            icon: "monitoring",
            text: `${words.alarm(name(model), drift.alarms.length)}. ${drift.alarms.map(alarmName).join(", ")}`,
            to: `/monitoring?model=${model}`,
          },
        ]
      : [],
  );
  const approvals = cards.flatMap(({ name: model, approvals: waiting }) =>
    waiting.map<Concern>((id) => ({
      key: id,
      tone: "asked",
      icon: "clock",
      text: words.needsApproval(name(model)),
      to: `/decisions/${id}`,
    })),
  );
  const labels = cards
    .filter(({ label_requests: count }) => count > 0)
    .map<Concern>(({ name: model, label_requests: count }) => ({
      key: `labels-${model}`,
      tone: "asked",
      icon: "flag",
      text: words.labels(name(model), count),
      to: "/review",
    }));
  return [...failing, ...divided, ...approvals, ...alarms, ...labels];
}

export function Attention({ board }: { board: Board }) {
  const words = useWords(boardWords);
  const own = useWords(lifecycleWords);
  const monitored = useWords(monitoringWords);
  const found = concerns(
    board.models,
    words,
    (model) => named(own.models, model),
    (alarm) => monitoredName(alarm, monitored),
  );
  const away = [
    board.registry === "away" ? words.registryAway : null,
    board.orchestration === "away" ? words.prefectAway : null,
  ].filter((text) => text !== null);
  return (
    <section className="attention" aria-label={words.attention}>
      {away.length > 0 && (
        <p className="attention-away" role="status">
          <Icon name="offline" />
          <span>{away.join(" ")}</span>
        </p>
      )}
      {found.length > 0 && (
        <ul>
          {found.map(({ key, tone, icon, text, to }) => (
            <li key={key} className={`attention-${tone}`}>
              <Link to={to}>
                <Icon name={icon} />
                <span>{text}</span>
                <Icon name="right" />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
