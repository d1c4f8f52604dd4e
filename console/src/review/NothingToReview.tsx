import { useWords } from "../shell/language";
import { Button } from "../ui/Button";
import { EmptyState } from "../ui/States";
import { reviewWords } from "../words/review";

/** Said where no line is shown: because all is done, or because the filter shows none. */
export function NothingToReview({ filtered, onShowAll }: { filtered: boolean; onShowAll: () => void }) {
  const words = useWords(reviewWords);
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
