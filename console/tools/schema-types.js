/**
 * Writes the types of the server's OpenAPI document: one type a schema, and one line an operation.
 *
 * openapi-typescript needs the JavaScript API that TypeScript 7 no longer has, and its types of
 * paths are made for a client library that this page does not use.
 *
 * @typedef {{
 *   $ref?: string, const?: unknown, enum?: unknown[], type?: string | string[],
 *   anyOf?: Schema[], oneOf?: Schema[], allOf?: Schema[], prefixItems?: Schema[], items?: Schema,
 *   properties?: Record<string, Schema>, required?: string[],
 *   additionalProperties?: boolean | Schema, default?: unknown,
 * }} Schema
 * @typedef {{ name: string, in: string, required?: boolean, schema: Schema }} Parameter
 * @typedef {Record<string, { schema?: Schema }>} Content
 * @typedef {{
 *   parameters?: Parameter[], requestBody?: { content: Content },
 *   responses: Record<string, { content?: Content }>,
 * }} OperationObject
 * @typedef {Record<string, OperationObject>} PathItem
 * @typedef {{ paths: Record<string, PathItem>, components?: { schemas?: Record<string, Schema> } }} Document
 */

const METHODS = ["get", "put", "post", "patch", "delete"];
const SCALARS = { string: "string", integer: "number", number: "number", boolean: "boolean", null: "null" };

/** @param {string} text */
const quoted = (text) => JSON.stringify(text);

/** @param {string} ref */
const referred = (ref) => typeName(ref.split("/").at(-1) ?? "");

/** A generic model is called `Page[Line]` in Python, and `Page_Line_` in its document. @param {string} name */
const typeName = (name) => name.replaceAll(/[^A-Za-z0-9_]/g, "_");

/**
 * The members of an object type. What has a default is always there in an answer, and may be left
 * out of a question.
 *
 * @param {Schema} schema @param {boolean} asked @returns {string}
 */
function objectType(schema, asked) {
  const required = new Set(schema.required ?? []);
  const members = Object.entries(schema.properties ?? {}).map(([name, member]) => {
    const readable = /^[A-Za-z_]\w*$/.test(name) ? name : quoted(name);
    const present = required.has(name) || (!asked && "default" in member);
    return `${readable}${present ? "" : "?"}: ${typeOf(member, asked)};`;
  });
  if (members.length > 0) return `{ ${members.join(" ")} }`;
  const others = schema.additionalProperties;
  return `Record<string, ${others && typeof others === "object" ? typeOf(others, asked) : "unknown"}>`;
}

/** @param {Schema} schema @param {boolean} asked @returns {string} */
function arrayType(schema, asked) {
  if (schema.prefixItems) return `[${each(schema.prefixItems, asked).join(", ")}]`;
  return `(${schema.items ? typeOf(schema.items, asked) : "unknown"})[]`;
}

/** @param {Schema[]} schemas @param {boolean} asked */
const each = (schemas, asked) => schemas.map((schema) => typeOf(schema, asked));

/**
 * Return the TypeScript type that a JSON schema describes, in an answer or as it is asked.
 *
 * @param {Schema} schema @param {boolean} [asked] @returns {string}
 */
export function typeOf(schema, asked = false) {
  if (schema.$ref) return referred(schema.$ref);
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(each(choices, asked))].join(" | ");
  if (schema.allOf) return each(schema.allOf, asked).join(" & ");
  if (Array.isArray(schema.type)) {
    return schema.type.map((type) => typeOf({ ...schema, type }, asked)).join(" | ");
  }
  if (schema.type === "array") return arrayType(schema, asked);
  if (schema.type === "object") return objectType(schema, asked);
  return SCALARS[/** @type {keyof typeof SCALARS} */ (schema.type)] ?? "unknown";
}

/** @param {Content} [content] */
const jsonOf = (content) => content?.["application/json"]?.schema;

/** The parameters of one kind, all of them text in an address. @param {Parameter[]} parameters @param {string} kind */
function parameterType(parameters, kind) {
  const own = parameters.filter((parameter) => parameter.in === kind);
  const members = own.map((one) => `${quoted(one.name)}${one.required ? "" : "?"}: ${typeOf(one.schema)};`);
  return members.length > 0 ? `{ ${members.join(" ")} }` : "Nothing";
}

/** @param {OperationObject} operation */
function answerType(operation) {
  const good = Object.entries(operation.responses).find(([status]) => status.startsWith("2"));
  const schema = good && jsonOf(good[1].content);
  return schema ? typeOf(schema) : "unknown";
}

/** @param {string} method @param {string} path @param {OperationObject} operation */
function operationLine(method, path, operation) {
  const parameters = operation.parameters ?? [];
  const body = jsonOf(operation.requestBody?.content);
  return [
    `  ${quoted(`${method.toUpperCase()} ${path}`)}: {`,
    `    path: ${parameterType(parameters, "path")};`,
    `    query: ${parameterType(parameters, "query")};`,
    `    body: ${body ? typeOf(body) : "undefined"};`,
    `    answer: ${answerType(operation)};`,
    "  };",
  ].join("\n");
}

/** @param {unknown} value @param {Set<string>} found */
function collectRefs(value, found) {
  if (Array.isArray(value)) for (const one of value) collectRefs(one, found);
  else if (value && typeof value === "object") {
    for (const [key, member] of Object.entries(value)) {
      if (key === "$ref" && typeof member === "string") found.add(member.split("/").at(-1) ?? "");
      else collectRefs(member, found);
    }
  }
}

/** The schemas that these operations reach, in the order of their names. @param {Record<string, Schema>} schemas @param {unknown} from */
function reached(schemas, from) {
  const found = /** @type {Set<string>} */ (new Set());
  collectRefs(from, found);
  for (const name of found) collectRefs(schemas[name], found);
  return [...found].filter((name) => name in schemas).sort();
}

/** @param {PathItem} methods */
const bodies = (methods) => Object.values(methods).map((operation) => operation.requestBody);

/** Return the declarations for the operations under `/v1/` and of health. @param {Document} document */
export function declarations(document) {
  const own = Object.entries(document.paths)
    .filter(([path]) => path.startsWith("/v1/") || path === "/health")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const schemas = document.components?.schemas ?? {};
  const asked = new Set(reached(schemas, own.flatMap(([, methods]) => bodies(methods))));
  const types = reached(schemas, own).map(
    (name) => `export type ${typeName(name)} = ${typeOf(schemas[name] ?? {}, asked.has(name))};`,
  );
  const operations = own.flatMap(([path, methods]) =>
    METHODS.flatMap((method) => {
      const operation = methods[method];
      return operation ? [operationLine(method, path, operation)] : [];
    }),
  );
  return [
    "// Written by `npm run types` from openapi.json. Not for editing.",
    "type Nothing = Record<string, never>;",
    ...types,
    "/** What each operation takes and answers. */",
    `export interface Operations {\n${operations.join("\n")}\n}`,
    "",
  ].join("\n\n");
}
