import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { address, ask } from "../api/client";
import type { PredictResponse, ServedVersion } from "../api/schema";
import { useConnected } from "../api/connection";
import type { Json, JsonObject } from "./schema";

/** One answer of a model, with what it can be traced by. */
export interface Told {
  instance: JsonObject;
  /** What was sent, and where to. */
  request: { path: string; body: unknown };
  /** The first row; a model that answers lists has more in `rows`. */
  row: JsonObject;
  rows: JsonObject[];
  model: ServedVersion;
  predictionId: string | null;
  /** From the request to its answer, as this browser saw it. */
  tookMs: number;
}

/** Return `value` as it was once it has not changed for a moment. */
export function useSettled<T>(value: T, pauseMs: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pauseMs);
    return () => clearTimeout(timer);
  }, [value, pauseMs]);
  return settled;
}

/** Return an answer of `send` as the playgrounds show it. */
export async function timed(instance: JsonObject, request: Told["request"], send: () => Promise<PredictResponse>): Promise<Told> {
  const began = performance.now();
  const answer = await send();
  const tookMs = performance.now() - began;
  const [first] = answer.predictions as Json[];
  const rows = (Array.isArray(first) ? first : [first]) as JsonObject[];
  return { instance, request, row: rows[0] ?? {}, rows, model: answer.model, predictionId: answer.prediction_ids[0] ?? null, tookMs };
}

function told(name: string, instance: JsonObject, signal: AbortSignal): Promise<Told> {
  const body = { instances: [instance] };
  const request = { path: address("/v1/models/{name}/predict", { name }), body };
  return timed(instance, request, () => ask("POST /v1/models/{name}/predict", { path: { name }, body }, signal));
}

/** Ask a model about an instance; the answer before stays until there is a new one. */
export function useAnswer(model: string, instance: JsonObject | null) {
  return useQuery({
    queryKey: ["playground", "answer", model, instance],
    queryFn: ({ signal }) => told(model, instance ?? {}, signal),
    enabled: instance !== null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
    ...(instance ? { placeholderData: keepPreviousData } : {}),
  });
}

/** Look for customers or products that a model knows. */
export function useKnown(model: string, query: string, limit = 12) {
  const connected = useConnected();
  return useQuery({
    queryKey: ["playground", "known", model, query, limit],
    queryFn: ({ signal }) => ask("GET /v1/playground/{name}/entities", { path: { name: model }, query: { q: query, limit } }, signal),
    enabled: connected,
    placeholderData: keepPreviousData,
  });
}

/** Whether the model was asked whom it knows, and knows nobody. */
export const nobodyKnown = (known: { total: number } | undefined): boolean => known?.total === 0;
