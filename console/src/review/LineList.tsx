import { memo, type Ref, useEffect, useId, useImperativeHandle, useRef } from "react";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Icon } from "../ui/Icon";
import { reviewWords } from "../words/review";
import { isOpen, isReady } from "./desk";
import { Row } from "./LineRow";
import type { Message } from "./shapes";

interface Props {
  messages: Message[];
  /** With all their lines, whatever the filter shows of them. */
  whole: ReadonlyMap<string, Message>;
  current: string | null;
  unsent: ReadonlySet<string>;
  refused: ReadonlyMap<string, string>;
  onChoose: (lineId: string) => void;
  ref: Ref<{ focus: () => void }>;
}

/** The lines, grouped by message: one list to the keyboard, whose current option is the line in view. */
export function LineList({ messages, whole, current, unsent, refused, onChoose, ref }: Props) {
  const words = useWords(reviewWords);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  useImperativeHandle(ref, () => ({ focus: () => list.current?.focus() }));
  useEffect(() => {
    const row = current && list.current?.querySelector(`[data-line="${CSS.escape(current)}"]`);
    if (row) row.scrollIntoView({ block: "nearest" });
  }, [current]);
  return (
    <div
      ref={list}
      className="lines"
      role="listbox"
      tabIndex={0}
      aria-label={words.list}
      aria-activedescendant={current ? `${id}-${current}` : undefined}
    >
      {messages.map((message) => (
        <Group
          key={message.message_id}
          id={id}
          message={message}
          whole={whole.get(message.message_id) ?? message}
          current={message.lines.some((line) => line.line_id === current) ? current : null}
          unsent={unsent}
          refused={refused}
          onChoose={onChoose}
        />
      ))}
    </div>
  );
}

interface GroupProps extends Omit<Props, "messages" | "whole" | "ref"> {
  id: string;
  message: Message;
  whole: Message;
}

/** Drawn anew only when it has changed: moving through the list touches two of them. */
const Group = memo(function Group({ id, message, whole, current, unsent, refused, onChoose }: GroupProps) {
  return (
    <div className="lines-message" role="group" aria-label={message.message_id}>
      <MessageHead message={whole} />
      {message.lines.map((line) => (
        <Row
          key={line.line_id}
          id={`${id}-${line.line_id}`}
          line={line}
          current={line.line_id === current}
          unsent={unsent.has(line.line_id)}
          refused={refused.has(line.line_id)}
          onChoose={onChoose}
        />
      ))}
    </div>
  );
});

function MessageHead({ message }: { message: Message }) {
  const words = useWords(reviewWords);
  const { ago } = useFormat();
  const left = message.lines.filter(isOpen).length;
  return (
    <div className="lines-head" role="presentation">
      <Icon name={message.audio ? "play" : "mail"} size={12} />
      <span className="lines-head-id">{message.message_id}</span>
      <span>{ago(message.received_at)}</span>
      <span className={isReady(message) ? "lines-head-ready" : "lines-head-left"}>
        {isReady(message) ? words.ready : words.openLeft(left)}
      </span>
    </div>
  );
}
