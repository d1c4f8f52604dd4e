import { type FormEvent, useState } from "react";
import { Refused } from "../api/problem";
import { useWords } from "../shell/language";
import { Button } from "../ui/Button";
import { TextField } from "../ui/Field";
import { accessWords } from "../words/access";
import { shellWords } from "../words/shell";
import { useSignIn } from "./session";

/** Takes a key, once. */
export function KeyForm() {
  const words = useWords(accessWords);
  const [key, setKey] = useState("");
  const signIn = useSignIn();
  const fault = useFault(signIn.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key.trim() !== "" && !signIn.isPending) signIn.mutate(key.trim());
  };
  return (
    <form className="key-form" onSubmit={submit}>
      <TextField
        label={words.key}
        hint={words.keyHint}
        error={fault}
        type="password"
        autoComplete="current-password"
        spellCheck={false}
        autoFocus
        required
        maxLength={200}
        value={key}
        onChange={({ target }) => setKey(target.value)}
      />
      <Button tone="main" type="submit" icon="check" busy={signIn.isPending} disabled={key.trim() === ""}>
        {words.enter}
      </Button>
    </form>
  );
}

function useFault(error: Error | null): string | undefined {
  const words = useWords(accessWords);
  const shell = useWords(shellWords);
  if (error === null) return undefined;
  if (!(error instanceof Refused)) return shell.unreachableLong;
  if (error.status === 429) return words.tooFast;
  return error.status === 401 || error.status === 422 ? words.wrong : error.message;
}
