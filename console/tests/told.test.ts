import { describe, expect, it } from "vitest";
import type { AssessmentView, Card, Explanation, VersionPoint } from "../src/api/schema";
import { concerns } from "../src/board/Attention";
import { placed } from "../src/board/VersionSpark";
import { chance, marks, milliseconds, signed } from "../src/decision/figures";
import { hasDiff } from "../src/decision/Diff";
import { reach } from "../src/decision/GainRows";
import { because, checkName } from "../src/decision/sentences";
import { headline, inShort } from "../src/decision/told/headline";
import { toldIn } from "../src/decision/told/told";
import { alarmNames, checkValues, drifting, figureName, limitValues } from "../src/monitoring/series";
import { formatOf } from "../src/shell/format";
import { boardWords } from "../src/words/board";
import { monitoringWords } from "../src/words/monitoring";

const en = formatOf("en");
const FIGURE = { role: "primary", metric: "accuracy", direction: "up", champion: 0.8, challenger: 0.9, gain: 0.1, lower: 0.05, upper: 0.15, units: 9, differing: 3 };
const VERDICT = {
  kind: "verdict", verdict: "promoted", version: "2", actor: null, against: "1", failed: ["slice:short"], settings: {}, record: {}, slices: [], champion: { version: "1" }, figures: [FIGURE],
  checks: [{ name: "slice:short", value: 1, limit: 0, passed: false, note: "" }, { name: "news", value: 1, limit: null, passed: null, note: "" }],
  p: 0.01, alpha: 0.03, alpha_left: 0.02, look: 1, rows: 1093, unjudged: 0, disagreements: 82, identical: false, mcnemar: null,
  shortfall: null, labels: null, rule: "superiority", trigger: null,
} as unknown as Explanation;

describe("figures", () => {
  it("carry a real minus, and few digits", () => {
    expect([signed(en, -0.01), signed(en, 0.5), signed(en, null)]).toEqual(["−0.01", "+0.5", "–"]);
    expect(milliseconds(en, 0.481)).toBe("0.48\u00a0ms");
    expect([1e-9, 0.00045, 0.0185].map((p) => chance(en, p))).toEqual(["< 0.0001", "0.00045", "0.019"]);
  });

  it("have round marks within the ends of their scale", () => {
    expect(marks(0.74, 0.86, 3)).toEqual([0.75, 0.8, 0.85].map((mark) => expect.closeTo(mark)));
    expect(marks(1, 1)).not.toHaveLength(0);
  });

  it("share one scale that leaves out what is beyond measure", () => {
    const far = { ...FIGURE, gain: 1e100, lower: null, upper: null };
    const rows = [FIGURE, far].map((figure, key) => ({ key: String(key), name: "", note: "", figure: figure as never }));
    expect(reach(rows)).toBeCloseTo(0.15 * 1.06);
  });
});

describe("a decision in plain words", () => {
  const told = toldIn("en");

  it("says what was decided in both languages", () => {
    expect(headline(VERDICT, told)).toBe("Version 2 is better than champion 1 and has replaced it.");
    expect(headline(VERDICT, toldIn("es"))).toContain("La versión 2");
  });

  it("says something of a kind that it does not know", () => {
    const other = { ...VERDICT, kind: "new_kind", version: null } as Explanation;
    expect(headline(other, told)).toBe("New kind.");
  });

  it("says in a list what was not passed, and what was decided where all was", () => {
    const name = (check: string) => checkName(check, told);
    expect(inShort(VERDICT, told, name)).toBe("It fails one check: short name (by slice).");
    expect(inShort({ ...VERDICT, failed: [] }, told, name)).toBe(headline(VERDICT, told));
  });

  it("gives the gain, the failed checks with what they found, and the look", () => {
    const said = because(VERDICT, told).join(" ");
    expect(said).toContain("Accuracy went from 0.8 to 0.9: a gain of +0.1");
    expect(said).toContain("It fails one check: short name");
    expect(said).toContain("short name (by slice): 0 rows");
    expect(said).toContain("look no. 1 at this test set of 1,093 requests");
  });

  it("says what the labels say", () => {
    const labels = { asked: 300, labelled: 120, challenger_only: 30, champion_only: 9, gain: 0.02, lower: 0.01, upper: 0.03 };
    const said = because({ ...VERDICT, labels } as unknown as Explanation, told);
    expect(said).toContain("120 of 300 labels asked for arrived: the new one alone gets 30 right; the old one, 9.");
  });

  it("has a diff where the record names one, and none for a first champion", () => {
    expect(hasDiff({})).toBe(false);
    expect(hasDiff({ catalogue_diff: { sha256: null, note: "no catalogue" } })).toBe(false);
    expect(hasDiff({ catalogue_diff: { sha256: "ab", note: "" } })).toBe(true);
  });

  it("names a check by what it is of", () => {
    expect(checkName("guardrail:brier", told)).toBe("Brier (guardrail)");
    expect(checkName("latency_budget", told)).toBe("Latency budget");
  });
});

describe("the board", () => {
  const card = (name: string, changes: object) =>
    ({ name, condition: "serving", agreed: true, drift: null, approvals: [], label_requests: 0, note: "", ...changes }) as unknown as Card;

  it("puts what is not served before what waits, and says nothing of what is well", () => {
    const cards = [card("a", { label_requests: 3 }), card("b", { condition: "failed" }), card("c", {}), card("d", { approvals: ["d1"] })];
    expect(concerns(cards, boardWords.en, (name) => name, (alarm) => alarm).map(({ key }) => key)).toEqual(["failed-b", "d1", "labels-a"]);
  });

  it("counts failed and refused requests of how many, and one as one", () => {
    expect([boardWords.es.failed(1, "3"), boardWords.es.failed(2, "3")]).toEqual(["1 fallida de 3", "2 fallidas de 3"]);
    expect([boardWords.es.refusedCount(1, "1"), boardWords.en.failed(1, "1")]).toEqual(["1 rechazada de 1", "1 of 1 failed"]);
  });

  it("draws only versions with a figure, the better ones higher", () => {
    const point = (version: string, value: number | null) =>
      ({ version, value, lower: null, upper: null, standing: "rejected" }) as unknown as VersionPoint;
    const [low, high] = placed([point("1", 0.2), point("2", null), point("3", 0.4)], 100, 40);
    expect(high!.y).toBeLessThan(low!.y);
    expect(placed([point("1", null)], 100, 40)).toEqual([]);
  });
});

describe("the monitoring", () => {
  const assessment = (effect: number, alarms: string[]) =>
    ({
      until: "2026-01-01", alarms, version: "1", live: null, estimated: null,
      checks: [{ name: "input: text", value: effect, limit: 0.1 }, { name: "accuracy: live", value: 0.9, limit: 0.8 }],
      figures: [{ version: "1", name: "rmse", value: 1, lower: 0.5, upper: 2, answers: 9 }],
    }) as unknown as AssessmentView;
  const found = [assessment(0.05, []), assessment(0.2, ["input: text"])];

  it("draws the changes of columns against their limit", () => {
    expect(drifting(found)).toEqual(["input: text"]);
    expect(checkValues(found, "input: text")).toEqual([0.05, 0.2]);
    expect(limitValues(found, ["accuracy: "])).toEqual([0.8, 0.8]);
  });

  it("says of one assessment that it is one", () => {
    expect(monitoringWords.es.noAlarms(1)).toBe("Ninguna alarma en 1 evaluación.");
    expect(monitoringWords.es.noAlarms(2)).toBe("Ninguna alarma en 2 evaluaciones.");
  });

  it("knows the alarms, and the figure of versions that state no confidence", () => {
    expect(alarmNames(found)).toEqual(["input: text"]);
    expect(figureName(found)).toBe("rmse");
  });
});
