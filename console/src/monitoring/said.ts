import type { AssessmentView, CheckView } from "../api/schema";
import { figure } from "../decision/figures";
import type { Format } from "../shell/format";
import type { monitoringWords } from "../words/monitoring";

type Words = (typeof monitoringWords)["es"];

interface Found {
  /** What stands after the colon of the check's name, or nothing. */
  of: string;
  value: string;
  limit: string;
  assessment: AssessmentView;
  words: Words;
  format: Format;
}

const changed = ({ value, limit, words }: Found): string => words.changed(value, limit);

function accuracy({ of, value, limit, assessment, words, format }: Found): string {
  const share = of === "live" ? assessment.live : assessment.estimated;
  if (!share) return words.accuracyAlone(value, limit);
  return words.accuracySaid(value, figure(format, share.lower), figure(format, share.upper), format.number(share.rows), limit);
}

/** What is said of each check of an assessment, by what stands before the colon. */
export const MONITORED: Record<string, (found: Found) => string> = {
  input: changed,
  labels: changed,
  answers: (found) => (found.of === "" ? found.words.tooFewAsked(found.value, found.limit) : changed(found)),
  accuracy,
  forecasts: ({ of, value, limit, words }) => (of === "coverage" ? words.coverage : words.leaning)(value, limit),
};

/** Say a check of an assessment in a sentence; null where there are no words for it. */
export function monitoredSaid(check: CheckView, assessment: AssessmentView, words: Words, format: Format): string | null {
  const [kind = check.name, of = ""] = check.name.split(": ");
  const [value, limit] = [check.value, check.limit];
  if (typeof value !== "number" || typeof limit !== "number") return null;
  const shown = { value: figure(format, value), limit: figure(format, limit) };
  return MONITORED[kind]?.({ of, ...shown, assessment, words, format }) ?? null;
}
