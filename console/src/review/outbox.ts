import type { Choice } from "./shapes";

/**
 * Choices on their way to the server, kept in the browser until the server has said that it has
 * them. Each lies under a key of its own, so that two tabs never overwrite each other's.
 */
export interface Pending {
  choice: Choice;
  reviewer: string;
  /** Milliseconds, never the same twice: choices are sent in the order in which they were made. */
  order: string;
}

export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

const PREFIX = "contender.choice.";

export class Outbox {
  private known: readonly Pending[];
  private readonly listeners = new Set<() => void>();
  private newest = 0;
  private lost = false;

  constructor(
    private readonly shelf: Shelf | null,
    private readonly clock: () => number = Date.now,
  ) {
    this.known = this.read();
  }

  /** What was not taken yet, the oldest first. The same array until something changes. */
  pending = (): readonly Pending[] => this.known;

  /** Whether something is only in memory, because the browser keeps nothing for this page. */
  isFragile = (): boolean => this.lost && this.known.length > 0;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  add(reviewer: string, choices: readonly Choice[]): void {
    const added = choices.map((choice) => ({ choice, reviewer, order: this.next() }));
    for (const one of added) this.write(one);
    this.become([...this.known, ...added]);
  }

  /** Forget choices that the server has taken or refused. */
  settle(ids: ReadonlySet<string>): void {
    for (const one of this.known) if (ids.has(one.choice.id)) this.shelf?.removeItem(keyOf(one));
    this.become(this.known.filter((one) => !ids.has(one.choice.id)));
  }

  /** Look again at what the browser keeps, for another tab has changed it; return what is gone. */
  renew = (): Pending[] => {
    if (this.lost) return [];
    const before = this.known;
    this.become(this.read());
    const left = new Set(this.known.map((one) => one.choice.id));
    return before.filter((one) => !left.has(one.choice.id));
  };

  /** Later than all that is known, also where the clock was set back in between. */
  private next(): string {
    this.newest = Math.max(this.clock(), 1 + Math.max(this.newest, ...this.known.map(madeAt)));
    return String(this.newest).padStart(15, "0");
  }

  private write(one: Pending): void {
    try {
      if (!this.shelf) throw new Error("this browser keeps nothing");
      this.shelf.setItem(keyOf(one), JSON.stringify(one));
    } catch {
      this.lost = true;
    }
  }

  private read(): Pending[] {
    const found: Pending[] = [];
    for (let index = 0; index < (this.shelf?.length ?? 0); index += 1) {
      const key = this.shelf?.key(index);
      const one = key?.startsWith(PREFIX) ? parsed(this.shelf?.getItem(key) ?? "") : null;
      if (one) found.push(one);
    }
    return found.sort((a, b) => (a.order < b.order ? -1 : 1));
  }

  private become(next: readonly Pending[]): void {
    this.known = next;
    for (const listener of this.listeners) listener();
  }
}

const madeAt = (one: Pending): number => Number.parseInt(one.order, 10) || 0;

const keyOf = (one: Pending): string => `${PREFIX}${one.order}.${one.choice.id}`;

function parsed(text: string): Pending | null {
  try {
    const one = JSON.parse(text) as Partial<Pending>;
    return one.choice?.id && one.reviewer && one.order ? (one as Pending) : null;
  } catch {
    return null;
  }
}

/** The browser's storage, or null where it is forbidden. */
export function browserShelf(): Shelf | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/** A random identifier (UUID version 4); `crypto.randomUUID` is only there over https. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
