import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { SelectField, TextField } from "../ui/Field";
import { playgroundWords } from "../words/playground";
import { type Field, faultOf, written } from "./schema";

interface Props {
  field: Field;
  typed: string;
  onType: (text: string) => void;
}

/** One field of a request; what may be left out may be left empty. */
export function SchemaField({ field, typed, onType }: Props) {
  const words = useWords(playgroundWords);
  const { number } = useFormat();
  const fault = typed === "" ? null : faultOf(field, typed);
  const usual = written(field, field.usual);
  const limits = field.minimum !== null && field.maximum !== null ? words.between(number(field.minimum), number(field.maximum)) : "";
  const hint = [field.description, limits, usual && words.usual(usual)].filter(Boolean).join(" · ");
  if (field.kind === "flag" || field.kind === "choice") {
    const choices = field.kind === "flag" ? [["true", words.yes], ["false", words.no]] : field.choices.map((each) => [each, each]);
    return (
      <SelectField label={field.title} hint={hint} value={typed} required={!field.optional} onChange={(event) => onType(event.target.value)}>
        <option value="">{words.leaveOut}</option>
        {choices.map(([value, title]) => (
          <option key={value} value={value}>
            {title}
          </option>
        ))}
      </SelectField>
    );
  }
  return (
    <TextField
      label={field.title}
      hint={hint}
      error={fault ? words.faults[fault] : undefined}
      value={typed}
      required={!field.optional}
      className={field.kind === "json" ? "mono" : undefined}
      inputMode={field.kind === "integer" ? "numeric" : field.kind === "number" ? "decimal" : undefined}
      spellCheck={false}
      onChange={(event) => onType(event.target.value)}
    />
  );
}
