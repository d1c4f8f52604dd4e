import { describe, expect, it } from "vitest";
import { formatOf } from "../src/shell/format";
import { preferred } from "../src/shell/language";

const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, " ");

describe("numbers and times", () => {
  const [es, en] = [formatOf("es"), formatOf("en")];

  it("are written as each language writes them", () => {
    expect([es.number(12345.678), en.number(12345.678)]).toEqual(["12.345,68", "12,345.68"]);
    expect([plain(es.percent(0.345, 1)), en.percent(0.345, 1)]).toEqual(["34,5 %", "34.5%"]);
    expect(es.number(0.12345, 4)).toBe("0,1235");
  });

  it("say how long ago something was in the largest unit that fits", () => {
    const now = Date.parse("2026-05-04T12:00:00Z");
    expect(es.ago("2026-05-04T09:30:00Z", now)).toBe("hace 2 horas");
    expect(en.ago("2026-05-04T11:58:30Z", now)).toBe("1 minute ago");
    expect(en.ago("2026-05-04T12:00:09Z", now)).toBe("now");
  });

  it("count down in minutes and seconds", () => {
    expect([es.clock(179), es.clock(9.7)]).toEqual(["2:59", "0:09"]);
  });
});

it("the language is the chosen one, or English for whoever asks for it, or Spanish", () => {
  expect(preferred("es", "en-GB")).toBe("es");
  expect(preferred(null, "en-GB")).toBe("en");
  expect(preferred("fr", "de")).toBe("es");
});
