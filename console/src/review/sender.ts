import { Refused, Unreachable } from "../api/problem";
import type { Outbox, Pending } from "./outbox";
import type { Choice, Outcome } from "./shapes";

export interface Settled {
  pending: Pending;
  outcome: Outcome["outcome"];
  reason: string | null;
}

type Post = (reviewer: string, choices: Choice[]) => Promise<Outcome[]>;

/** Statuses that speak of what was sent. With any other a choice stays: it may be taken yet. */
const ABOUT_CHOICES = [400, 409, 413, 422];
/** They bear another name than the key by which somebody has signed in since. */
const SOMEBODY_ELSE = "somebody-else";
const isAboutChoices = ({ status, slug }: Refused): boolean => ABOUT_CHOICES.includes(status) || slug === SOMEBODY_ELSE;
const AT_ONCE = 100;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;

/** Choices of one person, from the front of the queue; at most `limit`. */
export function batch(pending: readonly Pending[], limit: number): Pending[] {
  const reviewer = pending[0]?.reviewer;
  const end = pending.findIndex((one, index) => index >= limit || one.reviewer !== reviewer);
  return pending.slice(0, end === -1 ? pending.length : end);
}

/**
 * Sends what lies in the outbox, in order, one request at a time, until nothing is left.
 *
 * What the server could not be asked about stays and is tried again; sent twice, a choice counts
 * once, because it carries its own id. `onSettled` is told of all that is out of the way.
 */
export class Sender {
  private running = false;
  private limit = AT_ONCE;
  private pause = FIRST_PAUSE_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly outbox: Outbox,
    private readonly post: Post,
    private readonly onSettled: (settled: Settled[]) => Promise<void> | void,
  ) {}

  /** Send now; called when a choice was made and when the connection is back. */
  wake = async (): Promise<void> => {
    if (this.running) return;
    clearTimeout(this.timer);
    this.running = true;
    try {
      while (this.outbox.pending().length > 0) await this.round();
    } catch (error) {
      if (!(error instanceof Unreachable || error instanceof Refused)) throw error;
      this.timer = setTimeout(this.wake, this.pause);
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
    } finally {
      this.running = false;
    }
  };

  stop(): void {
    clearTimeout(this.timer);
  }

  private async round(): Promise<void> {
    const sent = batch(this.outbox.pending(), this.limit);
    const settled = await this.settled(sent);
    this.pause = FIRST_PAUSE_MS;
    if (settled.length === 0) return;
    await this.onSettled(settled);
    this.outbox.settle(new Set(settled.map((one) => one.pending.choice.id)));
  }

  /** A batch that is refused as a whole is sent one by one, to find the one that is wrong. */
  private async settled(sent: Pending[]): Promise<Settled[]> {
    try {
      const outcomes = await this.post(sent[0]?.reviewer ?? "", sent.map((one) => one.choice));
      this.limit = AT_ONCE;
      return sent.map((pending) => {
        const found = outcomes.find((one) => one.id === pending.choice.id);
        if (!found) throw new Unreachable("an answer that says nothing of what was sent");
        return { pending, outcome: found.outcome, reason: found.reason ?? null };
      });
    } catch (error) {
      if (!(error instanceof Refused && isAboutChoices(error))) throw error;
      if (sent.length === 1) return sent.map((pending) => ({ pending, outcome: "refused", reason: error.message }));
      this.limit = 1;
      return [];
    }
  }
}
