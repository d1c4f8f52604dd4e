import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Account } from "../src/access/Account";
import { Inside } from "../src/access/Inside";
import { OnlyLooking } from "../src/access/OnlyLooking";
import { onTurnedAway, reaches, sessionQuery, useKeyName } from "../src/access/session";
import { Refused } from "../src/api/problem";
import type { SessionView } from "../src/api/schema";
import { accessWords } from "../src/words/access";

const NOBODY: SessionView = { name: "anonymous", role: "anyone", by: "none", key_id: null, until: null, anonymous: "anyone" };
const ANA: SessionView = { ...NOBODY, name: "Ana", role: "reviewer", by: "session", key_id: "k1", until: "2026-11-22T10:00:00Z" };
const GOOD = "ck_good";
const words = accessWords.es;

/** A server that knows one key. */
class FakeServer {
  session = NOBODY;
  readonly asked: string[] = [];

  fetch = async (url: string, init: RequestInit = {}): Promise<Response> => {
    this.asked.push(`${init.method} ${url}`);
    if (init.method === "POST") {
      if ((JSON.parse(String(init.body)) as { key: string }).key !== GOOD) return refused(401, "not-authenticated");
      this.session = ANA;
    }
    if (init.method === "DELETE") this.session = NOBODY;
    return Response.json(this.session);
  };
}

const refused = (status: number, slug: string) =>
  Response.json({ type: `urn:contender:problem:${slug}`, title: slug, status, detail: "no" }, { status });

let server: FakeServer;
let queries: QueryClient;

function shown(children: ReactNode) {
  return render(<QueryClientProvider client={queries}>{children}</QueryClientProvider>);
}

beforeEach(() => {
  server = new FakeServer();
  queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  vi.stubGlobal("fetch", server.fetch);
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const Page = () => <p>the page</p>;
const type = (key: string) => fireEvent.change(screen.getByLabelText(words.key), { target: { value: key } });
const submit = () => fireEvent.submit(document.querySelector("form")!);

describe("a console that nobody may use without a key", () => {
  it("asks for one in place of every page, and never shows it", async () => {
    shown(<Inside><Page /></Inside>);

    expect((await screen.findByLabelText<HTMLInputElement>(words.key)).type).toBe("password");
    expect(screen.queryByText("the page")).toBeNull();
  });

  it("says that a key is wrong, and lets in who has a good one", async () => {
    shown(<Inside><Page /></Inside>);
    await screen.findByLabelText(words.key);
    type("ck_bad");
    submit();
    await screen.findByText(words.wrong);

    type(` ${GOOD} `);
    submit();
    await screen.findByText("the page");
    expect(localStorage.length + sessionStorage.length).toBe(0);
  });

  it("says who acts, and forgets what he read when he leaves", async () => {
    server.session = ANA;
    shown(<Inside><Account /><Page /></Inside>);
    await screen.findByText("Ana");
    queries.setQueryData(["board"], { secret: true });

    fireEvent.click(screen.getByRole("button", { name: words.leave }));
    await screen.findByLabelText(words.key);
    expect(queries.getQueryData(["board"])).toBeUndefined();
  });

  it("looks again who asks when it is turned away, and not when it is refused otherwise", async () => {
    server.session = ANA;
    shown(<Inside><Page /></Inside>);
    await waitFor(() => expect(queries.getQueryData(sessionQuery.queryKey)).toEqual(ANA));
    server.session = NOBODY;
    onTurnedAway(queries, new Refused({ type: "x:not-allowed", title: "", status: 403, detail: "" }));
    expect(server.asked).toHaveLength(1);
    onTurnedAway(queries, new Refused({ type: "x:not-authenticated", title: "", status: 401, detail: "" }));
    await screen.findByLabelText(words.key);
  });
});

describe("a console that everybody may use", () => {
  it("shows its pages without asking for anything", async () => {
    server.session = { ...NOBODY, role: "operator", anonymous: "operator" };
    shown(<Inside><Account /><OnlyLooking /><Page /></Inside>);

    expect(screen.getByText("the page")).toBeTruthy();
    await waitFor(() => expect(server.asked).toHaveLength(1));
    expect(document.body.textContent).toBe("the page");
  });
});

describe("a console that everybody may look at", () => {
  it("lets those in who may do more", async () => {
    server.session = { ...NOBODY, role: "viewer", anonymous: "viewer" };
    shown(<Inside><Account /><Page /></Inside>);
    fireEvent.click(await screen.findByRole("button", { name: words.enter }));
    type(GOOD);
    submit();

    await screen.findByText("Ana");
    expect(screen.queryByLabelText(words.key)).toBeNull();
  });
});

describe("a role", () => {
  it("reaches as far as the server says, and is not doubted before", () => {
    expect(reaches(undefined, "operator")).toBe(true);
    expect(reaches(ANA, "reviewer")).toBe(true);
    expect(reaches(ANA, "operator")).toBe(false);
  });

  it("that may only look is told so", async () => {
    server.session = { ...ANA, role: "viewer" };
    shown(<OnlyLooking />);
    await screen.findByText(words.onlyLooking);
  });

  it("by a key acts in the key's name", async () => {
    server.session = ANA;
    const Name = () => <p>{useKeyName() ?? "nobody"}</p>;
    shown(<Name />);
    await screen.findByText("Ana");
  });
});
