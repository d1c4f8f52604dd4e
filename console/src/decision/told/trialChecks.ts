import type { CheckView } from "../../api/schema";
import { figure, milliseconds } from "../figures";
import { figureIn } from "./recorded";
import type { Told } from "./told";
import type { Trial } from "./trial";
import type { Teller } from "./verdictChecks";

interface Found extends Teller {
  check: CheckView;
  trial: Trial;
}

/** How strong the evidence of harm is, and what would be enough; of what informs alone, that. */
function harm({ check, words, format }: Found): string {
  const value = figureIn(check.value);
  const limit = figureIn(check.limit);
  if (value === null) return "";
  return limit === null ? words.harmShown(figure(format, value)) : words.harm(figure(format, value), figure(format, limit));
}

function failures({ trial: { challenger, champion }, words, format }: Found): string {
  const { number } = format;
  return words.failures(number(challenger.failed), number(challenger.units), number(champion.failed), number(champion.units));
}

const slow = ({ trial, words, format }: Found): string =>
  trial.slowMs === null ? words.noSlow : words.slow(milliseconds(format, trial.slowMs));

function agreement(found: Found): string {
  const { trial, words, format } = found;
  const { agreed, compared } = trial.challenger;
  if (compared === 0) return words.notCompared;
  const said = words.agreed(format.number(agreed), format.number(compared));
  // Without a floor the value is the share itself, and no evidence of anything.
  return found.check.limit === null ? said : `${said} ${harm(found)}`;
}

function outcomes({ trial: { losses, wins }, words, format }: Found): string {
  const { number } = format;
  if (wins) return words.wins(number(wins.mine), number(wins.both));
  if (!losses) return words.noFeedback;
  return words.losses(figure(format, losses.mine), number(losses.mineOf), figure(format, losses.theirs), number(losses.theirsOf));
}

function victory({ check, words, format }: Found): string {
  const [value, limit] = [figureIn(check.value), figureIn(check.limit)];
  return value === null || limit === null ? "" : words.strength(figure(format, value), figure(format, limit));
}

const joined = (...said: string[]): string => said.filter((each) => each !== "").join(" ");

/** What is said of each check that a trial on traffic is judged by. */
export const TRIAL_CHECKS: Record<string, (found: Found) => string> = {
  errors: (found) => joined(failures(found), harm(found)),
  latency: (found) => joined(slow(found), harm(found)),
  agreement,
  metric: (found) => joined(outcomes(found), harm(found)),
  superiority: (found) => joined(outcomes(found), victory(found)),
};

/** What is known of a running trial by now, in a sentence. */
export function trialSoFar({ challenger }: Trial, { kinds, format }: Told): string {
  return challenger.units === 0 ? kinds.nothingAsked : kinds.soFar(format.number(challenger.units));
}

/** Say a check of a trial in a sentence; null where there are no words for it. */
export const saidOfTrial = (check: CheckView, trial: Trial, teller: Teller): string | null =>
  TRIAL_CHECKS[check.name]?.({ ...teller, check, trial }) ?? null;
