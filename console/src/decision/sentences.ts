import type { CheckView, Explanation } from "../api/schema";
import { named } from "../words/lifecycle";
import { chance, figure, signed } from "./figures";
import { ofKind } from "./told/kinds";
import type { Told } from "./told/told";
import { saidOfVerdict, type Teller } from "./told/verdictChecks";
import { contradictions } from "./told/witnesses";

/** Why, in the sentences that the recorded figures make. */
export function because(one: Explanation, told: Told): string[] {
  if (one.kind !== "verdict") return ofKind(one, told);
  const { words, names, format } = told;
  return [
    ...gains(one, told),
    ...contradictions(one, tellerOf(told)),
    ...tests(one, told),
    ...evidence(one, told),
    ...labels(one, told),
    ...(one.shortfall ? [words.shortfall(format.number(one.shortfall.requests), format.number(one.shortfall.labels))] : []),
    ...(one.rule ? [named(words.rules, one.rule)] : []),
    ...(one.trigger ? [words.askedBy(one.trigger.actor, named(names.triggers, one.trigger.kind))] : []),
  ];
}

export const tellerOf = ({ checks, names, format }: Told): Teller => ({ words: checks, names, format });

function labels({ labels: found }: Explanation, { words, format }: Told): string[] {
  if (!found) return [];
  const [given, asked, gained, lost] = [found.labelled, found.asked, found.challenger_only, found.champion_only].map((count) =>
    format.number(count),
  ) as [string, string, string, string];
  return [
    words.labelled(given, asked, gained, lost),
    words.labelGain(signed(format, found.gain), signed(format, found.lower), signed(format, found.upper)),
  ];
}

function gains(one: Explanation, { words, names, format }: Told): string[] {
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

/** How many checks passed; of those that did not, and of those that warn, what each found. */
function tests(one: Explanation, told: Told): string[] {
  const counted = one.checks.filter(({ passed }) => passed !== null);
  const failed = counted.filter(({ passed }) => passed === false);
  const warns = one.checks.filter(({ name, passed }) => passed === null && WARNINGS.has(name));
  if (counted.length === 0) return [];
  const { words } = told;
  return [
    failed.length > 0 ? words.failed(failed.length, failed.map(({ name }) => checkName(name, told)).join(", ")) : words.allPassed(String(counted.length)),
    ...[...failed, ...warns].flatMap((check) => outcome(check, one, told)),
  ];
}

/** Checks that decide nothing and that somebody should read all the same. */
const WARNINGS = new Set(["suspicious_score", "leakage"]);

function outcome(check: CheckView, one: Explanation, told: Told): string[] {
  const said = saidOfVerdict(check, one, tellerOf(told));
  return said === null ? [] : [told.words.failedCheck(checkName(check.name, told), said)];
}

function evidence(one: Explanation, { words, format }: Told): string[] {
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
export function checkName(name: string, { words, names }: Told): string {
  const [kind = name, ...rest] = name.split(":");
  const of = rest.join(":").trim();
  if (!of) return named(words.checkNames, kind);
  const about = named(kind === "slice" ? names.slices : names.metrics, of);
  const known = { guardrail: words.roles["guardrail"], slice: words.slices.toLowerCase(), limit: words.limit.toLowerCase() }[kind];
  return `${about} (${known ?? named(words.checkNames, kind).toLowerCase()})`;
}
