import { memo } from "react";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Icon, type IconName } from "../ui/Icon";
import { reviewWords } from "../words/review";
import type { Chosen, Line } from "./shapes";

const DONE: Record<Chosen["action"], IconName> = { accept: "check", change: "swap", skip: "skip" };

interface RowProps {
  id: string;
  line: Line;
  current: boolean;
  unsent: boolean;
  refused: boolean;
  onChoose: (lineId: string) => void;
}

/** A line of the list: what was written, what is suggested or chosen, and why to look. */
export const Row = memo(function Row({ id, line, current, unsent, refused, onChoose }: RowProps) {
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
