import type { CheckView, Explanation, FigureView } from "../../api/schema";
import type { Format } from "../../shell/format";
import type { checkWords } from "../../words/checks";
import { type lifecycleWords, named } from "../../words/lifecycle";
import { chance, figure, milliseconds, signed } from "../figures";
import { figureIn, guardrailsOf, part, textIn } from "./recorded";

export interface Teller {
  words: (typeof checkWords)["es"];
  names: (typeof lifecycleWords)["es"];
  format: Format;
}

/** One check of a verdict: what it is of, and all that was recorded beside it. */
interface Found extends Teller {
  check: CheckView;
  /** The metric or slice after the colon of the check's name; the primary metric where there is none. */
  of: string;
  one: Explanation;
}

const MEGABYTE = 1e6;

type Sentence = (found: Found) => string;

/** Figures in the order in which one is looked for: those that decide, then what only informs. */
const OWN = ["primary", "component", "guardrail", "other"];

const metricOf = ({ of, names }: Found): string => named(names.metrics, of);

function figureOf({ one, of }: Found, roles = OWN): FigureView | undefined {
  return roles.flatMap((role) => one.figures.filter((each) => each.role === role && (of === "" || each.metric === of)))[0];
}

function told(found: Found, one: FigureView | null | undefined): string | null {
  const { words, names, format } = found;
  if (!one || one.gain === null) return null;
  return words.figure(
    named(names.metrics, one.metric),
    figure(format, one.champion),
    figure(format, one.challenger),
    signed(format, one.gain),
    signed(format, one.lower),
    signed(format, one.upper),
  );
}

const value = ({ check }: Found): number | null => figureIn(check.value);
const limit = ({ check }: Found): number | null => figureIn(check.limit);
const away = ({ format }: Found, number: number | null): string => (number === null ? "–" : figure(format, Math.abs(number)));

/** A test by its p against the alpha of the look, with the figure that it is of. */
function tested(found: Found, said: string | null): string {
  const { words, format } = found;
  const [p, alpha] = [chance(format, value(found) ?? 1), chance(format, limit(found) ?? 0)];
  return said === null ? words.chanceAlone(p, alpha) : words.chance(said, p, alpha);
}

/** A gain against the margin by which it may fall short. */
function kept(found: Found, said: string | null): string {
  const { words, format } = found;
  if (said !== null) return words.margin(said, away(found, limit(found)));
  return words.marginAlone(signed(format, value(found)), away(found, limit(found)));
}

/** Limits of a test are alphas, those of a margin are zero or below. */
const isMargin = (found: Found): boolean => (limit(found) ?? 1) <= 0;

function leakage({ check, one, words, format }: Found): string {
  if (check.passed === null) return words.unknownRows;
  if (check.passed) return words.clean;
  const all = figureIn(part(one.record["leakage"])["of"]);
  return words.leaked(format.number(figureIn(check.value) ?? 0), all === null ? "–" : format.number(all));
}

function blessing({ check, one, words, format }: Found): string {
  if (!check.passed) return words.notBlessed(one.version ?? "");
  return words.blessed(format.number(figureIn(one.challenger?.blessing["golden"]) ?? 0));
}

function floor(found: Found): string {
  const { one, words, names, format } = found;
  const said = one.figures
    .filter(({ role, units }) => role === "floor" && units > 0)
    .map((each) =>
      words.floor(
        named(names.metrics, each.metric),
        figure(format, each.challenger),
        figure(format, each.champion),
        signed(format, each.gain),
        signed(format, each.lower),
        signed(format, each.upper),
      ),
    );
  return said.length > 0 ? `${said.join("; ")}.` : words.nothingJudged;
}

function guardrail(found: Found): string {
  const { check, one, words } = found;
  if (typeof check.value === "string") return words.notStated(metricOf(found));
  const margin = guardrailsOf(one.record).find(({ metric }) => metric === found.of)?.margin ?? null;
  const said = told(found, figureOf(found, ["guardrail"]));
  return said === null ? words.notStated(metricOf(found)) : words.margin(said, away(found, margin));
}

function bound(found: Found): string {
  const { check, one, words, format } = found;
  if (typeof check.value === "string") return words.noLimit(metricOf(found));
  const rail = guardrailsOf(one.record).find(({ metric }) => metric === found.of);
  const say = rail?.direction === "down" ? words.atMost : words.atLeast;
  return say(metricOf(found), figure(format, value(found)), figure(format, limit(found)));
}

function slice(found: Found): string {
  const { one, of, words, format } = found;
  const known = one.slices.find(({ name }) => name === of);
  const rows = format.number(known?.rows ?? 0);
  const said = told(found, known?.figure);
  if (said === null || known?.p_worse == null) {
    const least = figureIn(part(one.settings["slices"])["minimum_rows"]);
    return words.fewRows(rows, least === null ? "–" : format.number(least));
  }
  return words.slice(said, rows, chance(format, known.p_worse));
}

function news(found: Found): string {
  const { one, words, format } = found;
  const part = one.slices.find(({ p_worse: p, figure: own }) => p === null && own !== null);
  const said = told(found, part?.figure);
  return said === null ? words.newsAlone(signed(format, value(found))) : words.news(said, format.number(part?.rows ?? 0));
}

function latency(found: Found): string {
  const { one, words, format } = found;
  const before = figureIn(one.champion?.blessing["latency_ms"]);
  return words.slower(milliseconds(format, value(found)), milliseconds(format, before), milliseconds(format, limit(found)));
}

function size(found: Found): string {
  const { one, words, format } = found;
  const megabytes = (bytes: number | null) => (bytes === null ? "–" : `${format.number(bytes / MEGABYTE, 1)} MB`);
  const before = figureIn(one.champion?.blessing["size_bytes"]);
  return words.larger(megabytes(value(found)), megabytes(before), megabytes(limit(found)));
}

function money(found: Found): string {
  const { check, words, format } = found;
  if (typeof check.value === "string") return words.moneyUnknown(metricOf(found));
  const said = told(found, figureOf(found, ["other", ...OWN]));
  return said === null ? words.moneyAlone(metricOf(found), figure(format, value(found))) : words.money(said);
}

function anchor(found: Found): string {
  const { check, words } = found;
  if (typeof check.value === "string") return words.anchorNotAsked;
  const said = told(found, figureOf(found, ["anchor"]));
  const whole = said === null ? words.anchorAlone : words.anchor(said);
  return isMargin(found) ? kept(found, whole) : tested(found, whole);
}

function labels(found: Found): string {
  const { one, words, format } = found;
  const known = one.labels;
  if (!known) return tested(found, null);
  const { challenger_only: gained, champion_only: lost } = known;
  const neither = figureIn(part(part(one.record["ruling"])["labels"])["neither_or_both"]) ?? 0;
  const [differing, mine, theirs] = [gained + lost + neither, gained, lost].map((count) => format.number(count)) as [string, string, string];
  const [gain, low, high] = [known.gain, known.lower, known.upper].map((end) => signed(format, end)) as [string, string, string];
  return tested(found, words.byLabels(differing, mine, theirs, gain, low, high));
}

/** What is said of each check that a verdict can hold, by the part of its name before the colon. */
export const VERDICT_CHECKS: Record<string, Sentence> = {
  leakage,
  blessing,
  floor,
  guardrail,
  limit: bound,
  slice,
  classes_new_to_champion: news,
  latency_budget: (found) =>
    found.words.budget(milliseconds(found.format, value(found)), milliseconds(found.format, limit(found))),
  latency,
  size,
  suspicious_score: (found) => found.words.suspicious(figure(found.format, value(found))),
  business: money,
  superiority: (found) => tested(found, told(found, figureOf(found))),
  non_inferiority: (found) => tested(found, told(found, figureOf(found))),
  better_figure: (found) => found.words.better(told(found, figureOf(found)) ?? signed(found.format, value(found))),
  not_worse: (found) => (isMargin(found) ? kept : tested)(found, told(found, figureOf(found))),
  anchor,
  labels,
  with_labels: (found) => found.words.withLabels(signed(found.format, value(found)), away(found, limit(found))),
  alpha: (found) => found.words.spent(chance(found.format, value(found) ?? 0), chance(found.format, limit(found) ?? 0)),
  difference: ({ words }) => words.identical,
};

/** Say a check of a verdict in a sentence; null where there are no words for it. */
export function saidOfVerdict(check: CheckView, one: Explanation, teller: Teller): string | null {
  const [stem = check.name, ...rest] = check.name.split(":");
  return VERDICT_CHECKS[stem]?.({ ...teller, check, of: rest.join(":").trim(), one }) ?? null;
}

/** The recorded words of what stopped a comparison: an error of the machine, told as it was. */
export const obstacleOf = (one: Explanation): string | null => textIn(part(one.record["obstacle"])["reason"]);
