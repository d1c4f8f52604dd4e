import { describe, expect, it } from "vitest";
import { changed, fits, parameters } from "../src/model/parameters";

const SCHEMA = {
  definitions: { Algorithm: { enum: ["forest", "svm"], title: "Algorithm", type: "string" } },
  properties: {
    trees: { type: "integer", default: 200, minimum: 10, maximum: 1000, position: 1, title: "Trees" },
    algorithm: { $ref: "#/definitions/Algorithm", default: "forest", position: 0 },
    limit: { anyOf: [{ type: "number" }, { type: "null" }], default: null, position: 2, title: "Limit" },
    words: { type: "boolean", default: true, position: 3, title: "Words" },
    reason: { type: "string", default: "", position: 4 },
  },
};

const all = parameters(SCHEMA, { trees: 300 });
const named = (name: string) => all.find((one) => one.name === name)!;

describe("the form of a retraining", () => {
  it("asks in the flow's order, and leaves out what is asked of everybody", () => {
    expect(all.map(({ name }) => name)).toEqual(["algorithm", "trees", "limit", "words"]);
  });

  it("offers the choices that are described elsewhere", () => {
    expect(named("algorithm")).toMatchObject({ kind: "choice", choices: ["forest", "svm"], title: "Algorithm" });
  });

  it("begins with what the deployment uses", () => {
    expect([named("trees").usual, named("words").usual]).toEqual([300, true]);
  });

  it("knows a number that may be left out", () => {
    expect(named("limit")).toMatchObject({ kind: "number", usual: null });
  });

  it("refuses what is no whole number or out of bounds", () => {
    expect(["20", "9", "1.5", "many"].map((text) => fits(named("trees"), text))).toEqual([true, false, false, false]);
  });

  it("leaves alone what may be left out", () => {
    expect(fits(named("limit"), "")).toBe(true);
  });

  it("sends what was changed, as what it is", () => {
    const typed = { algorithm: "svm", trees: "300", limit: "", words: "false" };
    expect(changed(all, typed)).toEqual({ algorithm: "svm", words: false });
  });
});
