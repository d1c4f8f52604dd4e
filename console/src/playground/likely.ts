import type { JsonObject } from "./schema";

export interface Likelihood {
  value: string;
  share: number | null;
}

const isRow = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
const shareOf = (value: unknown): number | null => (typeof value === "number" ? value : null);

/** Return an answer and its alternatives, the likeliest first; each once. */
export function likelihoods(row: JsonObject, target: string): Likelihood[] {
  const listed = Array.isArray(row["alternatives"]) ? row["alternatives"].filter(isRow) : [];
  const all = [row, ...listed].flatMap((one) => {
    const value = one[target];
    return value === undefined || value === null ? [] : [{ value: String(value), share: shareOf(one["confidence"]) }];
  });
  return all.filter(({ value }, place) => all.findIndex((other) => other.value === value) === place);
}
