import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { address, ask } from "../../api/client";
import { timed } from "../asking";
import { futureOf, type Plan } from "./days";

const DAYS_BEFORE = 90;
const ALWAYS = { staleTime: Number.POSITIVE_INFINITY, retry: false } as const;

/** The stored sales of a product, the latest days. */
export function useSales(product: string | null) {
  return useQuery({
    queryKey: ["playground", "sales", product],
    queryFn: ({ signal }) =>
      ask("GET /v1/playground/sales/{product_id}", { path: { product_id: product ?? "" }, query: { days: DAYS_BEFORE } }, signal),
    enabled: product !== null,
    retry: false,
  });
}

/** A forecast by the stored sales, and by a plan of the days in `dates` where there is one. */
export function useForecast(product: string | null, horizon: number, plan: Plan | null, dates: string[]) {
  const future = plan ? futureOf(plan, dates) : [];
  return useQuery({
    queryKey: ["playground", "forecast", product, horizon, future],
    queryFn: ({ signal }) => {
      const path = { product_id: product ?? "" };
      const body = { horizon, future };
      const request = { path: address("/v1/playground/sales/{product_id}/forecast", path), body };
      return timed({ ...path, horizon }, request, () =>
        ask("POST /v1/playground/sales/{product_id}/forecast", { path, body }, signal),
      );
    },
    enabled: product !== null && (plan === null || future.length > 0),
    ...ALWAYS,
    ...(plan && future.length > 0 ? { placeholderData: keepPreviousData } : {}),
  });
}
