import type { Shelf } from "./outbox";

/** Quantities of lines that are not decided yet, kept in the browser so that a reload loses none. */

const PREFIX = "contender.quantity.";
const KEPT_MS = 7 * 24 * 3_600_000;

export function keepQuantity(shelf: Shelf | null, lineId: string, quantity: number, now = Date.now()): void {
  try {
    shelf?.setItem(PREFIX + lineId, `${quantity} ${now}`);
  } catch {
    // The storage is full: the quantity holds for as long as the page is open.
  }
}

/** Return them by line, and forget those of a week ago: their lines have left the desk. */
export function keptQuantities(shelf: Shelf | null, now = Date.now()): Map<string, number> {
  const found = new Map<string, number>();
  const keys = Array.from({ length: shelf?.length ?? 0 }, (_, index) => shelf?.key(index) ?? "");
  for (const key of keys.filter((one) => one.startsWith(PREFIX))) {
    const [quantity = 0, at = 0] = (shelf?.getItem(key) ?? "").split(" ").map(Number);
    if (quantity > 0 && now - at < KEPT_MS) found.set(key.slice(PREFIX.length), quantity);
    else shelf?.removeItem(key);
  }
  return found;
}
