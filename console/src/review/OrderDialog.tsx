import { useMutation, useQueryClient } from "@tanstack/react-query";
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
import type { Line, Message } from "./shapes";


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
  const ordered = message.lines.filter((line) => line.chosen?.code);
  const open = message.lines.filter(isOpen).length;
  const path = { message_id: message.message_id };
  const leave = () => void queries.invalidateQueries({ queryKey: LINES_KEY });
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
  const waits = open > 0 || unsent > 0;
  const nothing = ordered.length === 0 && open === 0;
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
          <Button tone="main" icon="send" autoFocus busy={confirm.isPending} disabled={waits} onClick={() => confirm.mutate()}>
            {words.order}
          </Button>
        )
      }
    >
      <p className="order-intro" role="status">
        {order ? words.delivery[order.delivery] : open > 0 ? words.orderNotReady(open) : unsent > 0 ? words.orderWaits : nothing ? words.hideHint : words.orderIntro}
      </p>
      {(confirm.error ?? hide.error) && <ErrorState error={confirm.error ?? hide.error} />}
      {ordered.length > 0 && <OrderedLines lines={ordered} />}
      {message.lines.length - ordered.length - open > 0 && (
        <p className="order-skipped">{words.orderSkipped(message.lines.length - ordered.length - open)}</p>
      )}
    </Dialog>
  );
}

function OrderedLines({ lines }: { lines: Line[] }) {
  const words = useWords(reviewWords);
  const { number } = useFormat();
  return (
    <Table
      caption={words.orderTitle}
      rows={lines}
      rowKey={(line) => line.line_id}
      columns={[
        { key: "written", title: words.written, cell: (line) => line.description },
        { key: "code", title: words.code, cell: (line) => <span className="mono">{line.chosen?.code}</span> },
        { key: "quantity", title: words.quantity, figures: true, cell: (line) => number(line.chosen?.quantity ?? line.quantity) },
      ]}
    />
  );
}
