import { expect, it } from "vitest";
import { parameters, valueOf } from "../src/model/parameters";
import { quantitiesOf, quantityOf } from "../src/review/Quantity";
import { numberTyped, readings } from "../src/shell/typed";
import { boardWords } from "../src/words/board";

it.each([
  ["2,5", 2.5],
  [" 2.5 ", 2.5],
  ["-1", -1],
  ["", null],
  ["1,2,3", null],
  ["doce", null],
])("reads %j as people write numbers", (text, value) => expect(numberTyped(text)).toBe(value));

it.each([
  ["12", [12]],
  ["12,5", [12.5]],
  [" 2.25 ", [2.25]],
  [".5", [0.5]],
  ["12,", [12]],
  ["0,125", [0.125]],
  ["0.125", [0.125]],
  ["1000.000", [1000]],
  ["1.000", [1000, 1]],
  ["1,000", [1000, 1]],
  ["12.345", [12345, 12.345]],
  ["1.000.000", [1_000_000]],
  ["1,000,000", [1_000_000]],
  ["1 000", [1000]],
  ["1\u00a0000 000", []],
  ["10\u202f000,5", [10_000.5]],
  ["1.234,5", [1234.5]],
  ["1,234.567", [1234.567]],
  ["1.000.00", []],
  ["1,2,3", []],
  ["1 2", []],
  ["-1", []],
  ["1e3", []],
  ["doce", []],
  ["", []],
])("reads %j as what it may mean to people", (text, values) => expect(readings(text)).toEqual(values));

it("takes for a quantity only what means one number", () => {
  expect(["1.000", "1,000", "1 000", "1000", "1.000.000", "2,5"].map(quantityOf)).toEqual([null, null, 1000, 1000, 1_000_000, 2.5]);
  expect(quantitiesOf("999.999.999.999")).toEqual([]);
});

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
