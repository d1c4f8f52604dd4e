import { useRef } from "react";
import { useWords } from "../shell/language";
import { useShortcuts } from "../shell/shortcuts";
import { playgroundWords } from "../words/playground";

/** Return the ref of the field that `/` goes to. */
export function useSlash() {
  const words = useWords(playgroundWords);
  const field = useRef<HTMLInputElement>(null);
  useShortcuts(words.title, [{ keys: ["/"], label: words.toField, run: () => field.current?.select() }]);
  return field;
}
