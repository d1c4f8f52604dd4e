import { useCallback, useRef, useState } from "react";
import { keep, kept } from "../shell/storage";

/** Who reviews. What needs a name waits until there is one. */
export function useReviewer() {
  const [name, setName] = useState(() => kept("reviewer") ?? "");
  const [asking, setAsking] = useState(false);
  const waiting = useRef<((reviewer: string) => void) | null>(null);

  const asReviewer = useCallback(
    (act: (reviewer: string) => void) => {
      if (name) return act(name);
      waiting.current = act;
      setAsking(true);
    },
    [name],
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
  return { name, asking, askName: useCallback(() => setAsking(true), []), asReviewer, rename, close };
}
