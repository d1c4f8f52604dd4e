import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { onTurnedAway } from "./access/session";
import { watchNetwork } from "./api/connection";
import { passing, Refused, Unreachable } from "./api/problem";
import { foresee, Pages } from "./routes";
import { LanguageProvider } from "./shell/language";
import { Router } from "./shell/router";
import { ShortcutProvider } from "./shell/shortcuts";
import "./styles/tokens.css";
import "./styles/page.css";

const mayPass = (error: Error): boolean =>
  error instanceof Unreachable || (error instanceof Refused && passing(error.status));

const turnedAway = (error: Error): void => onTurnedAway(queries, error);
const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: turnedAway }),
  mutationCache: new MutationCache({ onError: turnedAway }),
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      // Whether the network is there is for `api/connection` to say: a server on this machine
      // is reached without any.
      networkMode: "always",
      retry: (failures, error) => failures < 2 && mayPass(error),
    },
    mutations: { networkMode: "always" },
  },
});

watchNetwork();
foresee(location.pathname, queries);
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <LanguageProvider>
          <ShortcutProvider>
            <Router>
              <Pages />
            </Router>
          </ShortcutProvider>
        </LanguageProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
