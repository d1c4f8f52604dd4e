import { describe, expect, it } from "vitest";
import {
  arranged,
  arrangementOf,
  filtered,
  held,
  linesOf,
  moved,
  movedMessage,
  nextOpen,
  optionsOf,
  toOrder,
  withChoice,
} from "../src/review/desk";
import { segmentsOf } from "../src/ui/segments";
import type { Chosen, Line, Message } from "../src/review/shapes";
import { choice, line, message, snapshot } from "./review-fixtures";

const CHOSEN: Chosen = { code: "4512", quantity: 2, action: "accept", by: "Ana", at: "2026-05-04T09:30:00Z" };
const idsOf = (messages: readonly Message[]) => linesOf(messages).map((one) => one.line_id);
const two = () => [message("m1", [line("a"), line("b")]), message("m2", [line("c")])];

describe("the desk with a choice", () => {
  it("shows it on the line, and counts it in the progress of the day", () => {
    const desk = withChoice(snapshot(two()), choice("a", { code: "4513", action: "change", quantity: 5 }), "Ana");
    expect(desk.messages[0]?.lines[0]?.chosen).toEqual({
      code: "4513", quantity: 5, action: "change", by: "Ana", at: "2026-05-04T09:30:00Z",
    });
    expect(desk.progress).toMatchObject({ done: 1, changed: 1, accepted: 0, lines: 3 });
    expect(desk.progress.per_hour).toEqual([{ hour: "2026-05-04T09:00:00.000Z", done: 1 }]);
  });

  it("counts a line once, however often it is decided", () => {
    const once = withChoice(snapshot(two()), choice("a"), "Ana");
    const twice = withChoice(once, choice("a", { action: "skip" }), "Ana");
    expect(twice.progress).toMatchObject({ done: 1, accepted: 0, skipped: 1 });
    expect(twice.messages[0]?.lines[0]?.chosen?.code).toBeNull();
  });

  it("is as before once the choice is undone", () => {
    const desk = snapshot([message("m1", [line("a", { requested: true })])]);
    const undone = withChoice(withChoice(desk, choice("a"), "Ana"), choice("a", { action: "undo" }), "Ana");
    expect(undone.messages).toEqual(desk.messages);
    expect(undone.progress).toMatchObject({ done: 0, accepted: 0, requested_open: 1 });
  });

  it("leaves all other lines the same objects, and a line it does not know alone", () => {
    const desk = snapshot(two());
    expect(withChoice(desk, choice("a"), "Ana").messages[1]).toBe(desk.messages[1]);
    expect(withChoice(desk, choice("gone"), "Ana")).toBe(desk);
  });
});

describe("the order of the desk", () => {
  const urgent = (id: string, priority: number, said: Partial<Line> = {}) => line(id, { priority, ...said });

  it("starts with what most needs a person, within messages too", () => {
    const messages = [message("calm", [urgent("a", 1)]), message("hot", [urgent("b", 0), urgent("c", 9)])];
    expect(idsOf(arranged(messages, new Map(), null))).toEqual(["c", "b", "a"]);
  });

  it("does not move what is shown, whatever becomes urgent", () => {
    const before = arrangementOf([message("m1", [line("a"), line("b")]), message("m2", [line("c")])]);
    const now = [message("m2", [urgent("c", 9)]), message("m1", [urgent("b", 5), urgent("a", 0)])];
    expect(idsOf(arranged(now, before, "m1"))).toEqual(["a", "b", "c"]);
  });

  it("lets new messages in after the one that is worked on, the most urgent first", () => {
    const before = arrangementOf(two());
    const now = [message("n1", [urgent("x", 1)]), message("n2", [urgent("y", 2)]), ...two()];
    expect(arranged(now, before, "m1").map((one) => one.message_id)).toEqual(["m1", "n2", "n1", "m2"]);
  });

  it("does not let decided lines make a message urgent", () => {
    const messages = [message("m1", [urgent("a", 9, { chosen: CHOSEN })]), message("m2", [urgent("b", 1)])];
    expect(arranged(messages, new Map(), null).map((one) => one.message_id)).toEqual(["m2", "m1"]);
  });
});

describe("a filter", () => {
  const messages = [
    message("m1", [line("a", { uncertain: true }), line("b")]),
    message("m2", [line("c", { chosen: CHOSEN })]),
    message("m3", [line("d", { requested: true, uncertain: true, chosen: CHOSEN }), line("e")]),
  ];

  it("shows whole messages while one of their lines waits", () => {
    expect(idsOf(filtered(messages, "open", new Set()))).toEqual(["a", "b", "d", "e"]);
  });

  it("shows only the doubtful lines that still wait", () => {
    expect(idsOf(filtered(messages, "uncertain", new Set()))).toEqual(["a"]);
    expect(idsOf(filtered(messages, "requested", new Set()))).toEqual([]);
  });

  it("goes on showing what was decided under it", () => {
    expect(idsOf(filtered(messages, "uncertain", new Set(["d"])))).toEqual(["a", "d"]);
  });

  it("finds the messages that are ready to order", () => {
    expect(idsOf(filtered(messages, "ready", new Set()))).toEqual(["c"]);
    expect(held(messages, "ready")).toBe(1);
    expect(held(messages, "open")).toBe(3);
  });
});

describe("moving", () => {
  const lines = [line("a"), line("b", { chosen: CHOSEN }), line("c")];

  it("stops at both ends", () => {
    expect(moved(lines, "c", 1)).toBe("c");
    expect(moved(lines, "a", -1)).toBe("a");
    expect(moved(lines, null, 1)).toBe("a");
    expect(moved([], "a", 1)).toBeNull();
  });

  it("to the next line that waits passes what is decided, and goes round", () => {
    expect(nextOpen(lines, "a")).toBe("c");
    expect(nextOpen(lines, "c")).toBe("a");
    expect(nextOpen([line("a")], "a")).toBe("a");
  });

  it("by messages goes to their first lines", () => {
    expect(movedMessage(two(), "b", 1)).toBe("c");
    expect(movedMessage(two(), "c", -1)).toBe("a");
  });
});

describe("what is ordered", () => {
  const ready = (id: string, at: string) => message(id, [line(id, { chosen: { ...CHOSEN, at } })]);

  it("is the message in view, when it is ready", () => {
    const [first, second] = [ready("m1", "2026-05-04T09:00:00Z"), ready("m2", "2026-05-04T10:00:00Z")];
    expect(toOrder([first, second], first)).toBe(first);
  });

  it("is otherwise the one just finished", () => {
    const [first, second] = [ready("m1", "2026-05-04T09:00:00Z"), ready("m2", "2026-05-04T10:00:00Z")];
    const open = message("m3", [line("x")]);
    expect(toOrder([second, first, open], open)).toBe(second);
    expect(toOrder([open], open)).toBe(open);
  });
});

it("the suggestion is the first of the codes a key away, and named once", () => {
  expect(optionsOf(line("a")).map((one) => one.code)).toEqual(["4512", "4513"]);
  expect(optionsOf(line("a", { code: null })).map((one) => one.code)).toEqual(["4512", "4513"]);
});

describe("the words that drove a prediction", () => {
  const text = "taladro percutor 1/2";

  it("are marked by their strength, and the text stays whole", () => {
    const found = segmentsOf(text, [
      { start: 8, end: 16, text: "percutor", weight: -1 },
      { start: 0, end: 7, text: "taladro", weight: 2 },
    ]);
    expect(found).toEqual([
      { text: "taladro", strength: 1 },
      { text: " ", strength: 0 },
      { text: "percutor", strength: -0.5 },
      { text: " 1/2", strength: 0 },
    ]);
  });

  it("are left alone where they are faint, overlap, or lie outside of the text", () => {
    const found = segmentsOf(text, [
      { start: 0, end: 7, text: "taladro", weight: 2 },
      { start: 3, end: 9, text: "adro p", weight: 2 },
      { start: 8, end: 16, text: "percutor", weight: 0.1 },
      { start: 17, end: 99, text: "1/2", weight: 2 },
    ]);
    expect(found.map((one) => one.text).join("")).toBe(text);
    expect(found.filter((one) => one.strength !== 0)).toHaveLength(1);
  });
});
