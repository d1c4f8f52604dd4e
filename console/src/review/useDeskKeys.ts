import { useWords } from "../shell/language";
import { useShortcuts } from "../shell/shortcuts";
import { reviewWords } from "../words/review";
import { FILTERS, moved, movedMessage, nextOpen } from "./desk";
import type { Cursor } from "./useCursor";

interface Doing {
  accept: () => void;
  skip: () => void;
  undo: () => void;
  option: (index: number) => void;
  search: () => void;
  quantity: () => void;
  bulk: () => void;
  order: () => void;
  play: () => void;
  refresh: () => void;
  leave: () => void;
}

/** Every key of the desk; the help lists them as they stand here. */
export function useDeskKeys(cursor: Cursor, doing: Doing): void {
  const words = useWords(reviewWords);
  const { lines, line, shown, filter } = cursor;
  const at = line?.line_id ?? null;
  const go = (step: number) => cursor.goTo(moved(lines, at, step));
  const nextFilter = () => cursor.choose(FILTERS[(FILTERS.indexOf(filter) + 1) % FILTERS.length] ?? "open");
  useShortcuts(words.keysTitle, [
    { keys: ["a", "Enter"], label: words.accept, run: doing.accept },
    {
      keys: ["1", "2", "3", "4", "5"],
      label: words.keys.option,
      run: (key) => doing.option(Number(key) - 1),
    },
    { keys: ["/"], label: words.search, run: doing.search },
    { keys: ["s"], label: words.skip, run: doing.skip },
    { keys: ["u"], label: words.undo, run: doing.undo },
    { keys: ["q"], label: words.keys.quantity, run: doing.quantity },
    { keys: ["b"], label: words.keys.bulk, run: doing.bulk },
    { keys: ["o"], label: words.order, run: doing.order },
    { keys: ["p"], label: words.keys.play, run: doing.play },
    { keys: ["j", "ArrowDown"], label: words.keys.down, run: () => go(1) },
    { keys: ["k", "ArrowUp"], label: words.keys.up, run: () => go(-1) },
    { keys: ["J"], label: words.keys.nextMessage, run: () => cursor.goTo(movedMessage(shown, at, 1)) },
    { keys: ["K"], label: words.keys.previousMessage, run: () => cursor.goTo(movedMessage(shown, at, -1)) },
    { keys: ["n"], label: words.keys.next, run: () => cursor.goTo(nextOpen(lines, at)) },
    { keys: ["f"], label: words.keys.filter, run: nextFilter },
    { keys: ["r"], label: words.refresh, run: doing.refresh },
    { keys: ["Escape"], label: words.keys.leave, run: doing.leave, inFields: true },
  ]);
}
