import { useMemo } from "react";
import { type Language, useLanguage } from "./language";

/** Numbers and times as the chosen language writes them. Times come as ISO 8601 text. */
export interface Format {
  number: (value: number, digits?: number) => string;
  /** A share between 0 and 1 as a percentage. */
  percent: (share: number, digits?: number) => string;
  date: (iso: string) => string;
  time: (iso: string) => string;
  dateTime: (iso: string) => string;
  /** How long ago, in the largest unit that fits. */
  ago: (iso: string, now?: number) => string;
  /** Seconds as minutes and seconds, for what counts down. */
  clock: (seconds: number) => string;
}

const LOCALES: Record<Language, string> = { es: "es", en: "en-GB" };
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** Making a formatter takes far longer than using it. */
function remembered<T>(make: (digits: number) => T): (digits: number) => T {
  const made = new Map<number, T>();
  return (digits) => {
    const found = made.get(digits) ?? make(digits);
    made.set(digits, found);
    return found;
  };
}

export function formatOf(language: Language): Format {
  const locale = LOCALES[language];
  const date = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });
  const time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
  const both = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const decimal = remembered((digits) => new Intl.NumberFormat(locale, { maximumFractionDigits: digits }));
  const share = remembered(
    (digits) =>
      new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }),
  );
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  return {
    number: (value, digits = 2) => decimal(digits).format(value),
    percent: (value, digits = 0) => share(digits).format(value),
    date: (iso) => date.format(new Date(iso)),
    time: (iso) => time.format(new Date(iso)),
    dateTime: (iso) => both.format(new Date(iso)),
    ago: (iso, now = Date.now()) => {
      const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
      const [unit, size] = UNITS.find(([, length]) => seconds >= length) ?? ["second", 1];
      return relative.format(-Math.floor(seconds / size), unit);
    },
    clock: (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`,
  };
}

export function useFormat(): Format {
  const { language } = useLanguage();
  return useMemo(() => formatOf(language), [language]);
}
