import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { withChoice } from "./desk";
import { linesQuery } from "./lines";
import type { Pending } from "./outbox";
import type { Snapshot } from "./shapes";

/** The desk as the server last said, and what was chosen since. */
export function useSnapshot(pending: readonly Pending[]) {
  const query = useQuery(linesQuery);
  const { data } = query;
  const desk = useMemo(
    () => data && pending.reduce<Snapshot>((now, one) => withChoice(now, one.choice, one.reviewer), data),
    [data, pending],
  );
  return { ...query, desk };
}

/** Seconds until the desk is asked for again, counted down; 0 while it is being asked for. */
export function useCountdown(updatedAt: number, every: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, Math.ceil((updatedAt + every * 1000 - now) / 1000));
}
