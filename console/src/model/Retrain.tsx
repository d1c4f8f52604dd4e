import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ask } from "../api/client";
import { useWords } from "../shell/language";
import { ErrorState, Skeleton } from "../ui/States";
import { actionWords } from "../words/actions";
import { Confirm, type Person } from "./Confirm";
import { ParameterFields } from "./ParameterFields";
import { changed, fits, parameters } from "./parameters";

interface Props {
  model: string;
  title: string;
  open: boolean;
  onClose: () => void;
}

/** Ask for a retraining, with the form that the flow's own parameters make. */
export function Retrain({ model, title, open, onClose }: Props) {
  const words = useWords(actionWords);
  const [typed, setTyped] = useState<Record<string, string>>({});
  const form = useQuery({
    queryKey: ["retrain-form", model],
    queryFn: ({ signal }) => ask("GET /v1/models/{name}/retrain-form", { path: { name: model } }, signal),
    enabled: open,
    retry: false,
  });
  const all = form.data ? parameters(form.data.parameters, form.data.values) : [];
  const wrong = all.some((one) => !fits(one, typed[one.name] ?? String(one.usual ?? "")));
  const act = async (person: Person) => {
    const body = { ...person, params: changed(all, typed) };
    const answer = await ask("POST /v1/models/{name}/retrain", { path: { name: model }, body });
    setTyped({});
    return answer.started ? words.retrainStarted(answer.run.name) : words.retrainKnown(answer.run.name);
  };
  return (
    <Confirm
      title={words.retrainTitle(title)}
      what={words.retrainWhat}
      confirm={words.retrain}
      wide
      open={open}
      onClose={onClose}
      act={act}
      ready={form.isSuccess && !wrong}
    >
      <fieldset className="confirm-part">
        <legend>{words.retrainForm}</legend>
        {form.isPending && <Skeleton lines={4} />}
        {form.isError && <ErrorState error={form.error} onRetry={() => void form.refetch()} />}
        {form.isSuccess && (
          <>
            <p className="field-hint">{words.retrainFormHint}</p>
            <ParameterFields
              parameters={all}
              typed={typed}
              onType={(name, text) => setTyped((before) => ({ ...before, [name]: text }))}
            />
          </>
        )}
      </fieldset>
    </Confirm>
  );
}
