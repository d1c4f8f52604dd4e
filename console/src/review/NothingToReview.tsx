import { useWords } from "../shell/language";
import { Button } from "../ui/Button";
import { EmptyState } from "../ui/States";
import { reviewWords } from "../words/review";
import type { Snapshot } from "./shapes";

interface Props {
  filtered: boolean;
  awaits: Snapshot["awaits"];
  onShowAll: () => void;
}

/** Said where no line is shown: none ever came, or all is done, or the filter shows none. */
export function NothingToReview({ filtered, awaits, onShowAll }: Props) {
  const words = useWords(reviewWords);
  if (!filtered && awaits) return <EmptyState icon="clock" title={words.awaits} hint={words.awaitsHint[awaits]} />;
  if (!filtered) return <EmptyState icon="check" title={words.empty} hint={words.emptyHint} />;
  return (
    <EmptyState
      icon="search"
      title={words.emptyFilter}
      action={
        <Button onClick={onShowAll}>{words.showAll}</Button>
      }
    />
  );
}
