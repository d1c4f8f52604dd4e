import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Choice, Outcome } from "../src/review/shapes";
import { choice, line, message, snapshot } from "./review-fixtures";

const DESK = snapshot([
  message("m1", [line("a", { priority: 9, uncertain: true }), line("b", { priority: 5, requested: true })]),
  message("m2", [line("c", { quantity: 7 })]),
]);

/** Whoever sits at the machine may do everything. */
const ANYBODY = { name: "anonymous", role: "operator", by: "none", key_id: null, until: null, anonymous: "operator" };

/** A server that keeps what it is sent; `away` lets it answer nothing. */
class FakeServer {
  away = false;
  /** Never answers which lines there are. */
  silent = false;
  desk = DESK;
  readonly choices: Choice[] = [];

  fetch = (url: string, init: RequestInit = {}): Promise<Response> => {
    if (this.away) return Promise.reject(new TypeError("network"));
    if (this.silent && url.startsWith("/v1/review/lines?")) return new Promise(() => undefined);
    return Promise.resolve(Response.json(this.answer(url, init)));
  };

  private answer(url: string, init: RequestInit): unknown {
    if (url === "/v1/session") return ANYBODY;
    if (url.startsWith("/v1/review/lines?")) return this.desk;
    if (url.startsWith("/v1/review/search")) {
      const product = { product_id: "9", price: null, image_url: null, score: 90 };
      return { products: [{ ...product, code: "7001", description: "Martillo" }, { ...product, code: "7002", description: "Martillo bola" }] };
    }
    if (url === "/v1/review/choices") {
      const { choices } = JSON.parse(String(init.body)) as { choices: Choice[] };
      this.choices.push(...choices);
      return { outcomes: choices.map(({ id }): Outcome => ({ id, outcome: "kept" })) };
    }
    return { lines: [] };
  }
}

const press = (...keys: string[]) => {
  for (const key of keys) fireEvent.keyDown(document.activeElement ?? document.body, { key });
};
const current = () => screen.getByRole("option", { selected: true }).dataset["line"];

describe("the review desk by keyboard alone", () => {
  let server: FakeServer;

  beforeEach(() => {
    vi.resetModules();
    localStorage.clear();
    localStorage.setItem("contender.language", "en");
    localStorage.setItem("contender.reviewer", "Ana");
    server = new FakeServer();
    vi.stubGlobal("fetch", server.fetch);
    Element.prototype.scrollIntoView = () => undefined;
  });

  afterEach(() => {
    cleanup();
    vi.unstubAllGlobals();
  });

  async function opened() {
    const { default: ReviewPage } = await import("../src/review/ReviewPage");
    const { Router } = await import("../src/shell/router");
    const shell = await import("../src/shell/shortcuts");
    const language = await import("../src/shell/language");
    const page = render(
      <QueryClientProvider client={new QueryClient()}>
        <language.LanguageProvider>
          <shell.ShortcutProvider>
            <Router>
              <ReviewPage />
            </Router>
          </shell.ShortcutProvider>
        </language.LanguageProvider>
      </QueryClientProvider>,
    );
    await screen.findByRole("listbox", { name: "Order lines" });
    // The keys are registered by an effect, after the first lines are there.
    await act(() => Promise.resolve());
    return page;
  }

  it("accepts, chooses another code, skips, and moves on each time to what waits", async () => {
    await opened();
    expect(current()).toBe("a");
    press("a");
    expect(current()).toBe("b");
    press("2");
    expect(current()).toBe("c");
    press("s");
    await waitFor(() => expect(server.choices).toHaveLength(3));
    expect(server.choices.map((one) => [one.line_id, one.action, one.code])).toEqual([
      ["a", "accept", "4512"],
      ["b", "change", "4513"],
      ["c", "skip", null],
    ]);
    expect(server.choices[0]).toMatchObject({ shown_state: "s1", prediction_id: "p-a", quantity: 2 });
  });

  it("takes back what was done last, and goes back there", async () => {
    await opened();
    press("Enter", "Enter", "u");
    expect(current()).toBe("b");
    await waitFor(() => expect(server.choices.map((one) => one.action)).toEqual(["accept", "accept", "undo"]));
    expect(screen.getByText("1 of 3 lines")).toBeTruthy();
  });

  it("moves by lines and by messages, and stays within the list", async () => {
    await opened();
    press("j", "j", "j");
    expect(current()).toBe("c");
    press("k");
    expect(current()).toBe("b");
    press("J");
    expect(current()).toBe("c");
  });

  it("finds another code in the catalogue, with the arrows and Enter", async () => {
    await opened();
    press("/");
    const field = screen.getByRole("combobox", { name: /Search the catalogue/ });
    expect(document.activeElement).toBe(field);
    fireEvent.change(field, { target: { value: "martilo" } });
    await within(await screen.findByRole("listbox", { name: "Search the catalogue" })).findByText("Martillo bola");
    press("ArrowDown", "Enter");
    await waitFor(() => expect(server.choices).toHaveLength(1));
    expect(server.choices[0]).toMatchObject({ line_id: "a", action: "change", code: "7002" });
  });

  it("sends the quantity that was typed", async () => {
    await opened();
    press("q");
    const field = document.activeElement as HTMLInputElement;
    fireEvent.change(field, { target: { value: "12,5" } });
    press("Enter", "a");
    await waitFor(() => expect(server.choices).toHaveLength(1));
    expect(server.choices[0]).toMatchObject({ line_id: "a", quantity: 12.5 });
  });

  it("keeps choices while nobody answers, over a reload, and sends them once somebody does", async () => {
    const page = await opened();
    server.away = true;
    press("a");
    await screen.findByText("1 choice to send");
    page.unmount();
    server.away = false;
    vi.resetModules();
    await opened();
    await waitFor(() => expect(server.choices.map((one) => one.line_id)).toEqual(["a"]));
  });

  it("keeps a quantity that was typed over a reload, until the line is decided", async () => {
    const page = await opened();
    press("q");
    fireEvent.change(document.activeElement as HTMLInputElement, { target: { value: "12" } });
    press("Enter");
    page.unmount();
    vi.resetModules();
    await opened();
    expect(screen.getByLabelText<HTMLInputElement>(/Quantity/).value).toBe("12");
    press("a");
    await waitFor(() => expect(server.choices).toHaveLength(1));
    expect(server.choices[0]).toMatchObject({ line_id: "a", quantity: 12 });
  });

  it("keeps digits over a reload that no Enter confirmed", async () => {
    const page = await opened();
    press("q");
    fireEvent.change(screen.getByRole("textbox", { name: /Quantity/ }), { target: { value: "34" } });
    page.unmount();
    await opened();
    expect(screen.getByRole<HTMLInputElement>("textbox", { name: /Quantity/ }).value).toBe("34");
  });

  it("says why a number that is too large was not taken", async () => {
    await opened();
    press("q");
    const field = screen.getByRole<HTMLInputElement>("textbox", { name: /Quantity/ });
    fireEvent.change(field, { target: { value: "9" } });
    fireEvent.change(field, { target: { value: "99999999999999999999" } });
    expect(screen.getByRole("alert").textContent).toContain("At most 1,000,000,000");
    fireEvent.blur(field);
    expect(field.value).toBe("2");
    expect(screen.getByRole("alert").textContent).toContain("was not taken");
  });

  it("asks which number is meant where it may be two, and takes none unasked", async () => {
    await opened();
    press("q");
    const field = screen.getByRole<HTMLInputElement>("textbox", { name: /Quantity/ });
    fireEvent.change(field, { target: { value: "1.000" } });
    const asked = screen.getByRole("group", { name: /may be/ });
    expect(within(asked).getAllByRole("button").map((one) => one.textContent)).toEqual(["1000", "1"]);
    press("Enter");
    expect(document.activeElement?.textContent).toBe("1000");
    expect(field.value).toBe("1.000");

    fireEvent.click(document.activeElement as HTMLElement);
    expect(screen.queryByRole("group", { name: /may be/ })).toBeNull();
    press("a");
    await waitFor(() => expect(server.choices).toHaveLength(1));
    expect(server.choices[0]).toMatchObject({ line_id: "a", quantity: 1000 });
  });

  it("keeps the quantity of before where nobody said which number was meant, and says so", async () => {
    await opened();
    press("q");
    const field = screen.getByRole<HTMLInputElement>("textbox", { name: /Quantity/ });
    fireEvent.change(field, { target: { value: "1,250" } });
    act(() => field.blur());
    expect(field.value).toBe("2");
    expect(screen.getByRole("alert").textContent).toContain("without parting the thousands");
    press("a");
    await waitFor(() => expect(server.choices).toHaveLength(1));
    expect(server.choices[0]).toMatchObject({ line_id: "a", quantity: 2 });
  });

  it("says of lines that came later what their message became, and how many wait behind those shown", async () => {
    const later = { ...message("m1", [line("a")]), orders: ["o000012"] };
    const desk = snapshot([later]);
    server.desk = { ...desk, progress: { ...desk.progress, lines: 321, beyond: 320 } };
    await opened();
    expect(screen.getByText("added after order o000012")).toBeTruthy();
    expect(screen.getByText("320 more wait behind these")).toBeTruthy();
  });

  it("marks the suggestion among the possibilities", async () => {
    await opened();
    const [first, second] = screen.getAllByRole("button", { pressed: false }).filter((one) => one.className === "option");
    expect(first?.textContent).toContain("The suggestion");
    expect(second?.textContent).not.toContain("The suggestion");
  });

  it("shows the quantity that somebody else has chosen, not the one that was typed here before", async () => {
    localStorage.setItem("contender.quantity.a", `12 ${Date.now()}`);
    localStorage.setItem("contender.quantity.old", "12 0");
    const chosen = { code: "4512", quantity: 5, action: "accept" as const, by: "Luis", at: "2026-05-04T09:00:00Z" };
    server.desk = snapshot([message("m1", [line("a", { chosen }), line("b")])]);
    await opened();
    expect(localStorage.getItem("contender.quantity.old")).toBeNull();
    press("k");
    expect(current()).toBe("a");
    expect(screen.getByLabelText<HTMLInputElement>(/Quantity/).value).toBe("5");
  });

  it("takes back the line before, however often the last one was changed", async () => {
    await opened();
    press("a");
    press("a", "k");
    press("2", "k", "3", "u", "u");
    await waitFor(() => expect(server.choices.filter((one) => one.action === "undo")).toHaveLength(2));
    expect(server.choices.filter((one) => one.action === "undo").map((one) => one.line_id)).toEqual(["b", "a"]);
  });

  it("still shows as chosen what another tab has sent", async () => {
    await opened();
    server.away = true;
    press("a");
    await screen.findByText("1 choice to send");
    server.away = false;
    for (const key of Object.keys(localStorage)) if (key.startsWith("contender.choice.")) localStorage.removeItem(key);
    server.silent = true;
    act(() => void window.dispatchEvent(new Event("storage")));
    await waitFor(() => expect(screen.queryByText("1 choice to send")).toBeNull());
    expect(await screen.findByText("1 of 3 lines")).toBeTruthy();
  });

  it("sends what was left unsent from whichever page is opened", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    localStorage.setItem(
      "contender.choice.000000000001000.choice-a",
      JSON.stringify({ choice: choice("a"), reviewer: "Ana", order: "000000000001000" }),
    );
    const { foresee } = await import("../src/routes");
    foresee("/board", new QueryClient());
    vi.advanceTimersByTime(3_000);
    vi.useRealTimers();
    await waitFor(() => expect(server.choices.map((one) => one.id)).toEqual(["choice-a"]));
  });
});
