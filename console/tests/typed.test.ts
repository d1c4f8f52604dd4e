import { expect, it } from "vitest";
import { parameters, valueOf } from "../src/model/parameters";
import { quantityOf } from "../src/review/Quantity";
import { numberTyped } from "../src/shell/typed";
import { boardWords } from "../src/words/board";

it.each([
  ["2,5", 2.5],
  [" 2.5 ", 2.5],
  ["-1", -1],
  ["", null],
  ["1,2,3", null],
  ["doce", null],
])("reads %j as people write numbers", (text, value) => expect(numberTyped(text)).toBe(value));

it("takes no quantity that the server would refuse", () => {
  expect([quantityOf("1000000000"), quantityOf("1000000001"), quantityOf("0"), quantityOf("-2")]).toEqual([1e9, null, null, null]);
});

it("reads a parameter with a comma, too", () => {
  const [limit] = parameters({ properties: { limit: { type: "number", default: 1 } } }, {});
  expect(limit && valueOf(limit, "0,25")).toBe(0.25);
});

it("speaks of one label as of one", () => {
  expect(boardWords.es.labels("Códigos", 1)).toBe("Códigos: falta 1 etiqueta para decidir");
  expect(boardWords.en.labels("Codes", 1)).toBe("Codes: 1 label is missing to decide");
});
