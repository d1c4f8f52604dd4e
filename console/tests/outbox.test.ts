import { describe, expect, it, vi } from "vitest";
import { Refused, Unreachable } from "../src/api/problem";
import { newId, Outbox } from "../src/review/outbox";
import { batch, Sender, type Settled } from "../src/review/sender";
import type { Choice, Outcome } from "../src/review/shapes";
import { choice, FakeStorage } from "./review-fixtures";

const ids = (outbox: Outbox) => outbox.pending().map((one) => one.choice.line_id);
const kept = (choices: Choice[]): Outcome[] => choices.map(({ id }) => ({ id, outcome: "kept" }));
const refusing = (status: number) => new Refused({ type: "x", title: "no", status, detail: "no such line" });

describe("the outbox", () => {
  it("finds every choice again after a reload, in the order in which they were made", () => {
    const storage = new FakeStorage();
    let now = 1_000;
    const before = new Outbox(storage, () => now++);
    before.add("Ana", [choice("b"), choice("a")]);
    before.add("Ana", [choice("c")]);
    expect(ids(new Outbox(storage))).toEqual(["b", "a", "c"]);
  });

  it("keeps the order in which choices were made when the clock is set back in between", () => {
    const storage = new FakeStorage();
    let now = 9_000;
    const here = new Outbox(storage, () => now);
    here.add("Ana", [choice("a"), choice("b")]);
    now = 1_000;
    here.add("Ana", [choice("c")]);
    const afterReload = new Outbox(storage, () => now);
    afterReload.add("Ana", [choice("d"), choice("e")]);
    expect(ids(afterReload)).toEqual(["a", "b", "c", "d", "e"]);
    expect(ids(new Outbox(storage))).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("says which choices another tab has got out of the way", () => {
    const storage = new FakeStorage();
    const [here, there] = [new Outbox(storage), new Outbox(storage)];
    here.add("Ana", [choice("a"), choice("b")]);
    there.renew();
    here.settle(new Set(["choice-a"]));
    expect(there.renew().map((one) => one.choice.line_id)).toEqual(["a"]);
    expect(there.renew()).toEqual([]);
  });

  it("forgets what is settled, here and in the browser", () => {
    const storage = new FakeStorage();
    const outbox = new Outbox(storage);
    outbox.add("Ana", [choice("a"), choice("b")]);
    outbox.settle(new Set(["choice-a"]));
    expect(ids(outbox)).toEqual(["b"]);
    expect(ids(new Outbox(storage))).toEqual(["b"]);
  });

  it("does not overwrite what another tab has added", () => {
    const storage = new FakeStorage();
    const [here, there] = [new Outbox(storage), new Outbox(storage)];
    here.add("Ana", [choice("a")]);
    there.add("Ana", [choice("b")]);
    here.settle(new Set(["choice-a"]));
    expect(ids(new Outbox(storage))).toEqual(["b"]);
    here.renew();
    expect(ids(here)).toEqual(["b"]);
  });

  it("keeps choices in memory where the browser keeps nothing, and says that they are fragile", () => {
    const storage = Object.assign(new FakeStorage(), { full: true });
    const outbox = new Outbox(storage);
    expect(outbox.isFragile()).toBe(false);
    outbox.add("Ana", [choice("a")]);
    expect(outbox.isFragile()).toBe(true);
    outbox.renew();
    expect(ids(outbox)).toEqual(["a"]);
  });

  it("passes over what it can't read", () => {
    const storage = new FakeStorage();
    storage.setItem("contender.choice.1", "{");
    storage.setItem("contender.theme", "dark");
    expect(new Outbox(storage).pending()).toEqual([]);
  });
});

it("an id is a UUID of version 4, and never the same twice", () => {
  const made = new Set(Array.from({ length: 100 }, newId));
  expect(made.size).toBe(100);
  for (const id of made) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

describe("sending", () => {
  function sending(post: (reviewer: string, choices: Choice[]) => Promise<Outcome[]>) {
    const outbox = new Outbox(new FakeStorage());
    const settled: Settled[] = [];
    return { outbox, settled, sender: new Sender(outbox, post, (all) => void settled.push(...all)) };
  }

  it("empties the outbox, each person's choices under that person's name", async () => {
    const sent: [string, string[]][] = [];
    const { outbox, sender } = sending((reviewer, choices) => {
      sent.push([reviewer, choices.map((one) => one.line_id)]);
      return Promise.resolve(kept(choices));
    });
    outbox.add("Ana", [choice("a"), choice("b")]);
    outbox.add("Luis", [choice("c")]);
    await sender.wake();
    expect(sent).toEqual([["Ana", ["a", "b"]], ["Luis", ["c"]]]);
    expect(outbox.pending()).toEqual([]);
  });

  it("keeps everything while nobody answers, and sends it when it is woken again", async () => {
    vi.useFakeTimers();
    let away = true;
    const { outbox, sender } = sending((_, choices) => (away ? Promise.reject(new Unreachable()) : Promise.resolve(kept(choices))));
    outbox.add("Ana", [choice("a")]);
    await sender.wake();
    expect(ids(outbox)).toEqual(["a"]);
    away = false;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ids(outbox)).toEqual([]);
    vi.useRealTimers();
  });

  it("waits longer each time for a server that is too busy", async () => {
    vi.useFakeTimers();
    const tries: number[] = [];
    const { outbox, sender } = sending(() => {
      tries.push(Date.now());
      return Promise.reject(refusing(503));
    });
    outbox.add("Ana", [choice("a")]);
    await sender.wake();
    await vi.advanceTimersByTimeAsync(20_000);
    sender.stop();
    const pauses = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
    expect(pauses).toEqual([2_000, 4_000, 8_000]);
    vi.useRealTimers();
  });

  it("finds the one that is refused, and sends all others", async () => {
    const { outbox, settled, sender } = sending((_, choices) =>
      choices.some((one) => one.line_id === "bad") ? Promise.reject(refusing(422)) : Promise.resolve(kept(choices)),
    );
    outbox.add("Ana", [choice("a"), choice("bad"), choice("b")]);
    await sender.wake();
    expect(settled.map((one) => [one.pending.choice.line_id, one.outcome, one.reason])).toEqual([
      ["a", "kept", null],
      ["bad", "refused", "no such line"],
      ["b", "kept", null],
    ]);
    expect(outbox.pending()).toEqual([]);
  });

  it.each([401, 403, 404, 500])("loses nothing when the server says %i, which is not about the choices", async (status) => {
    vi.useFakeTimers();
    const { outbox, settled, sender } = sending(() => Promise.reject(refusing(status)));
    outbox.add("Ana", [choice("a"), choice("b")]);
    await sender.wake();
    sender.stop();
    expect(ids(outbox)).toEqual(["a", "b"]);
    expect(settled).toEqual([]);
    vi.useRealTimers();
  });

  it("says of choices in another name than the key's that they are not taken, and sends the rest", async () => {
    const problem = { type: "urn:contender:problem:somebody-else", title: "", status: 403, detail: "the key is Ana's" };
    const { outbox, settled, sender } = sending((_reviewer, choices) =>
      choices.some((one) => one.line_id === "bobs") ? Promise.reject(new Refused(problem)) : Promise.resolve(kept(choices)),
    );
    outbox.add("Bob", [choice("bobs")]);
    outbox.add("Ana", [choice("anas")]);
    await sender.wake();
    expect(settled.map((one) => [one.pending.choice.line_id, one.outcome])).toEqual([
      ["bobs", "refused"],
      ["anas", "kept"],
    ]);
  });

  it("counts nothing as taken that the answer does not name", async () => {
    vi.useFakeTimers();
    const { outbox, sender } = sending(() => Promise.resolve([]));
    outbox.add("Ana", [choice("a")]);
    await sender.wake();
    sender.stop();
    expect(ids(outbox)).toEqual(["a"]);
    vi.useRealTimers();
  });
});

it("a batch ends where another person's choices begin, or at the limit", () => {
  const pending = ["Ana", "Ana", "Luis"].map((reviewer, at) => ({ reviewer, order: String(at), choice: choice(String(at)) }));
  expect(batch(pending, 10)).toHaveLength(2);
  expect(batch(pending, 1)).toHaveLength(1);
  expect(batch(pending.slice(0, 2), 10)).toHaveLength(2);
});
