import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { ask } from "../api/client";
import { isConnected, onConnection } from "../api/connection";
import { withChoice } from "./desk";
import { LINES_KEY } from "./lines";
import { browserShelf, newId, Outbox, type Pending } from "./outbox";
import { Sender, type Settled } from "./sender";
import type { Choice, Line, Snapshot } from "./shapes";

/** What a person decides about a line; the rest of a choice follows from what is shown. */
export interface Decision {
  line: Line;
  action: Choice["action"];
  code?: string | null;
  quantity?: number;
}

export interface Choices {
  pending: readonly Pending[];
  fragile: boolean;
  /** Why the server did not take a choice, by line. */
  refusals: ReadonlyMap<string, string>;
  decide: (reviewer: string, decisions: Decision[]) => void;
  /** The lines of the newest decision that can be taken back, or null. */
  undoable: readonly string[] | null;
  forgetUndoable: () => void;
}

interface Post {
  outbox: Outbox;
  sender: Sender;
  told: { onRefused: (settled: Settled[]) => void };
}

let post: Post | null = null;

/** One outbox for the page's whole life: it goes on sending when another section is looked at. */
function postOf(queries: QueryClient): Post {
  if (post) return post;
  const outbox = new Outbox(browserShelf());
  const told: Post["told"] = { onRefused: () => undefined };
  const sender = new Sender(outbox, deliver, async (settled) => {
    await taken(queries, settled);
    told.onRefused(settled);
  });
  onConnection(() => isConnected() && void sender.wake());
  window.addEventListener("storage", () => outbox.renew());
  post = { outbox, sender, told };
  return post;
}

async function deliver(reviewer: string, choices: Choice[]) {
  return (await ask("POST /v1/review/choices", { body: { reviewer, choices } })).outcomes;
}

/** Put what the server took into what it said before, so that nothing flickers until it says it again. */
async function taken(queries: QueryClient, settled: Settled[]): Promise<void> {
  await queries.cancelQueries({ queryKey: LINES_KEY });
  queries.setQueryData<Snapshot>(LINES_KEY, (desk) =>
    settled
      .filter(({ outcome }) => outcome !== "refused")
      .reduce((now, { pending }) => now && withChoice(now, pending.choice, pending.reviewer), desk),
  );
}

function choiceOf({ line, action, code, quantity }: Decision, state: string): Choice {
  return {
    id: newId(),
    line_id: line.line_id,
    action,
    code: code ?? null,
    quantity: quantity ?? null,
    shown_state: state,
    prediction_id: line.prediction_id,
    at: new Date().toISOString(),
  };
}

/** Choices from the moment they are made until the server has them; `said` hears what it adds to one. */
export function useChoices(said: (reason: string, refused: boolean) => void): Choices {
  const queries = useQueryClient();
  const { outbox, sender, told } = useMemo(() => postOf(queries), [queries]);
  const pending = useSyncExternalStore(outbox.subscribe, outbox.pending);
  const [refusals, setRefusals] = useState<ReadonlyMap<string, string>>(new Map());
  const [made, setMade] = useState<readonly (readonly string[])[]>([]);
  const newest = useRef(said);
  newest.current = said;

  useEffect(() => {
    told.onRefused = (settled) => {
      setRefusals((before) => withRefusals(before, settled));
      for (const one of settled) if (one.reason) newest.current(one.reason, one.outcome === "refused");
    };
    void sender.wake();
  }, [sender, told]);

  const decide = useCallback(
    (reviewer: string, decisions: Decision[]) => {
      const state = queries.getQueryData<Snapshot>(LINES_KEY)?.state ?? "";
      outbox.add(reviewer, decisions.map((one) => choiceOf(one, state)));
      const lines = decisions.filter(({ action }) => action !== "undo").map(({ line }) => line.line_id);
      if (lines.length > 0) setMade((before) => [...before, lines]);
      void sender.wake();
    },
    [outbox, sender, queries],
  );
  const forgetUndoable = useCallback(() => setMade((before) => before.slice(0, -1)), []);
  const fragile = outbox.isFragile();
  useEffect(() => {
    if (!fragile) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [fragile]);
  return { pending, fragile, refusals, decide, undoable: made.at(-1) ?? null, forgetUndoable };
}

function withRefusals(before: ReadonlyMap<string, string>, settled: Settled[]): ReadonlyMap<string, string> {
  const next = new Map(before);
  for (const { pending, outcome, reason } of settled) {
    if (outcome === "refused") next.set(pending.choice.line_id, reason ?? "");
    else next.delete(pending.choice.line_id);
  }
  return next;
}
