import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Operations } from "../api/schema";
import { address, ask } from "../api/client";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Badge, type Tone } from "../ui/Badge";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Icon } from "../ui/Icon";
import { EmptyState, ErrorState, Skeleton } from "../ui/States";
import { reviewWords } from "../words/review";

type Orders = Operations["GET /v1/review/orders"]["answer"];
type Order = Orders["orders"][number];

const ORDERS_KEY = ["review", "orders"];
const LOOK_AGAIN_MS = 5_000;
const TONES: Record<Order["delivery"], Tone> = { none: "plain", waiting: "warn", sent: "good", failed: "bad" };

export function DownloadLinks({ orderId }: { orderId: string }) {
  const words = useWords(reviewWords);
  return (
    <>
      {(["csv", "json"] as const).map((kind) => (
        <a
          key={kind}
          className="button button-plain button-small"
          href={address(`/v1/review/orders/{id}.${kind}`, { id: orderId })}
          download={`${orderId}.${kind}`}
        >
          <Icon name="download" />
          <span className="only-read">{`${words.download} ${orderId}`}</span>
          {kind.toUpperCase()}
        </a>
      ))}
    </>
  );
}

/** What was confirmed, and how far its delivery is. */
export function OrdersDialog({ onClose }: { onClose: () => void }) {
  const words = useWords(reviewWords);
  const { data, error, refetch } = useQuery({
    queryKey: ORDERS_KEY,
    queryFn: ({ signal }) => ask("GET /v1/review/orders", {}, signal),
    refetchInterval: ({ state }) => (state.data?.orders.some((one) => one.delivery === "waiting") ? LOOK_AGAIN_MS : false),
    staleTime: 0,
  });
  return (
    <Dialog title={words.ordersTitle} open wide onClose={onClose}>
      {!data && !error && <Skeleton />}
      {error && <ErrorState error={error} onRetry={() => void refetch()} />}
      {data && (
        <p className="order-intro">
          {data.post_to ? (
            <>
              {words.ordersTo} <code>{data.post_to}</code>
            </>
          ) : (
            words.ordersNowhere
          )}
        </p>
      )}
      {data?.orders.length === 0 && <EmptyState icon="stack" title={words.ordersNone} hint={words.ordersNoneHint} />}
      <ul className="orders">{data?.orders.map((order) => <OneOrder key={order.order_id} order={order} />)}</ul>
    </Dialog>
  );
}

function OneOrder({ order }: { order: Order }) {
  const words = useWords(reviewWords);
  const { dateTime } = useFormat();
  const queries = useQueryClient();
  const deliver = useMutation({
    mutationFn: () => ask("POST /v1/review/orders/{order_id}/delivery", { path: { order_id: order.order_id } }),
    onSettled: () => queries.invalidateQueries({ queryKey: ORDERS_KEY }),
  });
  return (
    <li>
      <div>
        <strong>{order.order_id}</strong> <span className="orders-note">{order.message_id}</span>
        <p className="orders-note">
          {words.orderLines(order.lines.length)} · {words.by(order.reviewer, dateTime(order.created_at))}
          {order.attempts > 0 && ` · ${words.attempts(order.attempts)}`}
        </p>
        {order.error && <p className="field-error">{order.error}</p>}
      </div>
      <Badge tone={TONES[order.delivery]}>{words.delivery[order.delivery]}</Badge>
      <div className="orders-actions">
        {order.delivery === "failed" && (
          <Button size="small" icon="send" busy={deliver.isPending} onClick={() => deliver.mutate()}>
            {words.deliver}
          </Button>
        )}
        <DownloadLinks orderId={order.order_id} />
      </div>
    </li>
  );
}
