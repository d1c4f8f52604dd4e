import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ask } from "../api/client";
import type { ContractView } from "../api/schema";
import { useWords } from "../shell/language";
import { Card } from "../ui/Card";
import { ErrorState, Skeleton } from "../ui/States";
import { playgroundWords } from "../words/playground";
import { type Told, useAnswer, useSettled } from "./asking";
import { Likely } from "./Likely";
import type { JsonObject } from "./schema";
import { Trace } from "./Trace";
import { useSlash } from "./useSlash";
import { Weighed } from "./Weighed";

const PAUSE_MS = 300;
const LONGEST = 300;

/** One text in, and the answer as one types, with the words that drove it. */
export function TextPlayground({ name, contract, column }: { name: string; contract: ContractView; column: string }) {
  const words = useWords(playgroundWords);
  const [text, setText] = useState(() => String((contract.examples[0] as JsonObject | undefined)?.[column] ?? "").slice(0, LONGEST));
  const field = useSlash();
  const settled = useSettled(text.trim(), PAUSE_MS);
  const { data, error, isFetching } = useAnswer(name, settled ? { [column]: settled } : null);
  return (
    <div className="play-text">
      <div className="field play-ask">
        <label htmlFor="play-text">{words.textLabel}</label>
        <input
          ref={field}
          id="play-text"
          value={text}
          maxLength={LONGEST}
          autoComplete="off"
          spellCheck={false}
          aria-describedby="play-text-hint"
          onChange={(event) => setText(event.target.value)}
        />
        <p id="play-text-hint" className="field-hint">
          {words.textHint}
        </p>
      </div>
      {error ? (
        <ErrorState error={error} />
      ) : data && settled ? (
        <div aria-live="polite" aria-busy={isFetching}>
          <Said told={data} contract={contract} column={column} />
        </div>
      ) : settled ? (
        <Skeleton lines={5} />
      ) : (
        <p className="faint">{words.nothingYet}</p>
      )}
    </div>
  );
}

function Said({ told, contract, column }: { told: Told; contract: ContractView; column: string }) {
  const words = useWords(playgroundWords);
  const text = String(told.instance[column] ?? "");
  const answer = String(told.row[contract.target] ?? "");
  const { data } = useQuery({
    queryKey: ["playground", "words", told.model.name, told.model.version, text, answer],
    queryFn: ({ signal }) =>
      ask("POST /v1/playground/{name}/words", { path: { name: told.model.name }, body: { text, answer } }, signal),
    enabled: text !== "" && answer !== "",
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
    retry: false,
  });
  return (
    <div className="play">
      <Card title={words.answer}>
        <Likely row={told.row} target={contract.target} />
        <Trace told={told} target={contract.target} />
      </Card>
      <Card title={words.words}>
        <Weighed text={text} drivers={data?.drivers ?? []} />
      </Card>
    </div>
  );
}
