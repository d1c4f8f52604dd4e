import { queryOptions } from "@tanstack/react-query";
import { ask } from "../api/client";

export const LINES_KEY = ["review", "lines"] as const;
const REFRESH_SECONDS = 180;

/** Midnight by the person's own clock: the day whose progress is shown. */
export function startOfDay(now: Date): string {
  const midnight = new Date(now);
  midnight.setHours(0, 0, 0, 0);
  return midnight.toISOString();
}

/** The question for the desk; asked again by itself as often as new lines are taken in. */
export const linesQuery = queryOptions({
  queryKey: LINES_KEY,
  queryFn: ({ signal }) => ask("GET /v1/review/lines", { query: { since: startOfDay(new Date()) } }, signal),
  refetchInterval: ({ state }) => 1000 * (state.data?.refresh_seconds ?? REFRESH_SECONDS),
});
