import type { QueryClient } from "@tanstack/react-query";
import { lazy } from "react";
import { Route, Routes } from "react-router";
import { linesQuery } from "./review/lines";
import { Layout } from "./shell/Layout";
import { NotFound } from "./shell/NotFound";

const reviewPage = () => import("./review/ReviewPage");
const ReviewPage = lazy(reviewPage);
const BoardPage = lazy(() => import("./board/BoardPage"));
const ModelPage = lazy(() => import("./model/ModelPage"));
const DecisionPage = lazy(() => import("./decision/DecisionPage"));
const MonitoringPage = lazy(() => import("./monitoring/MonitoringPage"));
const PlaygroundPage = lazy(() => import("./playground/PlaygroundPage"));

/** Fetch the page that nearly everybody opens first, and what it shows, without waiting for each other. */
export function foresee(path: string, queries: QueryClient): void {
  if (path !== "/" && path !== "/review") return;
  void reviewPage();
  void queries.prefetchQuery(linesQuery);
}

/** Every address of the console; each page is fetched when it is first looked at. */
export function Pages() {
  return (
    <Routes>
      <Route element={<Layout />}>
        <Route index element={<ReviewPage />} />
        <Route path="review" element={<ReviewPage />} />
        <Route path="board" element={<BoardPage />} />
        <Route path="models/:name" element={<ModelPage />} />
        <Route path="decisions/:id" element={<DecisionPage />} />
        <Route path="monitoring" element={<MonitoringPage />} />
        <Route path="playground/:model?" element={<PlaygroundPage />} />
        <Route path="*" element={<NotFound />} />
      </Route>
    </Routes>
  );
}
