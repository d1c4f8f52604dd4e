import type { Explanation } from "../api/schema";
import type { Format } from "../shell/format";
import type { decisionWords } from "../words/decision";
import { type lifecycleWords, named } from "../words/lifecycle";
import { chance, figure, signed } from "./figures";

type Words = (typeof decisionWords)["es"];
type Names = (typeof lifecycleWords)["es"];

/** What was decided, in one sentence. */
export function headline(one: Explanation, words: Words, names: Names): string {
  const version = one.version ?? "";
  const champion = one.champion?.version;
  const actor = one.actor ?? names.unknown;
  switch (one.kind === "verdict" ? one.verdict : one.kind) {
    case "promoted":
      return words.promoted(version, champion ?? "");
    case "first_champion":
      return words.firstChampion(version);
    case "rejected":
      return champion ? words.rejected(version, champion) : words.rejectedAlone(version);
    case "undecided":
      return words.undecided(version, champion ?? "");
    case "awaiting_approval":
      return champion ? words.awaiting(version, champion) : words.awaitingFirst(version);
    case "incomparable":
      return words.incomparable(version);
    case "champion_unloadable":
      return words.unloadable(version);
    case "rollback":
      return words.rollback(actor, version);
    case "approval":
      return one.verdict === "approved" ? words.approval(actor, version) : words.refusal(actor, version);
    case "override":
      return words.override(actor, version);
    case "admitted":
      return words.admitted(version);
    case "rollout_started":
      return words.rolloutStarted(version);
    case "rollout_ended":
      return words.rolloutEnded(version);
    case "labels_requested":
      return words.labelsRequested(version);
    case "labels_closed":
      return words.labelsClosed(version);
    default: {
      const kind = named(names.kinds, one.kind);
      return version ? words.other(kind, version) : words.otherAlone(kind);
    }
  }
}

/** Why, in the sentences that the recorded figures make. */
export function because(one: Explanation, words: Words, names: Names, format: Format): string[] {
  return [
    ...gains(one, words, names, format),
    ...tests(one, words, names),
    ...evidence(one, words, format),
    ...labels(one, words, format),
    ...(one.shortfall ? [words.shortfall(format.number(one.shortfall.requests), format.number(one.shortfall.labels))] : []),
    ...(one.rule ? [named(words.rules, one.rule)] : []),
    ...(one.trigger ? [words.askedBy(one.trigger.actor, named(names.triggers, one.trigger.kind))] : []),
  ];
}

function labels({ labels: found }: Explanation, words: Words, format: Format): string[] {
  if (!found) return [];
  const [given, asked, gained, lost] = [found.labelled, found.asked, found.challenger_only, found.champion_only].map((count) =>
    format.number(count),
  ) as [string, string, string, string];
  return [
    words.labelled(given, asked, gained, lost),
    words.labelGain(signed(format, found.gain), signed(format, found.lower), signed(format, found.upper)),
  ];
}

function gains(one: Explanation, words: Words, names: Names, format: Format): string[] {
  const deciding = one.figures.filter(({ role }) => role === "primary" || role === "component");
  const shown = deciding.length > 0 ? deciding : one.figures.filter(({ role }) => role === "floor");
  return shown.map(({ metric, champion, challenger, gain, lower, upper }) =>
    words.gained(
      named(names.metrics, metric),
      figure(format, champion),
      figure(format, challenger),
      signed(format, gain),
      signed(format, lower),
      signed(format, upper),
    ),
  );
}

function tests(one: Explanation, words: Words, names: Names): string[] {
  const counted = one.checks.filter(({ passed }) => passed !== null);
  const failed = counted.filter(({ passed }) => passed === false).map(({ name }) => checkName(name, words, names));
  if (counted.length === 0) return [];
  return [failed.length > 0 ? words.failed(failed.length, failed.join(", ")) : words.allPassed(String(counted.length))];
}

function evidence(one: Explanation, words: Words, format: Format): string[] {
  const { number } = format;
  const rows = one.rows === null ? null : number(one.rows);
  const looked = one.look !== null && one.alpha_left !== null && rows !== null;
  return [
    one.identical ? words.identical : null,
    one.p !== null && one.alpha !== null ? words.certainty(chance(format, one.p), chance(format, one.alpha)) : null,
    looked ? words.look(number(one.look ?? 0), rows ?? "", chance(format, one.alpha_left ?? 0)) : rows && words.rowsAlone(rows),
    one.unjudged > 0 ? words.unjudged(number(one.unjudged)) : null,
    one.disagreements !== null && !one.identical ? words.disagree(number(one.disagreements)) : null,
    one.mcnemar ? words.pairs(number(one.mcnemar.challenger_only), number(one.mcnemar.champion_only)) : null,
  ].filter((said) => said !== null);
}

/** A check's name: what it is of, and of which metric or slice. */
export function checkName(name: string, words: Words, names: Names): string {
  const [kind = name, ...rest] = name.split(":");
  const of = rest.join(":").trim();
  if (!of) return named(words.checkNames, kind);
  const about = named(kind === "slice" ? names.slices : names.metrics, of);
  const known = { guardrail: words.roles["guardrail"], slice: words.slices.toLowerCase(), limit: words.limit.toLowerCase() }[kind];
  return `${about} (${known ?? named(words.checkNames, kind).toLowerCase()})`;
}
