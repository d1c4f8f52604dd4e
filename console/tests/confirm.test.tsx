import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Refused } from "../src/api/problem";
import { Confirm, type Person } from "../src/model/Confirm";

const ANYBODY = { name: "anonymous", role: "operator", by: "none", key_id: null, until: null, anonymous: "operator" };

beforeEach(() => {
  localStorage.clear();
  vi.stubGlobal("fetch", async () => Response.json(ANYBODY));
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function shown(act: (person: Person) => Promise<string>, onClose = vi.fn()) {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Confirm title="Retrain" what="A version is trained." confirm="Go" open onClose={onClose} act={act} />
    </QueryClientProvider>,
  );
  return onClose;
}

const type = (label: string, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });
const go = () => screen.getByRole<HTMLButtonElement>("button", { name: "Go", hidden: true });
const submit = () => fireEvent.submit(document.querySelector("form")!);

describe("an action", () => {
  it("is not done before somebody has given a name and a reason", () => {
    const act = vi.fn<(person: Person) => Promise<string>>();
    shown(act);
    type("Su nombre", "ana");
    type("Motivo", "   ");

    submit();

    expect(go().disabled).toBe(true);
    expect(act).not.toHaveBeenCalled();
  });

  it("is done in that name, and the name is remembered", async () => {
    const act = vi.fn(async (_person: Person) => "done");
    const onClose = shown(act);
    type("Su nombre", " ana ");
    type("Motivo", "quejas");

    submit();

    await waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(act.mock.calls[0]?.[0]).toEqual({ actor: "ana", reason: "quejas" });
    expect(localStorage.getItem("contender.actor")).toBe("ana");
  });

  it("is done in the name of the key that somebody signed in by, who types no other", async () => {
    vi.stubGlobal("fetch", async () => Response.json({ ...ANYBODY, name: "Ana", by: "session" }));
    const act = vi.fn(async (_person: Person) => "done");
    shown(act);
    await screen.findByText("Queda registrado a nombre de Ana.");
    expect(screen.queryByLabelText("Su nombre")).toBeNull();
    type("Motivo", "quejas");

    submit();

    await waitFor(() => expect(act.mock.calls[0]?.[0]).toEqual({ actor: "Ana", reason: "quejas" }));
    expect(localStorage.getItem("contender.actor")).toBeNull();
  });

  it("that the server refuses stays open, and says why", async () => {
    const problem = { type: "urn:contender:problem:conflict", title: "Conflict", status: 409, detail: "the champion moved" };
    const onClose = shown(() => Promise.reject(new Refused(problem)));
    type("Su nombre", "ana");
    type("Motivo", "quejas");

    submit();

    await waitFor(() => expect(document.querySelector("[role=alert]")?.textContent).toBe("the champion moved"));
    expect(onClose).not.toHaveBeenCalled();
  });
});
