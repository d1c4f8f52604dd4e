"""Every route has a declared role, is refused below it, and answers from it on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from access_stage import PREDICT, QUESTION, ROLES, Guarded, guarded
from fastapi.routing import APIRoute
from serving_stage import MODEL
from starlette.routing import Mount, Route

from pipelines.access.roles import Role
from pipelines.settings import Settings
from serving.access import rules
from serving.access.routes import Routes
from serving.app import routes_of

CALLERS = ("nobody", *ROLES)
ROLE_OF = {"nobody": Role.ANYONE, **{word: Role[word.upper()] for word in ROLES}}
PATHS = {"model": "stub", "name": "stub", "name:path": "a/b", "path:path": "a/b"}


@pytest.fixture
def house(make_settings: Callable[..., Settings]) -> Iterator[Guarded]:
    with guarded(make_settings) as house:
        yield house


def asked(action: str) -> tuple[str, str]:
    """Return a request that reaches a route, by how the route is written."""
    method, _, template = action.partition(" ")
    path = re.sub(r"\{([^}]+)\}", lambda found: PATHS.get(found[1], "x1"), template)
    return ("GET", f"{path}/swagger-ui.css") if method == "*" else (method, path)


def test_every_route_of_the_application_is_declared_and_every_rule_has_a_route(house):
    declared = dict(Routes(routes_of(house.app)).declared())

    assert [action for action, rule in declared.items() if rule is None] == []
    assert rules.RULES.keys() - declared.keys() == set()


def test_no_route_is_hidden_from_the_rules(house):
    """What the application tries is what the rules are held against, router by router."""

    def flat(routes: list[object]) -> list[object]:
        plain = [route for route in routes if isinstance(route, Route | Mount)]
        nested = [getattr(route, "original_router", None) for route in routes]
        return plain + [one for router in nested if router for one in flat(router.routes)]

    found = flat(house.app.router.routes)
    written = [str(getattr(route, "path", "")) for route in found]
    known = [str(getattr(route, "path", "")) for route in routes_of(house.app)]
    assert len(found) == len(known)
    assert any(isinstance(route, APIRoute) for route in found)
    # A nested router writes its routes without the prefix that it is included under.
    assert all(any(path.endswith(own) for path in known) for own in written)


@pytest.mark.parametrize("who", CALLERS)
def test_every_route_is_refused_below_its_role_and_answers_from_it_on(house, who):
    wrong = []
    for action, rule in Routes(routes_of(house.app)).declared():
        status = house.status(*asked(action), house.bearer(who))
        refused = 401 if who == "nobody" else 403
        expected = status == refused if ROLE_OF[who] < rule.role else status not in (401, 403)
        if not expected:
            wrong.append((action, who, status))

    assert wrong == []


def test_a_route_that_nobody_declared_is_refused_to_everybody(house, monkeypatch):
    monkeypatch.delitem(rules.RULES, "GET /v1/board")
    for who in CALLERS:
        answer = house.client.get("/v1/board", headers=house.bearer(who))
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (403, "undeclared")


def test_a_route_that_nobody_declared_is_not_on_the_fast_path(house, monkeypatch):
    monkeypatch.delitem(rules.RULES, "POST /v1/models/{name}/predict")
    assert PREDICT in house.app.state.hot.places
    assert PREDICT not in house.stage.app().state.hot.places


SPELLINGS = (
    "/v1/board/",
    "//v1/board",
    "/v1//board",
    "/v1/./board",
    "/livez/../v1/board",
    "/assets/..%2f..%2fv1%2fboard",
    "/v1/board%2f",
    "/V1/board",
    "/v1/board;x=/livez",
    "/static-offline-docs/..%2fopenapi.json",
    "/static-offline-docs/%2e%2e/openapi.json",
)


def test_no_spelling_of_a_path_gets_round_its_role(house):
    for path in SPELLINGS:
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            # Whole, or two slashes at its beginning would make a host of what follows.
            answer = house.client.request(method, f"http://contender{path}")
            assert answer.status_code in (307, 401, 403, 404, 405), (path, answer.status_code)
            if answer.status_code == 307:
                assert house.client.get(answer.headers["location"]).status_code == 401, path


def test_what_is_not_there_is_not_there_for_anybody(house):
    assert house.status("GET", "/v1/nothing", {}) == 404
    assert house.status("PUT", "/v1/board", {}) == 405


def test_a_probe_learns_only_whether_it_is_ready(house):
    bare = house.client.get("/readyz").json()
    told = house.client.get("/readyz", headers=house.bearer("viewer")).json()

    assert (bare["ready"], bare["slots"], bare["workers"]) == (True, [], {})
    assert [slot["model"] for slot in told["slots"]] == [MODEL]


def test_a_prediction_takes_a_key_on_the_fast_path_and_off_it(house):
    for kind in ("application/json", "application/vnd.shop+json"):
        headers = {"Content-Type": kind}
        for who, expected in (("nobody", 401), ("viewer", 200)):
            answer = house.client.post(
                PREDICT, json=QUESTION, headers={**headers, **house.bearer(who)}
            )
            assert answer.status_code == expected, (kind, who, answer.text)
    told = house.client.get("/metrics", headers=house.bearer("viewer")).text
    counted = [line for line in told.splitlines() if line.startswith("contender_model_requests_to")]
    assert counted == ['contender_model_requests_total{model="stub",outcome="answered"} 2.0']


@pytest.mark.parametrize(
    ("path", "member"),
    [("/v2/models/stub/infer", "error"), ("/api/predicciones", "error"), ("/v1/board", "title")],
)
def test_a_refusal_speaks_the_dialect_of_its_path_and_says_how_to_sign_in(house, path, member):
    method = "POST" if path.endswith("infer") else "GET"
    answer = house.client.request(method, path)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="contender"'
    assert answer.headers["X-Request-Id"]
    assert answer.json()[member]
