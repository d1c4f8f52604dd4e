import type { Explanation } from "../../api/schema";
import { named } from "../../words/lifecycle";
import { figure } from "../figures";
import { figureIn, part, type Recorded, textIn } from "./recorded";
import type { Told } from "./told";
import { saidOfTrial } from "./trialChecks";
import { endedTrial } from "./trial";

type Sentences = (one: Explanation, told: Told) => (string | null)[];

const HOUR = 3_600;

const count = (record: Recorded, name: string): number => figureIn(record[name]) ?? 0;

function admitted({ record }: Explanation, { kinds }: Told) {
  const origin = textIn(record["origin"]) ?? "unknown";
  return [kinds.origins[origin] ?? kinds.origins["unknown"] ?? null];
}

function wentBack({ record }: Explanation, { kinds }: Told) {
  const before = textIn(record["from"]);
  return [before && kinds.wentBack(before)];
}

function foreignEdit({ record }: Explanation, { kinds }: Told) {
  const champion = textIn(record["champion"]);
  return [
    champion ? kinds.championThen(champion) : kinds.noChampionThen,
    kinds.actions[textIn(record["action"]) ?? ""] ?? null,
  ];
}

function testSet({ record }: Explanation, { kinds, names, format }: Told) {
  const found = part(record["overfitting"]);
  const [here, there, lower] = [found["test"], found["sealed"], found["lower"]].map(figureIn);
  if (record["event"] === "retired") return [kinds.looks(format.number(count(record, "looks")))];
  if (here == null || there == null) return [kinds.sealNothing];
  const metric = named(names.metrics, textIn(found["metric"]) ?? "");
  const fitted = lower != null && lower > 0;
  return [kinds.sealFigures(metric, figure(format, here), figure(format, there)), fitted ? kinds.sealFitted : kinds.sealChance];
}

function effect({ record }: Explanation, { kinds }: Told) {
  const workers = Object.keys(part(record["confirmations"])).length;
  return [workers > 0 ? kinds.confirmations(workers) : null];
}

function trialStarted({ record, against }: Explanation, { kinds, names, format }: Told) {
  const plan = part(record["rollout"]);
  const mode = textIn(plan["mode"]) ?? "";
  const share = format.percent(count(plan, "share"));
  return [
    kinds.trial(named(names.modes, mode), against ?? ""),
    (mode === "shadow" ? kinds.trialMirrored : kinds.trialShare)(share),
    kinds.trialLasts(format.number(count(plan, "seconds") / HOUR, 1)),
    plan["on_success"] === "promote" ? kinds.trialPromotes : kinds.trialReports,
  ];
}

function trialEnded(one: Explanation, told: Told) {
  const { kinds, checks: words, names, format } = told;
  const trial = endedTrial(one.record);
  const asked = textIn(part(one.record["promoted_for"])["actor"]);
  const failed = one.checks.filter(({ passed }) => passed === false);
  // A guardrail's own figures say why; a challenger that could not be loaded has reached none.
  const lost = one.verdict === "rolled_back" && failed.length === 0 ? [kinds.notLoaded] : [];
  return [
    kinds.trialVerdicts[one.verdict ?? ""] ?? null,
    ...lost,
    ...failed.map((check) => saidOfTrial(check, trial, { words, names, format })),
    one.record["promoted"] === true ? kinds.trialPromoted(asked ?? names.unknown) : null,
  ];
}

function labelsAsked({ record }: Explanation, { kinds, format }: Told) {
  const [asked, strata] = [part(record["asked"]), part(record["strata"])];
  const [all, differ, questions] = [
    count(asked, "disagree") + count(asked, "agree"),
    count(strata, "disagree"),
    count(strata, "disagree") + count(strata, "agree"),
  ].map((number) => format.number(number)) as [string, string, string];
  const until = textIn(record["deadline"]);
  return [kinds.labelsAsked(all, differ, questions), until && kinds.labelsUntil(format.date(until))];
}

/** What a decision that is no verdict says below its headline, by its kind. */
export const KIND_SENTENCES: Record<string, Sentences> = {
  admitted,
  rollback: wentBack,
  restored: () => [],
  foreign_edit: foreignEdit,
  override: () => [],
  approval: () => [],
  test_set: testSet,
  effect,
  rollout_started: trialStarted,
  rollout_ended: trialEnded,
  labels_requested: labelsAsked,
  labels_closed: (one, { kinds }) => [kinds.labelsOutcomes[one.verdict ?? ""] ?? null],
};

/** Say what follows the headline of a decision that is no verdict. */
export function ofKind(one: Explanation, told: Told): string[] {
  const said = KIND_SENTENCES[one.kind]?.(one, told) ?? [];
  return said.filter((sentence): sentence is string => sentence !== null && sentence !== "");
}
