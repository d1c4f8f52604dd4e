import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { declarations, typeOf } from "../tools/schema-types.js";

describe("the types of the server's document", () => {
  it("are those in src/api/schema.d.ts: run `npm run types` after openapi.json has changed", () => {
    const document = JSON.parse(readFileSync("openapi.json", "utf8"));
    expect(readFileSync("src/api/schema.d.ts", "utf8")).toBe(declarations(document));
  });

  it("keep what may be null, and what is one of a few", () => {
    expect(typeOf({ anyOf: [{ type: "string" }, { type: "null" }] })).toBe("string | null");
    expect(typeOf({ type: "array", items: { enum: ["a", 1] } })).toBe('("a" | 1)[]');
    expect(typeOf({ type: ["integer", "null"] })).toBe("number | null");
  });

  it("let a question leave out what has a default, and an answer never", () => {
    const schema = { type: "object", properties: { top: { type: "integer", default: 5 } } };
    expect(typeOf(schema, true)).toBe("{ top?: number; }");
    expect(typeOf(schema)).toBe("{ top: number; }");
  });
});

it("the lockfile names no place that packages come from", () => {
  expect(readFileSync("package-lock.json", "utf8")).not.toContain('"resolved"');
});
