import { numberTyped } from "../shell/typed";

/** A flow's parameters as fields of a form, read from their JSON schema. */
export interface Parameter {
  name: string;
  title: string;
  description: string;
  kind: "text" | "integer" | "number" | "flag" | "choice";
  choices: string[];
  /** What is used where nothing is said. */
  usual: Value;
  minimum: number | null;
  maximum: number | null;
  position: number;
}

export type Value = string | number | boolean | null;

type Schema = Record<string, unknown>;

const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null && !Array.isArray(value);
const isValue = (value: unknown): value is Value => value === null || ["string", "number", "boolean"].includes(typeof value);
const numberOf = (value: unknown): number | null => (typeof value === "number" ? value : null);

/** Asked of everybody who starts a run, apart from its parameters. */
const ASKED_APART = new Set(["requested_by", "reason"]);

/** Return the parameters that a form can ask for, in the order of the flow's signature. */
export function parameters(schema: Schema, values: Record<string, unknown>): Parameter[] {
  const properties = isSchema(schema["properties"]) ? schema["properties"] : {};
  const definitions = isSchema(schema["definitions"]) ? schema["definitions"] : {};
  return Object.entries(properties)
    .filter(([name]) => !ASKED_APART.has(name))
    .flatMap(([name, spec]) => (isSchema(spec) ? [parameter(name, resolved(spec, definitions), values[name])] : []))
    .sort((left, right) => left.position - right.position);
}

function parameter(name: string, own: Schema, deployed: unknown): Parameter {
  const usual = isValue(deployed) ? deployed : isValue(own["default"]) ? own["default"] : null;
  const choices = Array.isArray(own["enum"]) ? own["enum"].map(String) : [];
  return {
    name,
    title: typeof own["title"] === "string" ? own["title"] : name,
    description: typeof own["description"] === "string" ? own["description"] : "",
    kind: choices.length > 0 ? "choice" : kindOf(own["type"]),
    choices,
    usual,
    minimum: numberOf(own["minimum"]),
    maximum: numberOf(own["maximum"]),
    position: numberOf(own["position"]) ?? 0,
  };
}

/** A choice is described elsewhere in the document; a value that may be left out, as one of two. */
function resolved(spec: Schema, definitions: Schema): Schema {
  const options = [spec["anyOf"], spec["allOf"]].flatMap((each) => (Array.isArray(each) ? each.filter(isSchema) : []));
  const real = options.find((option) => option["type"] !== "null");
  const described = typeof spec["$ref"] === "string" ? definitions[spec["$ref"].split("/").at(-1) ?? ""] : real;
  if (!isSchema(described)) return spec;
  const found = described === real ? resolved(described, definitions) : described;
  const title = typeof spec["title"] === "string" ? spec["title"] : found["title"];
  return { ...found, ...spec, title };
}

function kindOf(type: unknown): Parameter["kind"] {
  if (type === "integer" || type === "number") return type;
  return type === "boolean" ? "flag" : "text";
}

/** Return what was typed as the value that it means; undefined where it means none. */
export function valueOf({ kind }: Parameter, typed: string): Value | undefined {
  if (kind === "flag") return typed === "true";
  if (kind === "text" || kind === "choice") return typed;
  const value = numberTyped(typed);
  if (value === null) return undefined;
  return kind === "integer" && !Number.isInteger(value) ? undefined : value;
}

/** Whether what was typed can be sent. */
export function fits(one: Parameter, typed: string): boolean {
  if (typed === "" && one.usual === null) return true;
  const value = valueOf(one, typed);
  if (value === undefined) return false;
  if (typeof value !== "number") return true;
  return value >= (one.minimum ?? -Infinity) && value <= (one.maximum ?? Infinity);
}

/** Return the values that differ from the usual ones. */
export function changed(all: Parameter[], typed: Record<string, string>): Record<string, Value> {
  const entries = all.flatMap<[string, Value]>((one) => {
    const text = typed[one.name];
    if (text === undefined || text === String(one.usual ?? "")) return [];
    const value = valueOf(one, text);
    return value === undefined ? [] : [[one.name, value]];
  });
  return Object.fromEntries(entries);
}
