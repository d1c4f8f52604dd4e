import type { QueryClient } from "@tanstack/react-query";
import { ask } from "../api/client";
import { isConnected, onConnection } from "../api/connection";
import { toast } from "../shell/toasts";
import { withChoice } from "./desk";
import { LINES_KEY } from "./lines";
import { browserShelf, Outbox, type Pending } from "./outbox";
import { Sender, type Settled } from "./sender";
import type { Choice, Snapshot } from "./shapes";

type Listener = (settled: Settled[]) => void;

interface Post {
  outbox: Outbox;
  sender: Sender;
  /** Hear what became of choices; returns how to stop that. */
  onSettled: (listener: Listener) => () => void;
}

let post: Post | null = null;

/** One outbox for the page's whole life: it goes on sending whatever section is looked at. */
export function postOf(queries: QueryClient): Post {
  if (post) return post;
  const outbox = new Outbox(browserShelf());
  const listeners = new Set<Listener>();
  const sender = new Sender(outbox, deliver, async (settled) => {
    await taken(queries, settled.filter(({ outcome }) => outcome !== "refused").map(({ pending }) => pending));
    for (const { reason, outcome } of settled) if (reason) toast(outcome === "refused" ? "bad" : "plain", reason);
    for (const listener of listeners) listener(settled);
  });
  onConnection(() => isConnected() && void sender.wake());
  window.addEventListener("storage", () => void takenElsewhere(queries, outbox.renew()));
  post = { outbox, sender, onSettled: (one) => (listeners.add(one), () => listeners.delete(one)) };
  return post;
}

/** Send what was left unsent when a page was closed, whichever page is opened now. */
export const sendLeft = (queries: QueryClient): Promise<void> => postOf(queries).sender.wake();

async function deliver(reviewer: string, choices: Choice[]) {
  return (await ask("POST /v1/review/choices", { body: { reviewer, choices } })).outcomes;
}

/** Put what the server took into what it said before, so that nothing flickers until it says it again. */
async function taken(queries: QueryClient, choices: Pending[]): Promise<void> {
  await queries.cancelQueries({ queryKey: LINES_KEY });
  queries.setQueryData<Snapshot>(LINES_KEY, (desk) =>
    choices.reduce((now, one) => now && withChoice(now, one.choice, one.reviewer), desk),
  );
}

/** Another tab has heard what became of them: most were taken, and the server says which. */
async function takenElsewhere(queries: QueryClient, gone: Pending[]): Promise<void> {
  if (gone.length === 0) return;
  await taken(queries, gone);
  await queries.invalidateQueries({ queryKey: LINES_KEY });
}
