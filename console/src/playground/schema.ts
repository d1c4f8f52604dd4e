/** What a form can be made of: a version's own JSON schema, as far as a person can fill it in. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

export interface Field {
  name: string;
  title: string;
  description: string;
  kind: "text" | "integer" | "number" | "flag" | "choice" | "json";
  choices: string[];
  required: boolean;
  /** Whether it may be left out or null: then an empty field is not sent. */
  optional: boolean;
  usual: Json | undefined;
  minimum: number | null;
  maximum: number | null;
  longest: number | null;
}

export type Fault = "missing" | "number" | "whole" | "range" | "long" | "json" | null;

type Schema = Record<string, unknown>;

const isObject = (value: unknown): value is Schema => typeof value === "object" && value !== null && !Array.isArray(value);
const numberOf = (value: unknown): number | null => (typeof value === "number" ? value : null);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** Return the fields of a request, in the order of its schema. */
export function fieldsOf(schema: Schema): Field[] {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(properties).flatMap(([name, spec]) =>
    isObject(spec) ? [field(name, spec, required.includes(name), schema)] : [],
  );
}

function field(name: string, spec: Schema, required: boolean, whole: Schema): Field {
  const { own, nullable } = plain(spec, whole);
  const choices = Array.isArray(own["enum"]) ? own["enum"].map(String) : [];
  return {
    name,
    title: textOf(spec["title"]) || textOf(own["title"]) || name,
    description: textOf(spec["description"]) || textOf(own["description"]),
    kind: choices.length > 0 ? "choice" : kindOf(own),
    choices,
    required,
    optional: nullable || !required,
    usual: spec["default"] as Json | undefined,
    minimum: numberOf(own["minimum"]),
    maximum: numberOf(own["maximum"]),
    longest: numberOf(own["maxLength"]),
  };
}

/** Follow a reference, and take the one real alternative of a value that may be null. */
function plain(spec: Schema, whole: Schema): { own: Schema; nullable: boolean } {
  const target = textOf(spec["$ref"]);
  if (target) {
    const definitions = isObject(whole["$defs"]) ? whole["$defs"] : {};
    const found = definitions[target.split("/").at(-1) ?? ""];
    return { own: isObject(found) ? found : {}, nullable: false };
  }
  const options = Array.isArray(spec["anyOf"]) ? spec["anyOf"].filter(isObject) : [];
  const real = options.filter((option) => option["type"] !== "null");
  const nullable = real.length < options.length;
  const [only] = real;
  // Of several real alternatives none is the one: it is written as JSON.
  return real.length === 1 && only ? { ...plain(only, whole), nullable } : { own: spec, nullable };
}

function kindOf(own: Schema): Field["kind"] {
  const types = Array.isArray(own["type"]) ? own["type"].filter((type) => type !== "null") : [own["type"]];
  if (types.length !== 1) return "json";
  const [type] = types;
  if (type === "string") return "text";
  if (type === "integer" || type === "number") return type;
  return type === "boolean" ? "flag" : "json";
}

/** Return how a value stands in a field. */
export function written(field: Field, value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  return field.kind === "json" ? JSON.stringify(value) : String(value);
}

/** Return what is wrong with what was typed. */
export function faultOf(field: Field, typed: string): Fault {
  if (typed.trim() === "") return field.optional ? null : "missing";
  if (field.kind === "json") return parsed(typed) === undefined ? "json" : null;
  if (field.kind === "text") return field.longest !== null && [...typed].length > field.longest ? "long" : null;
  if (field.kind !== "integer" && field.kind !== "number") return null;
  const value = Number(typed);
  if (!Number.isFinite(value)) return "number";
  if (field.kind === "integer" && !Number.isInteger(value)) return "whole";
  return value < (field.minimum ?? -Infinity) || value > (field.maximum ?? Infinity) ? "range" : null;
}

/** Return the instance that the fields make; what was left empty is not sent. */
export function instanceOf(fields: Field[], typed: Record<string, string>): JsonObject {
  const instance: JsonObject = {};
  for (const one of fields) {
    const text = typed[one.name] ?? "";
    if (text.trim() === "") continue;
    instance[one.name] = valueOf(one, text);
  }
  return instance;
}

function valueOf(field: Field, text: string): Json {
  if (field.kind === "integer" || field.kind === "number") return Number(text);
  if (field.kind === "flag") return text === "true";
  return field.kind === "json" ? (parsed(text) ?? null) : text;
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** Return the column that is the whole of a request, where that is one text. */
export function onlyText(schema: Schema): string | null {
  const fields = fieldsOf(schema);
  const [only] = fields;
  return fields.length === 1 && only?.kind === "text" && only.required ? only.name : null;
}
