import { useMemo, useState } from "react";
import type { ContractView } from "../api/schema";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Button } from "../ui/Button";
import { Card } from "../ui/Card";
import { ErrorState } from "../ui/States";
import { playgroundWords } from "../words/playground";
import { useAnswer } from "./asking";
import { JsonAnswer } from "./JsonAnswer";
import { faultOf, fieldsOf, instanceOf, type JsonObject, written } from "./schema";
import { SchemaField } from "./SchemaField";
import { Trace } from "./Trace";

const EXAMPLES = 4;
const SHORT = 60;

/** A form of the version's own request schema, and whatever it answers. */
export function SchemaForm({ name, contract }: { name: string; contract: ContractView }) {
  const words = useWords(playgroundWords);
  const { number } = useFormat();
  const fields = useMemo(() => fieldsOf(contract.request_schema), [contract.request_schema]);
  const examples = contract.examples as JsonObject[];
  const fill = (example: JsonObject | undefined) =>
    Object.fromEntries(fields.map((field) => [field.name, written(field, example?.[field.name])]));
  const [typed, setTyped] = useState<Record<string, string>>(() => fill(examples[0]));
  const [instance, setInstance] = useState<JsonObject | null>(null);
  const { data, error, isFetching } = useAnswer(name, instance);
  const broken = fields.some((field) => faultOf(field, typed[field.name] ?? ""));
  return (
    <div className="play">
      <Card title={words.asked}>
        <form
          className="play-form"
          onSubmit={(event) => {
            event.preventDefault();
            if (!broken) setInstance(instanceOf(fields, typed));
          }}
        >
          {fields.map((field) => (
            <SchemaField
              key={field.name}
              field={field}
              typed={typed[field.name] ?? ""}
              onType={(text) => setTyped((before) => ({ ...before, [field.name]: text }))}
            />
          ))}
          <div className="play-row">
            <Button type="submit" tone="main" disabled={broken} busy={isFetching}>
              {words.ask}
            </Button>
            <span className="play-examples">
              <span className="faint">{words.examples}</span>
              {examples.slice(0, EXAMPLES).map((example, index) => (
                <Button
                  key={index}
                  size="small"
                  tone="quiet"
                  title={JSON.stringify(example).slice(0, SHORT)}
                  onClick={() => setTyped(fill(example))}
                >
                  {number(index + 1)}
                </Button>
              ))}
            </span>
          </div>
        </form>
        <p className="play-note">{words.formNote}</p>
      </Card>
      <Card title={words.answer}>
        {error ? (
          <ErrorState error={error} />
        ) : data ? (
          <>
            <JsonAnswer value={data.rows.length > 1 ? data.rows : data.row} />
            <Trace told={data} target={contract.target} />
          </>
        ) : (
          <p className="faint">{words.nothingYet}</p>
        )}
      </Card>
    </div>
  );
}
