import type { AssessmentView } from "../api/schema";

export const ACCURACY = "accuracy: ";
const DRIFT = ["input: ", "answers: ", "labels: "];
/** The fourth colour is the limit's. */
const COLOURS = 3;

export const timesOf = (assessments: AssessmentView[]): number[] => assessments.map(({ until }) => Date.parse(until) / 1000);

/** The values of a check in each assessment, null where it was not made. */
export function checkValues(assessments: AssessmentView[], name: string): (number | null)[] {
  return assessments.map(({ checks }) => {
    const value = checks.find((check) => check.name === name)?.value;
    return typeof value === "number" ? value : null;
  });
}

/** The limit of the checks that begin so, in each assessment. */
export function limitValues(assessments: AssessmentView[], prefixes: string[]): (number | null)[] {
  return assessments.map(({ checks }) => {
    const found = checks.find(({ name, limit }) => typeof limit === "number" && prefixes.some((prefix) => name.startsWith(prefix)));
    return typeof found?.limit === "number" ? found.limit : null;
  });
}

/** The columns whose change is drawn: those that have changed most of late. */
export function drifting(assessments: AssessmentView[]): string[] {
  const latest = new Map<string, number>();
  for (const { checks } of assessments) {
    for (const { name, value } of checks) {
      if (DRIFT.some((prefix) => name.startsWith(prefix)) && typeof value === "number") latest.set(name, value);
    }
  }
  return [...latest].sort(([, left], [, right]) => right - left).slice(0, COLOURS).map(([name]) => name);
}

export const driftLimits = (assessments: AssessmentView[]): (number | null)[] => limitValues(assessments, DRIFT);

/** Every alarm that was raised, in the order of how often. */
export function alarmNames(assessments: AssessmentView[]): string[] {
  const counts = new Map<string, number>();
  for (const { alarms } of assessments) for (const name of alarms) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, left], [, right]) => right - left).map(([name]) => name);
}

/** The live figure that is told most often, of the version that was champion then. */
export function figureName(assessments: AssessmentView[]): string | null {
  const names = assessments.flatMap(({ figures }) => figures.map(({ name }) => name));
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, left], [, right]) => right - left)[0]?.[0] ?? null;
}

type Side = "value" | "lower" | "upper";

export const figureValues = (assessments: AssessmentView[], name: string, side: Side): (number | null)[] =>
  assessments.map(({ figures, version }) => figures.find((one) => one.name === name && one.version === version)?.[side] ?? null);

export const shareValues = (assessments: AssessmentView[], which: "live" | "estimated", side: Side): (number | null)[] =>
  assessments.map((one) => one[which]?.[side] ?? null);
