import { useState } from "react";
import { useWords } from "../shell/language";
import { toast } from "../shell/toasts";
import { reviewWords } from "../words/review";
import { isOpen, linesOf, nextOpen } from "./desk";
import { keepQuantity, keptQuantities } from "./drafts";
import { browserShelf } from "./outbox";
import type { Choice, Line, Message, Snapshot } from "./shapes";
import type { Choices, Decision } from "./useChoices";
import type { Cursor } from "./useCursor";

type AsReviewer = (act: (reviewer: string) => void) => void;

/** Return the messages whose last open lines are among these. */
function finishedBy(messages: readonly Message[], decided: ReadonlySet<string>): Message[] {
  return messages.filter((message) => {
    const open = message.lines.filter(isOpen);
    return open.length > 0 && open.every((line) => decided.has(line.line_id));
  });
}

/** What a person does to lines: each sends a choice, says so, and moves on to what waits next. */
export function useActions(
  desk: Snapshot,
  cursor: Cursor,
  choices: Choices,
  asReviewer: AsReviewer,
  onFinished: (message: Message) => void,
) {
  const words = useWords(reviewWords);
  const [said, setSaid] = useState("");
  const [drafts, setDrafts] = useState<ReadonlyMap<string, number>>(() => keptQuantities(browserShelf()));
  const { line } = cursor;

  // Once there is a code, the choice says how many, also where somebody else has made it.
  const quantityOf = (one: Line) =>
    (one.chosen?.code ? one.chosen.quantity : (drafts.get(one.line_id) ?? one.chosen?.quantity)) ?? one.quantity;

  const moveOn = (decisions: Decision[], what: string) => {
    const ids = decisions.map((one) => one.line.line_id);
    cursor.keep(ids);
    const from = ids[0] ?? null;
    const left = cursor.lines.filter((one) => one.line_id === from || !ids.includes(one.line_id));
    const next = cursor.lines.find((one) => one.line_id === nextOpen(left, from));
    cursor.goTo(next?.line_id ?? from);
    const written = decisions[0]?.line.description ?? "";
    const goesOn = next && next.line_id !== from && next.chosen === null;
    setSaid(goesOn ? words.said(what, written, next.description) : words.saidLast(what, written));
  };

  const decide = (decisions: Decision[], what: string) =>
    asReviewer((reviewer) => {
      choices.decide(reviewer, decisions);
      moveOn(decisions, what);
      const decided = new Set(decisions.map((one) => one.line.line_id));
      for (const message of finishedBy(cursor.all, decided)) onFinished(message);
    });

  const withCode = (one: Line, code: string): Decision => {
    const action: Choice["action"] = code === one.code?.value ? "accept" : "change";
    return { line: one, action, code, quantity: quantityOf(one) };
  };

  const take = (code: string | null | undefined) => {
    if (!line || !code) return;
    const decision = withCode(line, code);
    decide([decision], `${words.actions[decision.action === "accept" ? "accept" : "change"]} ${code}`);
  };

  const undo = () => {
    const ids = choices.undoable ?? (line?.chosen ? [line.line_id] : []);
    const undone = linesOf(desk.messages).filter((one) => ids.includes(one.line_id) && one.chosen);
    if (choices.undoable) choices.forgetUndoable();
    if (undone.length === 0) return toast("plain", words.nothingToUndo);
    asReviewer((reviewer) => {
      choices.decide(reviewer, undone.map((one) => ({ line: one, action: "undo" })));
      cursor.keep(ids);
      cursor.goTo(ids[0] ?? null);
      setSaid(words.undone(undone.length));
      toast("plain", words.undone(undone.length));
    });
  };

  const setQuantity = (quantity: number) => {
    if (!line) return;
    const { chosen } = line;
    if (!chosen?.code) {
      setDrafts((before) => new Map(before).set(line.line_id, quantity));
      return keepQuantity(browserShelf(), line.line_id, quantity);
    }
    const decision: Decision = { line, action: chosen.action, code: chosen.code, quantity };
    asReviewer((reviewer) => choices.decide(reviewer, [decision]));
  };

  return {
    said,
    quantityOf,
    setQuantity,
    take,
    undo,
    accept: () => take(line?.chosen?.code ?? line?.code?.value),
    skip: () => line && decide([{ line, action: "skip", quantity: quantityOf(line) }], words.actions.skip),
    takeAll: (lines: Line[], code: string) => decide(lines.map((one) => withCode(one, code)), words.bulkConfirm(lines.length)),
  };
}
