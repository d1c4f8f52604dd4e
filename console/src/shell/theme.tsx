import { useSyncExternalStore } from "react";
import { keep } from "./storage";

export type Theme = "light" | "dark";

const listeners = new Set<() => void>();

/** The theme in force; public/theme.js has set the first one before anything was painted. */
export function theme(): Theme {
  return document.documentElement.dataset["theme"] === "dark" ? "dark" : "light";
}

export function chooseTheme(next: Theme): void {
  document.documentElement.dataset["theme"] = next;
  keep("theme", next);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useTheme = (): Theme => useSyncExternalStore(subscribe, theme);
