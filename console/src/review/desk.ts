import type { Choice, Chosen, Line, Message, Progress, Snapshot, Suggestion } from "./shapes";

/** What the desk shows, as pure functions of what the server said and what a person did since. */

export const isOpen = (line: Line): boolean => line.chosen === null;

/** The codes a key away, the suggested one first; key 1 is the first. */
export function optionsOf(line: Line): Suggestion[] {
  const { code } = line;
  if (!code) return line.alternatives.slice(0, 5);
  const first = { ...code, code: code.value };
  return [first, ...line.alternatives.filter((one) => one.code !== code.value)].slice(0, 5);
}

function chosenBy(choice: Choice, line: Line, reviewer: string): Chosen | null {
  if (choice.action === "undo") return null;
  const code = choice.action === "skip" ? null : (choice.code ?? line.code?.value ?? null);
  return { code, quantity: choice.quantity ?? line.quantity, action: choice.action, by: reviewer, at: choice.at };
}

const COUNTED = { accept: "accepted", change: "changed", skip: "skipped" } as const;

function counted(progress: Progress, line: Line, chosen: Chosen | null): Progress {
  const next = { ...progress };
  if (line.chosen) next[COUNTED[line.chosen.action]] -= 1;
  if (chosen) next[COUNTED[chosen.action]] += 1;
  const step = Number(chosen !== null) - Number(line.chosen !== null);
  next.done += step;
  if (line.requested) next.requested_open -= step;
  next.per_hour = step === 0 ? progress.per_hour : inHour(progress.per_hour, step, chosen?.at ?? line.chosen?.at ?? "");
  return next;
}

function inHour(hours: Progress["per_hour"], step: number, at: string): Progress["per_hour"] {
  const hour = new Date(Math.floor(Date.parse(at) / 3_600_000) * 3_600_000).toISOString();
  const same = (other: string) => Date.parse(other) === Date.parse(hour);
  if (!hours.some((one) => same(one.hour))) return step > 0 ? [...hours, { hour, done: step }] : hours;
  return hours.map((one) => (same(one.hour) ? { ...one, done: one.done + step } : one));
}

/** Return the desk as it is once a choice is taken; lines and messages untouched stay the same objects. */
export function withChoice(desk: Snapshot, choice: Choice, reviewer: string): Snapshot {
  const message = desk.messages.find((one) => one.lines.some((line) => line.line_id === choice.line_id));
  const line = message?.lines.find((one) => one.line_id === choice.line_id);
  if (!message || !line) return desk;
  const chosen = chosenBy(choice, line, reviewer);
  const lines = message.lines.map((one) => (one === line ? { ...line, chosen } : one));
  return {
    ...desk,
    messages: desk.messages.map((one) => (one === message ? { ...message, lines } : one)),
    progress: counted(desk.progress, line, chosen),
  };
}

export const linesOf = (messages: readonly Message[]): Line[] => messages.flatMap((message) => message.lines);

/** How soon a message should be looked at: as soon as the line in it that needs it most. */
function urgency(message: Message): number {
  const open = message.lines.filter(isOpen);
  return open.length > 0 ? Math.max(...open.map((line) => line.priority)) : Number.NEGATIVE_INFINITY;
}

const urgentFirst = (messages: Message[]): Message[] => [...messages].sort((a, b) => urgency(b) - urgency(a));

function linesArranged(message: Message, before: readonly string[] | undefined): Message {
  const place = new Map(before?.map((id, index) => [id, index]));
  const at = (line: Line) => place.get(line.line_id) ?? place.size;
  const lines = [...message.lines].sort((a, b) => at(a) - at(b) || b.priority - a.priority);
  return { ...message, lines };
}

/** Message ids with their line ids, in the order in which they are shown. */
export type Arrangement = ReadonlyMap<string, readonly string[]>;

export const arrangementOf = (messages: readonly Message[]): Arrangement =>
  new Map(messages.map((message) => [message.message_id, message.lines.map((line) => line.line_id)]));

/**
 * Return the messages in the order in which they are shown.
 *
 * At first the most urgent come first. Afterwards nothing that is shown changes its place: what is
 * new comes in right after the message that somebody works on, the most urgent first.
 */
export function arranged(messages: readonly Message[], before: Arrangement, working: string | null): Message[] {
  const steady = messages.map((message) => linesArranged(message, before.get(message.message_id)));
  const found = new Map(steady.map((message) => [message.message_id, message]));
  const known = [...before.keys()].flatMap((id) => found.get(id) ?? []);
  const fresh = urgentFirst(steady.filter((message) => !before.has(message.message_id)));
  const place = known.findIndex((message) => message.message_id === working) + 1;
  return [...known.slice(0, place), ...fresh, ...known.slice(place)];
}

export const FILTERS = ["open", "uncertain", "disagrees", "requested", "ready", "all"] as const;
export type Filter = (typeof FILTERS)[number];

/** Whether every line of a message is decided, so that it can leave as an order. */
export const isReady = (message: Message): boolean => !message.lines.some(isOpen);

const decidedAt = (message: Message): string => message.lines.map((line) => line.chosen?.at ?? "").sort().at(-1) ?? "";

/** Return the message that a person means to order: the one in view, or else the one just finished. */
export function toOrder(messages: readonly Message[], inView: Message | null): Message | null {
  if (inView && isReady(inView)) return inView;
  const ready = messages.filter(isReady).sort((a, b) => decidedAt(a).localeCompare(decidedAt(b)));
  return ready.at(-1) ?? inView;
}

/** Return a message's lines that a filter shows; those in `kept` are shown whatever they are. */
function shownLines(message: Message, filter: Filter, kept: ReadonlySet<string>): Line[] {
  const { lines } = message;
  const stays = (line: Line) => kept.has(line.line_id);
  if (filter === "all") return lines;
  if (filter === "ready") return isReady(message) ? lines : [];
  if (filter === "open") return !isReady(message) || lines.some(stays) ? lines : [];
  return lines.filter((line) => (isOpen(line) && line[filter]) || stays(line));
}

export function filtered(messages: readonly Message[], filter: Filter, kept: ReadonlySet<string>): Message[] {
  return messages.flatMap((message) => {
    const lines = shownLines(message, filter, kept);
    if (lines.length === 0) return [];
    return lines === message.lines ? [message] : [{ ...message, lines }];
  });
}

/** Return how much a filter holds: lines, and for `ready` messages. */
export function held(messages: readonly Message[], filter: Filter): number {
  if (filter === "ready") return messages.filter(isReady).length;
  const lines = linesOf(messages);
  if (filter === "all") return lines.length;
  return lines.filter((line) => isOpen(line) && (filter === "open" || line[filter])).length;
}

/** Return the id `step` lines on from `from`; the ends are the ends. */
export function moved(lines: readonly Line[], from: string | null, step: number): string | null {
  const place = lines.findIndex((line) => line.line_id === from);
  const next = place === -1 ? 0 : Math.min(lines.length - 1, Math.max(0, place + step));
  return lines[next]?.line_id ?? null;
}

/** Return the next line that waits after `from`, going round; `from` itself when no other does. */
export function nextOpen(lines: readonly Line[], from: string | null): string | null {
  const place = lines.findIndex((line) => line.line_id === from);
  const round = [...lines.slice(place + 1), ...lines.slice(0, place + 1)];
  return (round.find((line) => isOpen(line) && line.line_id !== from) ?? round.at(-1))?.line_id ?? null;
}

/** Return the first line of the message before or after that of `from`. */
export function movedMessage(messages: readonly Message[], from: string | null, step: 1 | -1): string | null {
  const place = messages.findIndex((message) => message.lines.some((line) => line.line_id === from));
  const next = Math.min(messages.length - 1, Math.max(0, place + step));
  return messages[next]?.lines[0]?.line_id ?? null;
}
