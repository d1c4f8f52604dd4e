import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useMay } from "../access/session";
import { ask } from "../api/client";
import type { FeedbackRequest } from "../api/schema";
import { ReviewerDialog } from "../review/ReviewerDialog";
import { useReviewer } from "../review/useReviewer";
import { useWords } from "../shell/language";
import { toast } from "../shell/toasts";
import { Badge } from "../ui/Badge";
import { Button } from "../ui/Button";
import { playgroundWords } from "../words/playground";
import type { Told } from "./asking";

type True = Pick<FeedbackRequest, "actual" | "chosen">;

/** Send what turned out true of an answer, in the name of whoever sits here. */
export function useFeedback(told: Told) {
  const words = useWords(playgroundWords);
  const reviewer = useReviewer();
  const sent = useMutation({
    mutationFn: ({ by, truth }: { by: string; truth: True }) =>
      ask("POST /v1/models/{name}/feedback", {
        path: { name: told.model.name },
        body: { prediction_id: told.predictionId ?? "", reviewer: by, ...truth },
      }),
    onSuccess: () => toast("good", words.thanks),
    onError: (error) => toast("bad", error.message),
  });
  const dialog = reviewer.asking && <ReviewerDialog name={reviewer.name} onKeep={reviewer.rename} onClose={reviewer.close} />;
  return { send: (truth: True) => reviewer.asReviewer((by) => sent.mutate({ by, truth })), sent, dialog };
}

/** Right, or wrong and what would have been right. */
export function Feedback({ told, target }: { told: Told; target: string }) {
  const words = useWords(playgroundWords);
  const { send, sent, dialog } = useFeedback(told);
  const may = useMay("reviewer");
  const [wrong, setWrong] = useState(false);
  const [truth, setTruth] = useState("");
  const said = told.row[target];
  if (!may || told.predictionId === null || (typeof said !== "string" && typeof said !== "number")) return null;
  if (sent.isSuccess) {
    return (
      <Badge tone="good" icon="check">
        {words.thanks}
      </Badge>
    );
  }
  const meant = typeof said === "number" ? Number(truth) : truth.trim();
  const form = (
    <form
      className="play-feedback"
      onSubmit={(event) => {
        event.preventDefault();
        send({ actual: meant });
      }}
    >
      <span className="faint">{words.wasRight}</span>
      <Button size="small" icon="check" busy={sent.isPending} onClick={() => send({ actual: said })}>
        {words.right}
      </Button>
      <Button size="small" icon="cross" aria-expanded={wrong} onClick={() => setWrong((before) => !before)}>
        {words.wrong}
      </Button>
      {wrong && (
        <>
          <input
            aria-label={words.rightAnswer}
            placeholder={words.rightAnswer}
            value={truth}
            maxLength={200}
            autoFocus
            onChange={(event) => setTruth(event.target.value)}
          />
          <Button size="small" tone="main" type="submit" disabled={truth.trim() === "" || Number.isNaN(meant)}>
            {words.send}
          </Button>
        </>
      )}
    </form>
  );
  // Beside it: a form within a form would send both.
  return (
    <>
      {form}
      {dialog}
    </>
  );
}
