import type { monitoringWords } from "../words/monitoring";

type Words = (typeof monitoringWords)["es"];

/** A monitoring check's name, as it is shown: what it is of, and which column. */
export function monitoredName(name: string, words: Words): string {
  const [kind = name, column] = name.split(": ");
  if (column === undefined) return words.namesAlone[name] ?? name;
  if (kind === "accuracy") return words.accuracyOf[column] ?? name;
  if (kind === "forecasts") return words.forecastsOf[column] ?? name;
  const known: Record<string, string> = { input: words.input, answers: words.answersOf, labels: words.labels };
  return `${known[kind] ?? kind}: ${column.replaceAll("_", " ")}`;
}
