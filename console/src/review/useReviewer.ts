import { useCallback, useRef, useState } from "react";
import { useKeyName, useMay } from "../access/session";
import { useWords } from "../shell/language";
import { keep, kept } from "../shell/storage";
import { toast } from "../shell/toasts";
import { accessWords } from "../words/access";

/** Who reviews: whose key it is, or who says so. What needs a name waits until there is one. */
export function useReviewer() {
  const words = useWords(accessWords);
  const keyName = useKeyName();
  const may = useMay("reviewer");
  const [typed, setName] = useState(() => kept("reviewer") ?? "");
  const name = keyName ?? typed;
  const [asking, setAsking] = useState(false);
  const waiting = useRef<((reviewer: string) => void) | null>(null);

  const asReviewer = useCallback(
    (act: (reviewer: string) => void) => {
      if (!may) return toast("plain", words.onlyLookingHint);
      if (name) return act(name);
      waiting.current = act;
      setAsking(true);
    },
    [name, may, words],
  );
  const close = useCallback(() => {
    waiting.current = null;
    setAsking(false);
  }, []);
  const rename = useCallback((next: string) => {
    keep("reviewer", next);
    setName(next);
    setAsking(false);
    waiting.current?.(next);
    waiting.current = null;
  }, []);
  return { name, fixed: keyName !== null, asking, askName: useCallback(() => setAsking(true), []), asReviewer, rename, close };
}
