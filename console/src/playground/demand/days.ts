import type { ProductSales } from "../../api/schema";
import { readings } from "../../shell/typed";
import type { Json, JsonObject } from "../schema";

export interface Day {
  date: string;
  value: number;
  low: number | null;
  high: number | null;
}

/** What is planned for coming days: promotions by date, and one price for all of them. */
export interface Plan {
  promoted: ReadonlySet<string>;
  price: number | null;
}

/** Read a price as people write it; null for what is none, or may be two. */
export function priceOf(text: string): number | null {
  const [value, other] = readings(text);
  return value !== undefined && other === undefined && value > 0 ? value : null;
}

const numberOf = (value: Json | undefined): number | null => (typeof value === "number" ? value : null);

/** Return the days of a forecast that say when they are. */
export function daysOf(row: JsonObject): Day[] {
  const listed = Array.isArray(row["daily_predictions"]) ? row["daily_predictions"] : [];
  return listed.flatMap((day) => {
    if (typeof day !== "object" || day === null || Array.isArray(day)) return [];
    const { date, predicted_quantity: value } = day;
    if (typeof date !== "string" || typeof value !== "number") return [];
    return [{ date, value, low: numberOf(day["lower"]), high: numberOf(day["upper"]) }];
  });
}

/** Return what is told of a plan: only days of which it says something. */
export function futureOf(plan: Plan, dates: string[]): { date: string; promotion: boolean; price?: number }[] {
  if (plan.promoted.size === 0 && plan.price === null) return [];
  return dates.map((date) => ({
    date,
    promotion: plan.promoted.has(date),
    ...(plan.price === null ? {} : { price: plan.price }),
  }));
}

export interface Drawn {
  times: number[];
  sold: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
  plain: (number | null)[];
  planned: (number | null)[];
}

/** Put past and coming days on one scale. */
export function drawn(days: ProductSales["days"], plain: Day[], planned: Day[] | null): Drawn {
  const dates = [...new Set([...days.map(({ date }) => date), ...plain.map(({ date }) => date)])].sort();
  const of = <T extends { date: string }>(rows: T[], value: (row: T) => number | null) => {
    const found = new Map(rows.map((row) => [row.date, value(row)]));
    return dates.map((date) => found.get(date) ?? null);
  };
  const banded = planned ?? plain;
  return {
    times: dates.map((date) => Date.parse(date) / 1000),
    sold: of(days, ({ quantity }) => quantity),
    low: of(banded, ({ low }) => low),
    high: of(banded, ({ high }) => high),
    plain: of(plain, ({ value }) => value),
    planned: of(planned ?? [], ({ value }) => value),
  };
}

export const totalOf = (days: Day[]): number => days.reduce((sum, { value }) => sum + value, 0);
