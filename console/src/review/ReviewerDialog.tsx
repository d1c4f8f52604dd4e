import { useState } from "react";
import { useWords } from "../shell/language";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { TextField } from "../ui/Field";
import { reviewWords } from "../words/review";

interface Props {
  name: string;
  onKeep: (name: string) => void;
  onClose: () => void;
}

/** Whose choices these are: asked once, and kept in this browser. */
export function ReviewerDialog({ name, onKeep, onClose }: Props) {
  const words = useWords(reviewWords);
  const [typed, setTyped] = useState(name);
  const given = typed.trim();
  return (
    <Dialog title={words.reviewerTitle} open onClose={onClose}>
      <form
        className="reviewer-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (given) onKeep(given);
        }}
      >
        <TextField
          label={words.reviewerField}
          hint={words.reviewerHint}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          autoFocus
          autoComplete="name"
          maxLength={100}
          required
        />
        <Button type="submit" tone="main" disabled={!given}>
          {words.reviewerKeep}
        </Button>
      </form>
    </Dialog>
  );
}
