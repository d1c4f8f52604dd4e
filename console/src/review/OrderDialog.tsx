import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { ask } from "../api/client";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { toast } from "../shell/toasts";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { ErrorState } from "../ui/States";
import { Table } from "../ui/Table";
import { reviewWords } from "../words/review";
import { isOpen } from "./desk";
import { LINES_KEY } from "./lines";
import { DownloadLinks } from "./OrdersDialog";
import type { Message } from "./shapes";

interface Props {
  message: Message;
  reviewer: string;
  /** How many of its choices the server does not have yet. */
  unsent: number;
  onClose: () => void;
}

/** A message as it leaves: looked at once more, confirmed, and handed out as a file. */
export function OrderDialog({ message, reviewer, unsent, onClose }: Props) {
  const words = useWords(reviewWords);
  const queries = useQueryClient();
  const open = message.lines.filter(isOpen).length;
  const path = { message_id: message.message_id };
  const leave = () => void queries.invalidateQueries({ queryKey: LINES_KEY });
  // What is confirmed is what the server has, not what it had some minutes ago: others choose, too.
  useEffect(() => void queries.invalidateQueries({ queryKey: LINES_KEY }), [queries]);
  const confirm = useMutation({
    mutationFn: () => ask("POST /v1/review/messages/{message_id}/order", { path, body: { reviewer } }),
    onSuccess: leave,
  });
  const hide = useMutation({
    mutationFn: () => ask("POST /v1/review/messages/{message_id}/read", { path }),
    onSuccess: () => {
      toast("good", words.hidden);
      leave();
      onClose();
    },
  });
  const order = confirm.data;
  const ordered = order?.lines ?? orderedOf(message);
  const skipped = message.lines.length - open - ordered.length;
  const waits = open > 0 || unsent > 0;
  const nothing = ordered.length === 0 && open === 0;
  const whole = nothing ? words.hideHint : words.orderIntro;
  const note = open > 0 ? words.orderNotReady(open) : unsent > 0 ? words.orderWaits : whole;
  return (
    <Dialog
      title={order ? words.orderMade(order.order_id) : words.orderTitle}
      open
      wide
      onClose={onClose}
      actions={
        order ? (
          <DownloadLinks orderId={order.order_id} />
        ) : nothing ? (
          <Button icon="check" autoFocus busy={hide.isPending} disabled={waits} onClick={() => hide.mutate()}>
            {words.hide}
          </Button>
        ) : (
          // Made anew once nothing waits: one that was disabled has not got the focus.
          <Button key={String(waits)} tone="main" icon="send" autoFocus busy={confirm.isPending} disabled={waits} onClick={() => confirm.mutate()}>
            {words.order}
          </Button>
        )
      }
    >
      <p className="order-intro" role="status">
        {order ? words.delivery[order.delivery] : note}
      </p>
      {!order && message.orders.length > 0 && (
        <p className="order-intro">{`${words.later(message.orders.join(", "))}. ${words.laterHint}`}</p>
      )}
      {(confirm.error ?? hide.error) && <ErrorState error={confirm.error ?? hide.error} />}
      {ordered.length > 0 && <OrderedLines lines={ordered} />}
      {!order && skipped > 0 && <p className="order-skipped">{words.orderSkipped(skipped)}</p>}
    </Dialog>
  );
}

interface Ordered {
  line_id: string;
  description: string;
  code: string;
  quantity: number;
}

/** What would be ordered of a message as it is now. */
function orderedOf(message: Message): Ordered[] {
  return message.lines.flatMap(({ line_id, description, chosen }) =>
    chosen?.code ? [{ line_id, description, code: chosen.code, quantity: chosen.quantity }] : [],
  );
}

function OrderedLines({ lines }: { lines: Ordered[] }) {
  const words = useWords(reviewWords);
  const { number } = useFormat();
  return (
    <Table
      caption={words.orderTitle}
      rows={lines}
      rowKey={(line) => line.line_id}
      columns={[
        { key: "written", title: words.written, cell: (line) => line.description },
        { key: "code", title: words.code, cell: (line) => <span className="mono">{line.code}</span> },
        { key: "quantity", title: words.quantity, figures: true, cell: (line) => number(line.quantity) },
      ]}
    />
  );
}
