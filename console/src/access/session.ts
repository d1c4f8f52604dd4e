import { type QueryClient, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ask } from "../api/client";
import { Refused } from "../api/problem";
import type { SessionView } from "../api/schema";

export type Role = SessionView["role"];

const RANKS: Record<Role, number> = { anyone: 0, viewer: 1, reviewer: 2, operator: 3 };

/** Who asks, as the server sees it. */
export const sessionQuery = {
  queryKey: ["session"],
  queryFn: ({ signal }: { signal: AbortSignal }) => ask("GET /v1/session", {}, signal),
  staleTime: 60_000,
};

/** Return who asks, or undefined until the server has said so. */
export const useSession = (): SessionView | undefined => useQuery(sessionQuery).data;

/** Whether a role reaches; while nothing is known the server will say. */
export const reaches = (session: SessionView | undefined, needed: Role): boolean =>
  session === undefined || RANKS[session.role] >= RANKS[needed];

export const useMay = (needed: Role): boolean => reaches(useSession(), needed);

/** The name in which this browser acts, where a key says it; who has none names himself. */
export const useKeyName = (): string | null => {
  const session = useSession();
  return session && session.by !== "none" ? session.name : null;
};

/** Look again who asks when the server has turned somebody away: his session may have ended. */
export function onTurnedAway(queries: QueryClient, error: Error): void {
  if (error instanceof Refused && error.status === 401) void queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
}

/** Sign in by a key, which only the server keeps from then on. */
export function useSignIn() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (key: string) => ask("POST /v1/session", { body: { key } }),
    onSuccess: (session) => become(queries, session),
  });
}

/** Sign out: what was read under the key is forgotten at once. */
export function useSignOut() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => ask("DELETE /v1/session", {}),
    onSuccess: (session) => {
      queries.setQueryData(sessionQuery.queryKey, session);
      queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] });
    },
  });
}

/** Everything is asked anew in the name of whom the server now sees. */
async function become(queries: QueryClient, session: SessionView): Promise<void> {
  queries.setQueryData(sessionQuery.queryKey, session);
  await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] });
}
