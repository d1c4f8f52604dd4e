import { describe, expect, it } from "vitest";
import { curlOf } from "../src/playground/curl";
import { type Day, drawn, futureOf, priceOf } from "../src/playground/demand/days";
import { likelihoods } from "../src/playground/likely";
import { itemsOf } from "../src/playground/lists/items";
import { faultOf, fieldsOf, instanceOf, onlyText, written } from "../src/playground/schema";
import { playgroundWords } from "../src/words/playground";

/** What a sixth family might publish: nothing of it is known to the console. */
const SCHEMA = {
  $defs: { Size: { enum: ["small", "large"], type: "string" }, Part: { type: "object", properties: {} } },
  type: "object",
  required: ["plot"],
  properties: {
    plot: { type: "string", title: "Plot", maxLength: 5, description: "Which field." },
    rain: { anyOf: [{ type: "number", minimum: 0, maximum: 500 }, { type: "null" }], default: null },
    days: { type: "integer", minimum: 1, maximum: 30, default: 7 },
    watered: { anyOf: [{ type: "boolean" }, { type: "null" }] },
    size: { $ref: "#/$defs/Size" },
    parts: { anyOf: [{ type: "array", items: { $ref: "#/$defs/Part" } }, { type: "null" }] },
    odd: { anyOf: [{ type: "number" }, { type: "boolean" }, { type: "null" }] },
  },
};
const fields = fieldsOf(SCHEMA);
const named = (name: string) => fields.find((field) => field.name === name)!;
const faults = (name: string, ...texts: string[]) => texts.map((text) => faultOf(named(name), text));

describe("the form of a request's schema", () => {
  it("has a field for every property, of its kind", () => {
    expect(fields.map(({ name, kind }) => [name, kind])).toEqual([
      ["plot", "text"],
      ["rain", "number"],
      ["days", "integer"],
      ["watered", "flag"],
      ["size", "choice"],
      ["parts", "json"],
      ["odd", "json"],
    ]);
  });

  it("offers choices that are defined elsewhere", () => {
    expect(named("size").choices).toEqual(["small", "large"]);
  });

  it("knows what may be left out, and what is used then", () => {
    expect([named("plot").optional, named("rain").optional, written(named("days"), named("days").usual)]).toEqual([false, true, "7"]);
  });

  it("says what is wrong before it is sent", () => {
    expect(faults("plot", "", "north", "northern")).toEqual(["missing", null, "long"]);
    expect(faults("rain", "", "12.5", "much", "501", "-1")).toEqual([null, null, "number", "range", "range"]);
    expect(faults("days", "2", "2.5", "31")).toEqual([null, "whole", "range"]);
    expect(faults("parts", '[{"a": 1}]', "[{")).toEqual([null, "json"]);
  });

  it("makes an instance of what was filled in, and of nothing else", () => {
    const typed = { plot: "north", rain: "", days: "3", watered: "false", parts: '[{"a": 1}]' };
    expect(instanceOf(fields, typed)).toEqual({ plot: "north", days: 3, watered: false, parts: [{ a: 1 }] });
  });

  it("sees a request that is one text and nothing else", () => {
    const text = { properties: { name: { type: "string" } }, required: ["name"] };
    expect([onlyText(text), onlyText(SCHEMA), onlyText({ properties: { n: { type: "integer" } }, required: ["n"] })]).toEqual(["name", null, null]);
  });
});

describe("what a playground shows", () => {
  it("names an answer once among its alternatives", () => {
    const row = { code: "1", confidence: 0.7, alternatives: [{ code: "1", confidence: 0.7 }, { code: "2", confidence: 0.2 }] };
    expect(likelihoods(row, "code")).toEqual([{ value: "1", share: 0.7 }, { value: "2", share: 0.2 }]);
  });

  it("shows an answer of a version that states no confidence", () => {
    expect(likelihoods({ category: "Paint" }, "category")).toEqual([{ value: "Paint", share: null }]);
  });

  it("asks no other machine for a picture", () => {
    const row = { items: [{ item_id: "a", image: "images/a b.png" }, { item_id: "b", image: "https://elsewhere/b.png" }] };
    expect(itemsOf(row).map(({ image }) => image)).toEqual(["/recommendation/images/images/a%20b.png", null]);
  });

  it("quotes a command so that a shell takes it as it is", () => {
    expect(curlOf("http://h/p", { text: "it's" })).toBe(`curl -s 'http://h/p' -H 'Content-Type: application/json' -d '{"text":"it'\\''s"}'`);
  });
});

describe("a forecast and a plan", () => {
  const day = (date: string, value: number): Day => ({ date, value, low: value - 1, high: value + 1 });
  const dates = ["2026-11-02", "2026-11-03"];

  it("tells nothing of days when nothing is planned", () => {
    expect(futureOf({ promoted: new Set(), price: null }, dates)).toEqual([]);
  });

  it("tells of every day whether it is promoted, and its price where one is planned", () => {
    expect(futureOf({ promoted: new Set(["2026-11-03"]), price: 9 }, dates)).toEqual([
      { date: "2026-11-02", promotion: false, price: 9 },
      { date: "2026-11-03", promotion: true, price: 9 },
    ]);
  });

  it("draws history before the forecast, and the band around what is planned", () => {
    const sold = [
      { date: "2026-10-31", quantity: 3, promotion: 0, price: null, open: true },
      { date: "2026-11-01", quantity: 0, promotion: 0, price: null, open: false },
    ];
    const lines = drawn(sold, [day("2026-11-02", 5), day("2026-11-03", 5)], [day("2026-11-02", 5), day("2026-11-03", 8)]);
    expect(lines.sold).toEqual([3, 0, null, null]);
    expect(lines.plain).toEqual([null, null, 5, 5]);
    expect(lines.high).toEqual([null, null, 6, 9]);
  });
});

describe("the price of a plan", () => {
  it("is a number above zero, with a comma or a point, or none", () => {
    expect(["12,5", "3.2", " 7 "].map(priceOf)).toEqual([12.5, 3.2, 7]);
    expect(["-3", "−3", "0", "", "mucho"].map(priceOf)).toEqual([null, null, null, null, null]);
  });

  it("stands beside a search that says when it knows nothing", () => {
    expect(playgroundWords.es.found(0, "0")).toBe("Nada conocido se llama así");
    expect(playgroundWords.en.found(1200, "1,200")).toBe("1,200 known");
  });
});
