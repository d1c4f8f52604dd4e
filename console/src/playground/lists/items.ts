import type { JsonObject } from "../schema";

/** One place of a recommended list, as far as the version says. */
export interface Item {
  id: string;
  title: string | null;
  image: string | null;
  reason: string | null;
  score: number | null;
  rating: number | null;
}

const textOf = (value: unknown): string | null => (typeof value === "string" && value ? value : null);
const numberOf = (value: unknown): number | null => (typeof value === "number" ? value : null);

/** Return the list of an answer, the best first. */
export function itemsOf(row: JsonObject): Item[] {
  const listed = Array.isArray(row["items"]) ? (row["items"] as JsonObject[]) : [];
  return listed.map((one) => ({
    id: String(one["item_id"]),
    title: textOf(one["title"]),
    image: pictureOf(textOf(one["image"])),
    reason: textOf(one["reason"]),
    score: numberOf(one["score"]),
    rating: numberOf(one["rating"]),
  }));
}

/** Only this server is asked for pictures: an address elsewhere is not followed. */
function pictureOf(path: string | null): string | null {
  if (path === null || path.includes("://")) return null;
  return `/recommendation/images/${path.split("/").map(encodeURIComponent).join("/")}`;
}
