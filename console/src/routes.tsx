import { lazy } from "react";
import { Route, Routes } from "react-router";
import { Layout } from "./shell/Layout";
import { NotFound } from "./shell/NotFound";

const ReviewPage = lazy(() => import("./review/ReviewPage"));
const BoardPage = lazy(() => import("./board/BoardPage"));
const ModelPage = lazy(() => import("./model/ModelPage"));
const DecisionPage = lazy(() => import("./decision/DecisionPage"));
const MonitoringPage = lazy(() => import("./monitoring/MonitoringPage"));
const PlaygroundPage = lazy(() => import("./playground/PlaygroundPage"));

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
