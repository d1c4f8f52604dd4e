import { useMemo } from "react";
import { isOpen, linesOf } from "./desk";
import type { Pending } from "./outbox";
import type { Message } from "./shapes";

/** What is looked up by id: the lines that wait, whole messages, lines whose choices were not sent. */
export function useLookups(said: Message[], arranged: Message[], pending: readonly Pending[]) {
  const waiting = useMemo(
    () => new Map(linesOf(said).filter(isOpen).map((line) => [line.line_id, line])),
    [said],
  );
  const whole = useMemo(() => new Map(arranged.map((message) => [message.message_id, message])), [arranged]);
  const unsent = useMemo(() => new Set(pending.map((one) => one.choice.line_id)), [pending]);
  return { waiting, whole, unsent };
}
