import { useRef, useState } from "react";
import { useWords } from "../shell/language";
import { toast } from "../shell/toasts";
import { reviewWords } from "../words/review";
import { BulkDialog, SimilarPreview, useSimilar } from "./SimilarLines";
import { CatalogueSearch } from "./CatalogueSearch";
import { DeskHeader } from "./DeskHeader";
import { optionsOf, toOrder } from "./desk";
import { Filters } from "./Filters";
import { LineList } from "./LineList";
import { LinePanel } from "./LinePanel";
import { MessageBar } from "./MessageBar";
import type { Player } from "./MessagePlayer";
import { NothingToReview } from "./NothingToReview";
import { Options } from "./Options";
import { OrderDialog } from "./OrderDialog";
import { OrdersDialog } from "./OrdersDialog";
import { ReviewerDialog } from "./ReviewerDialog";
import type { Line, Message, Snapshot } from "./shapes";
import { useActions } from "./useActions";
import type { Choices } from "./useChoices";
import { useCursor } from "./useCursor";
import { useDeskKeys } from "./useDeskKeys";
import { useLookups } from "./useLookups";
import { useReviewer } from "./useReviewer";

interface Props {
  desk: Snapshot;
  choices: Choices;
  updatedAt: number;
  refreshing: boolean;
  onRefresh: () => void;
}

type Open = "bulk" | "orders" | null;

/** The list at the left, the line in view at the right, and every key in between. */
export function Desk({ desk, choices, updatedAt, refreshing, onRefresh }: Props) {
  const cursor = useCursor(desk.messages);
  const { line, message } = cursor;
  const { name, fixed, asking, askName, asReviewer, rename, close } = useReviewer();
  const [open, setOpen] = useState<Open>(null);
  const [chosenToOrder, setOrdering] = useState<Message | null>(null);
  const openOrder = (one: Message | null) => one && asReviewer(() => setOrdering(one));
  const words = useWords(reviewWords);
  const actions = useActions(desk, cursor, choices, asReviewer, (finished) =>
    toast("good", words.finished(finished.message_id), { label: words.order, run: () => openOrder(finished) }),
  );
  const list = useRef<{ focus: () => void }>(null);
  const search = useRef<HTMLInputElement>(null);
  const quantity = useRef<HTMLInputElement>(null);
  const player = useRef<Player>(null);

  const { waiting, whole, unsent } = useLookups(desk.messages, cursor.all, choices.pending);
  const similar = useSimilar(line, waiting);
  const options = line ? optionsOf(line) : [];
  const bulkCode = line?.chosen?.code ?? line?.code?.value ?? null;

  const toList = () => list.current?.focus();
  const shut = () => setOpen(null);
  const acceptSimilar = (ids: string[]) => {
    if (!line || !bulkCode) return;
    shut();
    const others = ids.map((id) => waiting.get(id)).filter((one): one is Line => one !== undefined);
    actions.takeAll([line, ...others], bulkCode);
  };
  // As it is now, with what was decided since; once it is ordered, as it was.
  const ordering = chosenToOrder && (whole.get(chosenToOrder.message_id) ?? chosenToOrder);
  const unsentOf = (one: Message) => one.lines.filter((other) => unsent.has(other.line_id)).length;
  useDeskKeys(cursor, {
    ...actions,
    option: (index) => actions.take(options[index]?.code),
    search: () => search.current?.focus(),
    quantity: () => quantity.current?.focus(),
    bulk: () => similar.length > 0 && bulkCode && setOpen("bulk"),
    order: () => openOrder(toOrder(cursor.all, message)),
    play: () => player.current?.toggle(),
    refresh: onRefresh,
    leave: toList,
  });

  return (
    <>
      <DeskHeader
        progress={desk.progress}
        updatedAt={updatedAt}
        every={desk.refresh_seconds}
        refreshing={refreshing}
        unsent={choices.pending.length}
        fragile={choices.fragile}
        reviewer={name}
        named={fixed}
        onRefresh={onRefresh}
        onReviewer={askName}
        onOrders={() => setOpen("orders")}
      />
      <div className="desk-side">
        <Filters messages={cursor.all} chosen={cursor.filter} onChoose={cursor.choose} />
        <LineList
          messages={cursor.shown}
          whole={whole}
          current={line?.line_id ?? null}
          unsent={unsent}
          refused={choices.refusals}
          onChoose={cursor.goTo}
          ref={list}
        />
      </div>
      <div className="desk-work">
        {line && message ? (
          <>
            <MessageBar message={message} line={line} onOrder={() => openOrder(message)} playerRef={player} />
            <LinePanel
              line={line}
              quantity={actions.quantityOf(line)}
              unsent={unsent.has(line.line_id)}
              refusal={choices.refusals.get(line.line_id)}
              onQuantity={actions.setQuantity}
              onQuantityDone={toList}
              onAccept={actions.accept}
              onSkip={actions.skip}
              onUndo={actions.undo}
              quantityRef={quantity}
            />
            <div className="desk-more">
              <Options options={options} suggested={line.code?.value ?? null} chosen={line.chosen?.code ?? null} onChoose={actions.take} />
              <div>
                <CatalogueSearch
                  key={line.line_id}
                  ref={search}
                  onLeave={toList}
                  onChoose={(code) => {
                    actions.take(code);
                    toList();
                  }}
                />
                <SimilarPreview similar={similar} onOpen={() => setOpen("bulk")} />
              </div>
            </div>
          </>
        ) : (
          <NothingToReview filtered={waiting.size > 0} awaits={desk.awaits} onShowAll={() => cursor.choose("open")} />
        )}
      </div>
      <div className="only-read" role="status">
        {actions.said}
      </div>
      {open === "bulk" && line && bulkCode && (
        <BulkDialog line={line} code={bulkCode} similar={similar} onClose={shut} onAccept={acceptSimilar} />
      )}
      {ordering && <OrderDialog message={ordering} reviewer={name} unsent={unsentOf(ordering)} onClose={() => setOrdering(null)} />}
      {open === "orders" && <OrdersDialog onClose={shut} />}
      {asking && <ReviewerDialog name={name} onKeep={rename} onClose={close} />}
    </>
  );
}
