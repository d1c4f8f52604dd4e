import type { Driver } from "../api/schema";

export interface Segment {
  text: string;
  /** By how much the word speaks for the code, as a share of the strongest; 0 for no word. */
  strength: number;
}

/** Below this share of the strongest a word is not marked: everything marked marks nothing. */
const FAINT = 0.12;

/** Cut a description at the words that drove the prediction; put together, it is the description. */
export function segmentsOf(description: string, drivers: readonly Driver[]): Segment[] {
  const strongest = Math.max(...drivers.map(({ weight }) => Math.abs(weight)), Number.MIN_VALUE);
  const marked = [...drivers].sort((a, b) => a.start - b.start);
  const segments: Segment[] = [];
  let at = 0;
  for (const { start, end, weight } of marked) {
    const strength = weight / strongest;
    if (start < at || end > description.length || Math.abs(strength) < FAINT) continue;
    if (start > at) segments.push({ text: description.slice(at, start), strength: 0 });
    segments.push({ text: description.slice(start, end), strength });
    at = end;
  }
  if (at < description.length) segments.push({ text: description.slice(at), strength: 0 });
  return segments;
}
