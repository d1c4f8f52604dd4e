import type { Ref } from "react";
import { useMay } from "../access/session";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Badge } from "../ui/Badge";
import { Button } from "../ui/Button";
import { reviewWords } from "../words/review";
import { isReady } from "./desk";
import { MessagePlayer, type Player } from "./MessagePlayer";
import type { Line, Message } from "./shapes";

interface Props {
  message: Message;
  line: Line;
  onOrder: () => void;
  playerRef: Ref<Player>;
}

/** The message that the line came in: from when, its sound, and its order. */
export function MessageBar({ message, line, onOrder, playerRef }: Props) {
  const words = useWords(reviewWords);
  const may = useMay("reviewer");
  const { ago, dateTime } = useFormat();
  const place = message.lines.findIndex((one) => one.line_id === line.line_id) + 1;
  return (
    <div className="message-bar">
      <p>
        <strong>{message.message_id}</strong>
        <span title={dateTime(message.received_at)}>{words.received(ago(message.received_at))}</span>
        <span>{words.lineOf(place, message.lines.length)}</span>
        {message.orders.length > 0 && (
          <Badge tone="accent" icon="stack" title={words.laterHint}>
            {words.later(message.orders.join(", "))}
          </Badge>
        )}
      </p>
      <MessagePlayer key={message.message_id} message={message} ref={playerRef} />
      <Button size="small" icon="send" shortcut="o" tone={isReady(message) ? "main" : "plain"} disabled={!may} onClick={onOrder}>
        {words.order}
      </Button>
    </div>
  );
}
