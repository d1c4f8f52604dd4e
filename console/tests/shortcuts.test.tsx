import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { belongsToControl, matching, type Shortcut, ShortcutProvider, takesText, useShortcuts } from "../src/shell/shortcuts";

const shortcut = (...keys: string[]): Shortcut => ({ keys, label: keys.join(), run: () => undefined });
const GROUPS = [{ title: "page", shortcuts: [shortcut("a", "Enter"), shortcut("g b"), shortcut("b")] }];

describe("a shortcut", () => {
  it("is found by any of its keys", () => {
    expect(matching(GROUPS, "Enter", null)?.label).toBe("a,Enter");
  });

  it("of two keys wins over the second key alone, right after the first", () => {
    expect(matching(GROUPS, "b", "g")?.label).toBe("g b");
    expect(matching(GROUPS, "b", null)?.label).toBe("b");
  });
});

describe("keys on a control", () => {
  it("are text in a field, but not on a check box", () => {
    const box = Object.assign(document.createElement("input"), { type: "checkbox" });
    expect(takesText(document.createElement("input"))).toBe(true);
    expect(takesText(box)).toBe(false);
  });

  it("press a button with Enter, and leave letters to the page", () => {
    const button = document.createElement("button");
    expect(belongsToControl(button, "Enter")).toBe(true);
    expect(belongsToControl(button, "a")).toBe(false);
  });
});

describe("the page's listener", () => {
  afterEach(cleanup);

  function Page({ say }: { say: (said: string) => void }) {
    useShortcuts("page", [
      { keys: ["a"], label: "accept", run: () => say("accepted") },
      { keys: ["Escape"], label: "leave", run: () => say("left"), inFields: true },
    ]);
    return <input aria-label="search" />;
  }

  it("runs what a key stands for, and leaves typing alone", () => {
    const said: string[] = [];
    render(<ShortcutProvider><Page say={(one) => said.push(one)} /></ShortcutProvider>);
    fireEvent.keyDown(document.body, { key: "a" });
    fireEvent.keyDown(screen.getByLabelText("search"), { key: "a" });
    fireEvent.keyDown(screen.getByLabelText("search"), { key: "Escape" });
    fireEvent.keyDown(document.body, { key: "a", ctrlKey: true });
    expect(said).toEqual(["accepted", "left"]);
  });
});
