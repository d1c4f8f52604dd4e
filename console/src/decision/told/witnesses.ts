import type { Explanation } from "../../api/schema";
import { chance } from "../figures";
import { figureIn, part } from "./recorded";
import type { Teller } from "./verdictChecks";

/** The level at which the gate itself believes a second witness. */
const SIGNIFICANT = 0.05;

/** Where a second witness credibly points another way than the figure that decides. */
export function contradictions(one: Explanation, { words, format }: Teller): string[] {
  const gain = one.figures.find(({ role }) => role === "primary")?.gain ?? null;
  const comparison = part(part(one.record["ruling"])["comparison"]);
  const losses = part(comparison["diebold_mariano"]);
  const [p, statistic] = [figureIn(losses["p"]), figureIn(losses["statistic"])];
  const said: string[] = [];
  if (one.mcnemar && gain !== null) said.push(...mcnemar(one.mcnemar, gain, one.verdict, { words, format }));
  if (p !== null && p <= SIGNIFICANT && statistic !== null && gain !== null && statistic * gain < 0) {
    said.push(words.dieboldAgainst(chance(format, p)));
  }
  return said;
}

function mcnemar(
  { challenger_only: gained, champion_only: lost, p }: NonNullable<Explanation["mcnemar"]>,
  gain: number,
  verdict: string | null,
  { words, format }: Pick<Teller, "words" | "format">,
): string[] {
  if (p > SIGNIFICANT) return verdict === "promoted" || verdict === "awaiting_approval" ? [words.mcnemarSilent(chance(format, p))] : [];
  if ((gained - lost) * gain >= 0) return [];
  const side = gained > lost ? words.theChallenger : words.theChampion;
  return [words.mcnemarAgainst(side, format.number(gained), format.number(lost), chance(format, p))];
}
