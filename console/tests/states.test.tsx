import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Refused } from "../src/api/problem";
import { LanguageProvider } from "../src/shell/language";
import { Router } from "../src/shell/router";
import { ErrorState } from "../src/ui/States";

beforeEach(() => localStorage.setItem("contender.language", "en"));
afterEach(cleanup);

function shown(status: number): void {
  const error = new Refused({ type: "urn:contender:problem:x", title: "No", status, detail: "no such model" });
  render(
    <LanguageProvider>
      <Router>
        <ErrorState error={error} onRetry={() => undefined} />
      </Router>
    </LanguageProvider>,
  );
}

describe("what went wrong", () => {
  it("leads back where there is no such thing, since another try would find none either", () => {
    shown(404);
    expect(screen.getByText("no such model")).toBeTruthy();
    expect(screen.getByRole("link", { name: "Go to Champions" }).getAttribute("href")).toBe("/board");
    expect(screen.queryByRole("button")).toBeNull();
  });

  it("is tried again where that may help", () => {
    shown(503);
    expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
    expect(screen.queryByRole("link")).toBeNull();
  });
});
