import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type Arrangement, arranged, arrangementOf, type Filter, filtered, linesOf } from "./desk";
import type { Line, Message } from "./shapes";

export interface Cursor {
  /** All messages, in the order of the desk. */
  all: Message[];
  /** Those that the filter shows, with their lines. */
  shown: Message[];
  lines: Line[];
  line: Line | null;
  message: Message | null;
  filter: Filter;
  choose: (filter: Filter) => void;
  goTo: (lineId: string | null) => void;
  /** Keep showing these lines, though the filter would not show them any more. */
  keep: (lineIds: readonly string[]) => void;
}

const NOTHING: Message[] = [];
const NONE: ReadonlySet<string> = new Set();

/** Where somebody is on the desk; what comes in meanwhile moves neither him nor what he sees. */
export function useCursor(messages: Message[] = NOTHING): Cursor {
  const [filter, setFilter] = useState<Filter>("open");
  const [kept, setKept] = useState(NONE);
  const [at, setAt] = useState<string | null>(null);
  const before = useRef<Arrangement>(new Map());
  const place = useRef(0);

  const working = useRef<string | null>(null);
  const all = useMemo(() => arranged(messages, before.current, working.current), [messages]);
  const shown = useMemo(() => filtered(all, filter, at ? new Set([...kept, at]) : kept), [all, filter, kept, at]);
  const lines = useMemo(() => linesOf(shown), [shown]);
  const found = lines.findIndex((line) => line.line_id === at);
  const line = lines[found] ?? lines[Math.min(place.current, lines.length - 1)] ?? null;
  const message = all.find((one) => one.lines.some((other) => other.line_id === line?.line_id)) ?? null;

  useEffect(() => {
    before.current = arrangementOf(all);
    working.current = message?.message_id ?? null;
    if (found >= 0) place.current = found;
  });
  const choose = useCallback((next: Filter) => {
    setFilter(next);
    setKept(NONE);
    setAt(null);
    place.current = 0;
  }, []);
  const keep = useCallback((ids: readonly string[]) => setKept((now) => new Set([...now, ...ids])), []);
  return { all, shown, lines, line, message, filter, choose, goTo: setAt, keep };
}

