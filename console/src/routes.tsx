import type { QueryClient } from "@tanstack/react-query";
import { lazy } from "react";
import { sessionQuery } from "./access/session";
import { linesQuery } from "./review/lines";
import { Layout } from "./shell/Layout";
import { NotFound } from "./shell/NotFound";
import { Page } from "./shell/router";

const pages = {
  review: () => import("./review/ReviewPage"),
  board: () => import("./board/BoardPage"),
  model: () => import("./model/ModelPage"),
  decision: () => import("./decision/DecisionPage"),
  monitoring: () => import("./monitoring/MonitoringPage"),
  playground: () => import("./playground/PlaygroundPage"),
};
const ReviewPage = lazy(pages.review);
const BoardPage = lazy(pages.board);
const ModelPage = lazy(pages.model);
const DecisionPage = lazy(pages.decision);
const MonitoringPage = lazy(pages.monitoring);
const PlaygroundPage = lazy(pages.playground);

const QUIET_MS = 3_000;

/**
 * Fetch the page that nearly everybody opens first, and what it shows, without waiting for each
 * other; and all other pages a little later, so that a lost connection closes none of them. Then
 * choices are sent that were left unsent, whichever page it is.
 */
export function foresee(path: string, queries: QueryClient): void {
  void queries.prefetchQuery(sessionQuery);
  if (path === "/" || path === "/review") {
    void pages.review();
    void queries.prefetchQuery(linesQuery);
  }
  setTimeout(() => {
    void Promise.allSettled(Object.values(pages).map((page) => page()));
    void import("./review/post").then(({ sendLeft }) => sendLeft(queries), () => undefined);
  }, QUIET_MS);
}

const ROUTES = [
  ["/", ReviewPage],
  ["/review", ReviewPage],
  ["/board", BoardPage],
  ["/models/:name", ModelPage],
  ["/decisions/:id", DecisionPage],
  ["/monitoring", MonitoringPage],
  ["/playground", PlaygroundPage],
  ["/playground/:model", PlaygroundPage],
] as const;

/** Every address of the console. */
export function Pages() {
  return (
    <Layout>
      <Page routes={ROUTES} otherwise={NotFound} />
    </Layout>
  );
}
