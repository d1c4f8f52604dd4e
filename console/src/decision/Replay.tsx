import { useMutation } from "@tanstack/react-query";
import { ask } from "../api/client";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { ErrorState } from "../ui/States";
import { decisionWords } from "../words/decision";

/** Compute the decision again, and say whether the same comes out. */
export function Replay({ decision }: { decision: string }) {
  const words = useWords(decisionWords);
  const { number } = useFormat();
  const replay = useMutation({
    mutationFn: () => ask("POST /v1/decisions/{decision_id}/replay", { path: { decision_id: decision } }),
  });
  return (
    <div className="replay">
      <Button icon="refresh" busy={replay.isPending} onClick={() => replay.mutate()}>
        {replay.isPending ? words.replaying : words.replay}
      </Button>
      <div role="status">
        {replay.data?.holds && (
          <p className="replay-holds">
            <Icon name="check" /> {words.holds(number(replay.data.seconds, 1))}
          </p>
        )}
        {replay.data && !replay.data.holds && (
          <>
            <p className="replay-differs">
              <Icon name="warning" /> {words.differs(replay.data.differences.length)}
            </p>
            <ul lang="en">
              {replay.data.differences.map((difference) => (
                <li key={difference}>{difference}</li>
              ))}
            </ul>
          </>
        )}
      </div>
      {replay.error && <ErrorState error={replay.error} />}
      {replay.isIdle && <p className="faint">{words.replayHint}</p>}
    </div>
  );
}
