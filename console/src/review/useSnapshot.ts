import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { ask } from "../api/client";
import { withChoice } from "./desk";
import type { Pending } from "./outbox";
import type { Snapshot } from "./shapes";
import { LINES_KEY } from "./useChoices";

const REFRESH_SECONDS = 180;

/** Midnight by the person's own clock: the day whose progress is shown. */
export function startOfDay(now: Date): string {
  const midnight = new Date(now);
  midnight.setHours(0, 0, 0, 0);
  return midnight.toISOString();
}

/** The desk as the server last said, and what was chosen since. */
export function useSnapshot(pending: readonly Pending[]) {
  const query = useQuery({
    queryKey: LINES_KEY,
    queryFn: ({ signal }) => ask("GET /v1/review/lines", { query: { since: startOfDay(new Date()) } }, signal),
    refetchInterval: ({ state }) => 1000 * (state.data?.refresh_seconds ?? REFRESH_SECONDS),
    refetchIntervalInBackground: false,
  });
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
