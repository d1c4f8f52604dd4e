import type { ReactNode } from "react";
import type { Explanation } from "../api/schema";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Link } from "../shell/router";
import { decisionWords } from "../words/decision";

type Effect = Explanation["followed"][number];

/** What was recorded about this decision afterwards, and what it is itself about. */
export function Followed({ one }: { one: Explanation }) {
  const words = useWords(decisionWords);
  const { settled, followed, of, version, champion_now: now } = one;
  const entries = followed.map(({ decision_id: id, at, ...effect }) => ({ id, at, said: <Said effect={effect} /> }));
  if (settled) {
    const said = settled.approved ? words.settledApproved(settled.actor) : words.settledRefused(settled.actor);
    entries.push({ id: settled.decision_id, at: settled.at, said: <Settled text={said} reason={settled.reason} /> });
  }
  return (
    <>
      {of && (
        <p>
          {words.about} <Link to={`/decisions/${of}`}>{of}</Link>
        </p>
      )}
      {now && <p>{version === now ? words.isChampion(now) : words.championNow(now)}</p>}
      {entries.length === 0 && <p className="faint">{words.nothingFollowed}</p>}
      <ol className="followed">
        {entries.map((entry) => (
          <Entry key={entry.id} {...entry} />
        ))}
      </ol>
    </>
  );
}

function Entry({ id, at, said }: { id: string; at: string; said: ReactNode }) {
  const { dateTime } = useFormat();
  return (
    <li>
      <time dateTime={at}>{dateTime(at)}</time>
      <span>{said}</span>
      <Link to={`/decisions/${id}`}>
        <code>{id}</code>
      </Link>
    </li>
  );
}

function Settled({ text, reason }: { text: string; reason: string }) {
  return (
    <>
      {text}: <q>{reason}</q>
    </>
  );
}

function Said({ effect: { what, names } }: { effect: Pick<Effect, "what" | "names"> }) {
  const words = useWords(decisionWords);
  const [first = "", second] = names;
  if (what === "alias") return second && second !== first ? words.aliasMoved(first, second) : words.aliasSet(first);
  return what === "confirmed" ? words.confirmed(names.length) : words.effect;
}
