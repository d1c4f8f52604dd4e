import { memo, type Ref, useEffect, useId, useImperativeHandle, useRef } from "react";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Icon, type IconName } from "../ui/Icon";
import { reviewWords } from "../words/review";
import { isOpen, isReady } from "./desk";
import type { Chosen, Line, Message } from "./shapes";

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

const DONE: Record<Chosen["action"], IconName> = { accept: "check", change: "swap", skip: "skip" };

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
        <div key={message.message_id} className="lines-message" role="group" aria-label={message.message_id}>
          <MessageHead message={whole.get(message.message_id) ?? message} />
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
      ))}
    </div>
  );
}

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

interface RowProps {
  id: string;
  line: Line;
  current: boolean;
  unsent: boolean;
  refused: boolean;
  onChoose: (lineId: string) => void;
}

const Row = memo(function Row({ id, line, current, unsent, refused, onChoose }: RowProps) {
  const words = useWords(reviewWords);
  const { number, percent } = useFormat();
  const { chosen, code } = line;
  return (
    <div
      id={id}
      data-line={line.line_id}
      className={`row ${current ? "row-current" : ""} ${chosen ? "row-done" : ""}`}
      role="option"
      aria-selected={current}
      onClick={() => onChoose(line.line_id)}
    >
      <span className={`row-mark ${chosen ? `row-mark-${chosen.action}` : ""}`}>
        {chosen && <Icon name={DONE[chosen.action]} size={12} />}
        {chosen && <span className="only-read">{words.actions[chosen.action]}</span>}
      </span>
      <span className="row-quantity figures">{number(chosen?.quantity ?? line.quantity)}</span>
      <span className="row-text">{line.description}</span>
      <span className="row-flags">
        <Flags line={line} />
        {refused && <Flag icon="warning" tone="bad" label={words.notTaken} />}
        {unsent && <Icon name="clock" size={12} />}
        {unsent && <span className="only-read">{words.sending}</span>}
      </span>
      <span className="row-code mono">{chosen ? (chosen.code ?? "–") : (code?.value ?? "–")}</span>
      <span className={`row-confidence figures ${line.uncertain ? "row-confidence-low" : ""}`}>
        {code && !chosen ? percent(code.confidence) : ""}
      </span>
    </div>
  );
});

function Flags({ line }: { line: Line }) {
  const words = useWords(reviewWords);
  if (line.chosen) return null;
  return (
    <>
      {line.requested && <Flag icon="flag" tone="asked" label={words.requested} />}
      {line.disagrees && <Flag icon="swap" tone="bad" label={words.disagrees} />}
      {line.uncertain && <Flag icon="question" tone="warn" label={words.uncertain} />}
    </>
  );
}

function Flag({ icon, tone, label }: { icon: IconName; tone: string; label: string }) {
  return (
    <span className={`flag flag-${tone}`} title={label}>
      <Icon name={icon} size={12} />
      <span className="only-read">{label}</span>
    </span>
  );
}
