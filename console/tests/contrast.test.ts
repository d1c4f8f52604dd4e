import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync("src/styles/tokens.css", "utf8");

function tokens(selector: string): Map<string, string> {
  const block = css.slice(css.indexOf(`${selector} {`)).split("}")[0] ?? "";
  return new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name ?? "", hex ?? ""]));
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** WCAG 2.2, "contrast ratio". */
function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const TEXT = ["ink", "ink-soft", "ink-faint", "accent", "good", "warn", "bad", "asked"].flatMap((ink) =>
  ["paper", "surface", "raised", "sunken"].map((ground) => [ink, ground] as const),
);
const WASHES = ["accent", "good", "warn", "bad", "asked"].flatMap((tone) => [
  [tone, `${tone}-wash`] as const,
  ["ink", `${tone}-wash`] as const,
  ["ink-soft", `${tone}-wash`] as const,
]);
const FILLED = [["accent-ink", "accent"], ["accent-ink", "accent-strong"], ["paper", "ink"], ["ink", "mark"]] as const;
const LINES = ["line-strong", "focus", "accent", "series-1", "series-2", "series-3", "series-4"].map(
  (line) => [line, "surface"] as const,
);

describe.each([":root", ':root[data-theme="dark"]'])("the colours of %s", (selector) => {
  const colours = tokens(selector);
  const ratio = (one: string, other: string) => contrast(colours.get(one) ?? "", colours.get(other) ?? "");

  it.each([...TEXT, ...WASHES, ...FILLED])("let %s be read on %s", (ink, ground) => {
    expect(ratio(ink, ground)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(LINES)("let the line %s be seen on %s", (line, ground) => {
    expect(ratio(line, ground)).toBeGreaterThanOrEqual(3);
  });
});
