import type { Ref } from "react";
import { useMay } from "../access/session";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Badge } from "../ui/Badge";
import { Button } from "../ui/Button";
import { reviewWords } from "../words/review";
import { Description } from "./Description";
import { Quantity } from "./Quantity";
import type { Chosen, Line } from "./shapes";
import { Suggested } from "./Suggested";

interface Props {
  line: Line;
  quantity: number;
  unsent: boolean;
  refusal: string | undefined;
  onQuantity: (quantity: number) => void;
  onQuantityDone: () => void;
  onAccept: () => void;
  onSkip: () => void;
  onUndo: () => void;
  quantityRef: Ref<HTMLInputElement>;
}

/** The line in view: what was written, what is suggested for it, and what to do about it. */
export function LinePanel(props: Props) {
  const { line, quantity, unsent, refusal } = props;
  const words = useWords(reviewWords);
  const may = useMay("reviewer");
  return (
    <section className="line-panel" aria-label={words.current}>
      <Doubts line={line} />
      <div className="line-top">
        <Description line={line} />
        <Quantity
          key={line.line_id}
          value={quantity}
          onChange={props.onQuantity}
          onTyped={line.chosen?.code ? undefined : props.onQuantity}
          onDone={props.onQuantityDone}
          ref={props.quantityRef}
        />
      </div>
      {refusal !== undefined && (
        <p className="line-refusal" role="alert">
          {words.refused} {refusal}
        </p>
      )}
      <Suggested line={line} />
      <div className="line-actions">
        <Button tone="main" icon="check" shortcut="a" disabled={!may || !line.code} onClick={props.onAccept}>
          {line.code?.confirmed ? words.acceptConfirmed : words.accept}
        </Button>
        <Button icon="skip" shortcut="s" disabled={!may} onClick={props.onSkip}>
          {words.skip}
        </Button>
        <Button tone="quiet" icon="undo" shortcut="u" disabled={!may} onClick={props.onUndo}>
          {words.undo}
        </Button>
        {line.chosen && <Decided chosen={line.chosen} unsent={unsent} />}
      </div>
    </section>
  );
}

function Doubts({ line }: { line: Line }) {
  const words = useWords(reviewWords);
  if (!line.requested && line.doubts.length === 0) return null;
  return (
    <ul className="doubts">
      {line.requested && (
        <li>
          <Badge tone="asked" icon="flag" title={words.requestedHint}>
            {words.requested}
          </Badge>
        </li>
      )}
      {line.doubts.map((doubt) => (
        <li key={doubt}>
          <Badge tone={doubt === "category" || doubt === "challenger" ? "bad" : "warn"} icon={doubt === "unsure" ? "question" : "swap"}>
            {words.doubts[doubt]}
          </Badge>
        </li>
      ))}
    </ul>
  );
}

function Decided({ chosen, unsent }: { chosen: Chosen; unsent: boolean }) {
  const words = useWords(reviewWords);
  const { time } = useFormat();
  return (
    <p className="line-decided">
      <Badge tone={chosen.action === "skip" ? "plain" : "good"}>
        {words.actions[chosen.action]} {chosen.code && <span className="mono">{chosen.code}</span>}
      </Badge>
      <span>{unsent ? words.sending : words.by(chosen.by, time(chosen.at))}</span>
    </p>
  );
}
