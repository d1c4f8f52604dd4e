import { describe, expect, it } from "vitest";
import type { AssessmentView, CheckView, Explanation } from "../src/api/schema";
import { because, checkName, tellerOf } from "../src/decision/sentences";
import { headline, KINDS, VERDICTS } from "../src/decision/told/headline";
import { KIND_SENTENCES } from "../src/decision/told/kinds";
import { toldIn } from "../src/decision/told/told";
import { endedTrial } from "../src/decision/told/trial";
import { saidOfTrial, TRIAL_CHECKS } from "../src/decision/told/trialChecks";
import { saidOfVerdict, VERDICT_CHECKS } from "../src/decision/told/verdictChecks";
import { monitoredName } from "../src/monitoring/names";
import { MONITORED, monitoredSaid } from "../src/monitoring/said";
import { monitoringWords } from "../src/words/monitoring";
import written from "../vocabulary.json";

const LANGUAGES = ["es", "en"] as const;
const BROKEN = /undefined|null|NaN|\[object|–/;
const OF = { guardrail: "brier", limit: "brier", slice: "short", business: "revenue_accuracy", not_worse: "brier", with_labels: "accuracy" };

const figure = (role: string, metric: string) =>
  ({ role, metric, direction: "up", champion: 0.8, challenger: 0.9, gain: 0.1, lower: 0.05, upper: 0.15, units: 90, differing: 30 });

/** A decision with all that a verdict's record can hold. */
const WHOLE = {
  decision_id: "d1", kind: "verdict", verdict: "promoted", version: "2", actor: "ana", against: "1", failed: [],
  champion: { version: "1", blessing: { latency_ms: 2.5, size_bytes: 4e6 } },
  challenger: { version: "2", blessing: { latency_ms: 3.1, size_bytes: 5e6, golden: 12 } },
  figures: [figure("primary", "accuracy"), figure("guardrail", "brier"), figure("other", "revenue_accuracy"), figure("floor", "accuracy"), figure("anchor", "accuracy")],
  slices: [{ name: "short", rows: 240, figure: figure("other", "accuracy"), p_worse: 0.7 }, { name: "news", rows: 31, figure: figure("other", "accuracy"), p_worse: null }],
  checks: [], p: 0.01, alpha: 0.03, alpha_left: 0.02, look: 1, rows: 1093, unjudged: 0, disagreements: 82, identical: false,
  mcnemar: { challenger_only: 9, champion_only: 40, p: 0.001 }, shortfall: null, rule: "superiority", trigger: null,
  labels: { campaign: "d7", asked: 300, labelled: 120, challenger_only: 30, champion_only: 9, gain: 0.02, lower: 0.01, upper: 0.03 },
  settings: { slices: { minimum_rows: 100, margin: 0.02 } },
  record: {
    leakage: { of: 1000, shared: 17 },
    policy: { text: { guardrails: [{ metric: { name: "brier", direction: "down" }, margin: 0.05, limit: 0.4 }] } },
    ruling: { labels: { neither_or_both: 4 }, comparison: { diebold_mariano: { statistic: -3, p: 0.01 } } },
  },
} as unknown as Explanation;

const SIDE = { units: 500, unit_errors: 3, compared: 400, agreed: 390 };
const TRIAL = {
  totals: { cells: [{ stage: 0, arm: "champion", ...SIDE }, { stage: 0, arm: "challenger", ...SIDE }, { stage: 1, arm: "challenger", ...SIDE }] },
  evidence: { latency_limit_ms: 63.2, feedback: { champion: { count: 40, total: 10 }, challenger: { count: 20, total: 4 }, champion_wins: 0, challenger_wins: 0 } },
};

const RECORDS: Record<string, Record<string, unknown>> = {
  admitted: { origin: "foreign" },
  rollback: { from: "3", to: "2", reason: "it was slow" },
  restored: { from: "2", to: "4" },
  foreign_edit: { found: "2", champion: "1", action: "judge" },
  test_set: { event: "opened", overfitting: { metric: "accuracy", test: 0.9, sealed: 0.8, lower: 0.02, upper: 0.2 } },
  effect: { of: "d1", confirmations: { worker: "2026-01-01" } },
  rollout_started: { rollout: { mode: "canary", share: 0.1, seconds: 86_400, on_success: "promote" } },
  rollout_ended: { ...TRIAL, promoted: true, promoted_for: { actor: "ana" } },
  labels_requested: { asked: { disagree: 90, agree: 30 }, strata: { disagree: 120, agree: 900 }, deadline: "2026-02-01T00:00:00+00:00" },
  labels_closed: { of: "d1" },
};
const ENDS: Record<string, string> = { verdict: "promoted", rollout_ended: "superior", labels_closed: "decided", approval: "approved" };
/** Kinds that say all they have to say in their headline, and by the words of a person. */
const SHORT = ["restored", "override", "approval"];

const sound = (said: string | null): void => {
  expect(said).toBeTruthy();
  expect(said).not.toMatch(BROKEN);
};

describe.each(LANGUAGES)("all that the code can write, in %s,", (language) => {
  const told = toldIn(language);
  const { words, kinds, names } = told;

  it.each(written.kinds)("has words for the kind %s", (kind) => {
    expect(names.kinds[kind]).toBeTruthy();
    const one = { ...WHOLE, kind, verdict: ENDS[kind] ?? null, record: RECORDS[kind] ?? {} } as Explanation;
    sound(headline(one, told));
    expect(headline(one, told)).not.toBe(words.other(names.kinds[kind] ?? "", "2"));
    const said = because(one, told);
    said.forEach(sound);
    expect(new Set(said).size).toBe(said.length);
    expect(said.length > 0).toBe(!SHORT.includes(kind));
  });

  it.each(written.verdicts)("has words for the verdict %s, with a champion and without", (verdict) => {
    expect(names.verdicts[verdict]).toBeTruthy();
    sound(headline({ ...WHOLE, verdict }, told));
    sound(headline({ ...WHOLE, verdict, against: null }, told));
  });

  it.each(written.verdict_checks)("has a name and a sentence for the check %s", (stem) => {
    const of = (OF as Record<string, string>)[stem];
    const name = of ? `${stem}:${of}` : stem;
    expect(checkName(name, told)).not.toMatch(/_/);
    for (const passed of [true, false, null]) {
      sound(saidOfVerdict({ name, value: 0.02, limit: 0.03, passed, note: "" }, WHOLE, tellerOf(told)));
      sound(saidOfVerdict({ name, value: -0.02, limit: -0.01, passed, note: "" }, WHOLE, tellerOf(told)));
    }
  });

  it("says of a check that was not possible that it was not", () => {
    const said = ["guardrail:brier", "limit:brier", "business:revenue_accuracy", "anchor"].map((name) =>
      saidOfVerdict({ name, value: "not possible", limit: null, passed: null, note: "" }, WHOLE, tellerOf(told)),
    );
    said.forEach(sound);
  });

  it.each(written.trial_checks)("has a sentence for the check %s of a trial", (name) => {
    expect(words.checkNames[name]).toBeTruthy();
    for (const limit of [40, null]) {
      const check: CheckView = { name, value: 1.5, limit, passed: true, note: "" };
      sound(saidOfTrial(check, endedTrial(TRIAL), tellerOf(told)));
      sound(saidOfTrial(check, endedTrial({}), tellerOf(told)));
    }
  });

  it.each(written.monitoring_checks)("has a name and a sentence for the assessment's check %s", (kind) => {
    const of = { accuracy: "live", forecasts: "coverage", answers: "code" }[kind] ?? "text";
    const assessment = { live: { value: 0.8, lower: 0.7, upper: 0.9, rows: 40 }, estimated: null } as unknown as AssessmentView;
    const check: CheckView = { name: `${kind}: ${of}`, value: 0.3, limit: 0.1, passed: false, note: "" };
    sound(monitoredName(check.name, monitoringWords[language]));
    sound(monitoredSaid(check, assessment, monitoringWords[language], told.format));
  });

  it("has words for rules, triggers, modes, ends and health", () => {
    const groups: [readonly string[], Record<string, string>][] = [
      [written.rules, words.rules],
      [written.triggers, names.triggers],
      [written.trial_modes, names.modes],
      [written.trial_verdicts, names.verdicts],
      [written.trial_verdicts, kinds.trialVerdicts],
      [written.label_outcomes, kinds.labelsOutcomes],
      [written.label_outcomes, names.verdicts],
      [written.edits, kinds.actions],
      [written.health, names.health],
    ];
    for (const [asked, known] of groups) expect(asked.filter((name) => !known[name])).toEqual([]);
  });
});

it("has no sentence for what the code cannot write", () => {
  expect(Object.keys(VERDICTS).sort()).toEqual(written.verdicts);
  expect(Object.keys(KINDS).sort()).toEqual(written.kinds.filter((kind) => kind !== "verdict"));
  expect(Object.keys(KIND_SENTENCES).sort()).toEqual(Object.keys(KINDS).sort());
  expect(Object.keys(VERDICT_CHECKS).sort()).toEqual(written.verdict_checks);
  expect(Object.keys(TRIAL_CHECKS).sort()).toEqual(written.trial_checks);
  expect(Object.keys(MONITORED).sort()).toEqual(written.monitoring_checks);
});

it("says other words in the two languages", () => {
  const [spanish, english] = LANGUAGES.map((language) => {
    const told = toldIn(language);
    return written.verdict_checks.map((stem) =>
      saidOfVerdict({ name: stem, value: 0.02, limit: 0.03, passed: true, note: "" }, WHOLE, tellerOf(told)),
    );
  });
  spanish?.forEach((said, place) => expect(said).not.toBe(english?.[place]));
});
