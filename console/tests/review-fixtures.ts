import type { Choice, Line, Message, Snapshot } from "../src/review/shapes";

/** A line as the server sends it, but for what a test says of it. */
export function line(id: string, said: Partial<Line> = {}): Line {
  const code = { value: "4512", description: "Taladro", confidence: 0.8, image_url: null, product_id: null, confirmed: false };
  return {
    line_id: id,
    description: `taladro ${id}`,
    quantity: 2,
    code,
    category: null,
    alternatives: [
      { code: "4512", description: "Taladro", confidence: 0.8, image_url: null, product_id: null },
      { code: "4513", description: "Taladro percutor", confidence: 0.1, image_url: null, product_id: null },
    ],
    drivers: [],
    doubts: [],
    uncertain: false,
    disagrees: false,
    requested: false,
    priority: 0,
    chosen: null,
    prediction_id: `p-${id}`,
    model: { name: "product_codes", version: "1", decision_id: "d1" },
    refused: null,
    ...said,
  };
}

export const message = (id: string, lines: Line[]): Message => ({
  message_id: id,
  received_at: "2026-05-04T08:00:00Z",
  audio: false,
  read: false,
  orders: [],
  lines,
});

export function snapshot(messages: Message[]): Snapshot {
  const lines = messages.flatMap((one) => one.lines);
  return {
    state: "s1",
    refreshed_at: "2026-05-04T09:00:00Z",
    refresh_seconds: 180,
    messages,
    awaits: null,
    progress: {
      since: "2026-05-04T00:00:00Z",
      lines: lines.length,
      beyond: 0,
      done: 0,
      accepted: 0,
      changed: 0,
      skipped: 0,
      requested_open: lines.filter((one) => one.requested).length,
      per_hour: [],
    },
  };
}

export const choice = (lineId: string, said: Partial<Choice> = {}): Choice => ({
  id: `choice-${lineId}`,
  line_id: lineId,
  action: "accept",
  code: "4512",
  quantity: 2,
  shown_state: "s1",
  prediction_id: `p-${lineId}`,
  at: "2026-05-04T09:30:00Z",
  ...said,
});

/** Storage as a browser has it; `full` makes it refuse what is new. */
export class FakeStorage {
  private readonly items = new Map<string, string>();
  full = false;

  get length(): number {
    return this.items.size;
  }

  key = (index: number): string | null => [...this.items.keys()][index] ?? null;
  getItem = (key: string): string | null => this.items.get(key) ?? null;
  removeItem = (key: string): void => void this.items.delete(key);

  setItem(key: string, value: string): void {
    if (this.full) throw new DOMException("no room", "QuotaExceededError");
    this.items.set(key, value);
  }
}
