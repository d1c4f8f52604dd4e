import { useWords } from "../shell/language";
import { SelectField, TextField } from "../ui/Field";
import { actionWords } from "../words/actions";
import { lifecycleWords } from "../words/lifecycle";
import { fits, type Parameter } from "./parameters";

interface Props {
  parameters: Parameter[];
  typed: Record<string, string>;
  onType: (name: string, text: string) => void;
}

/** One field for each parameter, in two columns where there is room. */
export function ParameterFields({ parameters, typed, onType }: Props) {
  return (
    <div className="parameter-fields">
      {parameters.map((parameter) => (
        <ParameterField
          key={parameter.name}
          parameter={parameter}
          text={typed[parameter.name] ?? String(parameter.usual ?? "")}
          onType={(text) => onType(parameter.name, text)}
        />
      ))}
    </div>
  );
}

interface FieldProps {
  parameter: Parameter;
  text: string;
  onType: (text: string) => void;
}

function ParameterField({ parameter, text, onType }: FieldProps) {
  const words = useWords(actionWords);
  const own = useWords(lifecycleWords);
  const { title: label, description: hint, kind, choices, minimum, maximum } = parameter;
  const options = kind === "flag" ? ["true", "false"] : choices;
  if (options.length > 0) {
    const shown = (option: string) => (kind === "flag" ? (option === "true" ? words.yes : words.no) : option);
    return (
      <SelectField label={label} hint={hint} value={text} onChange={({ target }) => onType(target.value)}>
        {options.map((option) => (
          <option key={option} value={option}>
            {shown(option)}
          </option>
        ))}
      </SelectField>
    );
  }
  const range = [minimum, maximum].map((end) => (end === null ? "…" : String(end))).join(" – ");
  const error = fits(parameter, text) ? undefined : minimum === null && maximum === null ? own.required : range;
  return (
    <TextField
      label={label}
      hint={hint}
      error={error}
      value={text}
      inputMode={kind === "text" ? "text" : "decimal"}
      autoComplete="off"
      onChange={({ target }) => onType(target.value)}
    />
  );
}
