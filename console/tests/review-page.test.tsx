import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Choice, Outcome } from "../src/review/shapes";
import { line, message, snapshot } from "./review-fixtures";

const DESK = snapshot([
  message("m1", [line("a", { priority: 9, uncertain: true }), line("b", { priority: 5, requested: true })]),
  message("m2", [line("c", { quantity: 7 })]),
]);

/** A server that keeps what it is sent; `away` lets it answer nothing. */
class FakeServer {
  away = false;
  readonly choices: Choice[] = [];

  fetch = (url: string, init: RequestInit = {}): Promise<Response> => {
    if (this.away) return Promise.reject(new TypeError("network"));
    return Promise.resolve(Response.json(this.answer(url, init)));
  };

  private answer(url: string, init: RequestInit): unknown {
    if (url.startsWith("/v1/review/lines?")) return DESK;
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
    const shell = await import("../src/shell/shortcuts");
    const language = await import("../src/shell/language");
    const page = render(
      <QueryClientProvider client={new QueryClient()}>
        <language.LanguageProvider>
          <shell.ShortcutProvider>
            <MemoryRouter>
              <ReviewPage />
            </MemoryRouter>
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
});
