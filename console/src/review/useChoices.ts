import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { LINES_KEY } from "./lines";
import { newId, type Pending } from "./outbox";
import { postOf } from "./post";
import type { Settled } from "./sender";
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

/** Choices from the moment they are made until the server has them. */
export function useChoices(): Choices {
  const queries = useQueryClient();
  const { outbox, sender, onSettled } = useMemo(() => postOf(queries), [queries]);
  const pending = useSyncExternalStore(outbox.subscribe, outbox.pending);
  const [refusals, setRefusals] = useState<ReadonlyMap<string, string>>(new Map());
  const [made, setMade] = useState<readonly (readonly string[])[]>([]);

  useEffect(() => {
    void sender.wake();
    return onSettled((settled) => setRefusals((before) => withRefusals(before, settled)));
  }, [sender, onSettled]);

  const decide = useCallback(
    (reviewer: string, decisions: Decision[]) => {
      const state = queries.getQueryData<Snapshot>(LINES_KEY)?.state ?? "";
      outbox.add(reviewer, decisions.map((one) => choiceOf(one, state)));
      setMade((before) => madeNow(before, decisions));
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

/** Newest last. What is taken back can't be taken back again, however often it was changed. */
function madeNow(before: readonly (readonly string[])[], decisions: readonly Decision[]) {
  const idsOf = (some: readonly Decision[]) => some.map(({ line }) => line.line_id);
  const undone = new Set(idsOf(decisions.filter(({ action }) => action === "undo")));
  const left = before.map((ids) => ids.filter((id) => !undone.has(id)));
  return [...left, idsOf(decisions).filter((id) => !undone.has(id))].filter((ids) => ids.length > 0);
}

function withRefusals(before: ReadonlyMap<string, string>, settled: Settled[]): ReadonlyMap<string, string> {
  const next = new Map(before);
  for (const { pending, outcome, reason } of settled) {
    if (outcome === "refused") next.set(pending.choice.line_id, reason ?? "");
    else next.delete(pending.choice.line_id);
  }
  return next;
}
