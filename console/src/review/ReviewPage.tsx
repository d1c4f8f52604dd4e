import { useWords } from "../shell/language";
import { ErrorState, Skeleton } from "../ui/States";
import { reviewWords } from "../words/review";
import { Desk } from "./Desk";
import { useChoices } from "./useChoices";
import { useSnapshot } from "./useSnapshot";
import "./review.css";

/** The review desk: order lines that wait for a person. */
export default function ReviewPage() {
  const words = useWords(reviewWords);
  const choices = useChoices();
  const { desk, error, dataUpdatedAt, isFetching, refetch } = useSnapshot(choices.pending);
  const refresh = () => void refetch();
  return (
    <div className="desk">
      <title>{`${words.title} · Contender`}</title>
      {desk ? (
        <Desk desk={desk} choices={choices} updatedAt={dataUpdatedAt} refreshing={isFetching} onRefresh={refresh} />
      ) : error ? (
        <ErrorState error={error} onRetry={refresh} />
      ) : (
        <Coming />
      )}
    </div>
  );
}

/** The desk's own shape while its lines are on the way. */
function Coming() {
  return (
    <>
      <div className="desk-head" />
      <div className="desk-side desk-coming">
        <Skeleton lines={12} />
      </div>
      <div className="desk-work desk-coming" aria-hidden="true">
        <Skeleton lines={5} />
      </div>
    </>
  );
}
