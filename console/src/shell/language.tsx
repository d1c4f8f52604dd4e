import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { keep, kept } from "./storage";

export type Language = "es" | "en";

/** The same words in both languages; the Spanish ones say which there are. */
export interface Words<T> {
  es: T;
  en: T;
}

interface Chosen {
  language: Language;
  choose: (language: Language) => void;
}

const LanguageContext = createContext<Chosen>({ language: "es", choose: () => undefined });

/** English where the browser asks for it first, and Spanish for everybody else. */
export function preferred(stored: string | null, asked: string): Language {
  if (stored === "es" || stored === "en") return stored;
  return asked.toLowerCase().startsWith("en") ? "en" : "es";
}

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(() => preferred(kept("language"), navigator.language));
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const chosen = useMemo(() => {
    const choose = (next: Language) => {
      keep("language", next);
      setLanguage(next);
    };
    return { language, choose };
  }, [language]);
  return <LanguageContext value={chosen}>{children}</LanguageContext>;
}

export const useLanguage = (): Chosen => useContext(LanguageContext);

/** Return an area's words in the chosen language. */
export function useWords<T>(words: Words<T>): T {
  return words[useLanguage().language];
}
