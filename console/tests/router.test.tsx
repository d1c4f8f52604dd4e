import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Link, matched, navigate, Page, Router, useParams, useSearch } from "../src/shell/router";

describe("an address", () => {
  it.each([
    ["/", "/", {}],
    ["/board", "/board", {}],
    ["/board", "/board/", {}],
    ["/models/:name", "/models/product_codes", { name: "product_codes" }],
    ["/models/:name", "/models/a%20b", { name: "a b" }],
    ["/models/:name", "/models/", null],
    ["/models/:name", "/models/a/b", null],
    ["/models/:name", "/models/%E0%A4%A", null],
    ["/board", "/", null],
    ["/", "/board", null],
  ])("%s and %s", (path, pathname, params) => expect(matched(path, pathname)).toEqual(params));
});

describe("the console's pages", () => {
  const Board = () => <Link to="/models/codes?show=quality">the codes</Link>;
  const Model = () => <p>{`${useParams()["name"]} ${useSearch().get("show") ?? "all"}`}</p>;
  const routes = [["/board", Board], ["/models/:name", Model]] as const;

  beforeEach(() => {
    history.replaceState(null, "", "/board");
    render(
      <Router>
        <Page routes={routes} otherwise={() => <p>nothing here</p>} />
      </Router>,
    );
  });
  afterEach(cleanup);

  it("are reached by links, and back again", async () => {
    fireEvent.click(screen.getByRole("link"));
    expect(await screen.findByText("codes quality")).toBeTruthy();
    expect(location.pathname + location.search).toBe("/models/codes?show=quality");

    act(() => navigate("?show=rollouts", { replace: true }));
    expect(await screen.findByText("codes rollouts")).toBeTruthy();

    history.replaceState(null, "", "/board");
    act(() => void dispatchEvent(new PopStateEvent("popstate")));
    expect(await screen.findByRole("link")).toBeTruthy();
  });

  it("stay where they are while a link is opened in another tab", () => {
    for (const key of ["metaKey", "ctrlKey", "shiftKey", "altKey"]) {
      // Once it has passed the console untouched, no tab is to be opened here.
      window.addEventListener("click", (event) => event.preventDefault(), { once: true });
      fireEvent.click(screen.getByRole("link"), { [key]: true });
      expect(location.pathname).toBe("/board");
    }
  });

  it("say so where there is none", async () => {
    act(() => navigate("/nowhere"));
    expect(await screen.findByText("nothing here")).toBeTruthy();
  });
});
