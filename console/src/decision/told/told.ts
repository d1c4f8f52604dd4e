import { useMemo } from "react";
import { type Format, formatOf } from "../../shell/format";
import { type Language, useLanguage } from "../../shell/language";
import { checkWords } from "../../words/checks";
import { decisionWords } from "../../words/decision";
import { kindWords } from "../../words/kinds";
import { lifecycleWords } from "../../words/lifecycle";

/** All that is needed to tell of decisions in one language. */
export interface Told {
  words: (typeof decisionWords)["es"];
  kinds: (typeof kindWords)["es"];
  checks: (typeof checkWords)["es"];
  names: (typeof lifecycleWords)["es"];
  format: Format;
}

export const toldIn = (language: Language): Told => ({
  words: decisionWords[language],
  kinds: kindWords[language],
  checks: checkWords[language],
  names: lifecycleWords[language],
  format: formatOf(language),
});

export function useTold(): Told {
  const { language } = useLanguage();
  return useMemo(() => toldIn(language), [language]);
}

/** A person's own name, or the words for what acts where nobody does. */
export const actorName = (actor: string | null, { kinds, names }: Told): string =>
  actor === null ? names.unknown : (kinds.actors[actor] ?? actor);
