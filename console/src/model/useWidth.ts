import { type RefObject, useEffect, useRef, useState } from "react";

/** Return a reference to put on an element, and how wide that element is. */
export function useWidth<E extends Element>(first: number): [RefObject<E | null>, number] {
  const element = useRef<E>(null);
  const [width, setWidth] = useState(first);
  useEffect(() => {
    const watched = element.current;
    if (!watched) return;
    const watcher = new ResizeObserver(([entry]) => entry && setWidth(Math.round(entry.contentRect.width)));
    watcher.observe(watched);
    return () => watcher.disconnect();
  }, []);
  return [element, width];
}
