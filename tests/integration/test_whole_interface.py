"""Whatever the OpenAPI document allows, and whatever it does not, every answer is as documented.

schemathesis asks each operation what its schema describes, at the edges of it and beyond them,
over a real socket and the server's own HTTP protocol.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import settings
from schemathesis.config import (
    CoveragePhaseConfig,
    GenerationConfig,
    PhasesConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from served_app import ServedApp
from whole_shop import MESSAGE, MODELS, WholeShop

from serving.hot.wire import HotProtocol

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = 4
"""Of each operation, beside those of its edges."""
AWAY = frozenset({502, 503, 504, 507})
"""Somebody else is away for now: an answer like any other where it says when to come back."""
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeShop]:
    shop = WholeShop(tmp_path_factory.mktemp("home"))
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def served(shop: WholeShop) -> Iterator[ServedApp]:
    with ServedApp(shop.app(), http=HotProtocol) as served:
        shop.serve_models(served.app)
        yield served


@schemathesis.serializer("application/x-ndjson", "application/vnd.apache.parquet")
def as_it_is(_context: object, value: object) -> bytes:
    """Send a file of a job; what is no file is sent as a line of JSON."""
    return value if isinstance(value, bytes) else json.dumps(value, default=str).encode()


def interface() -> schemathesis.BaseSchema:
    """Return the committed document, which another test holds to what the server says."""
    document = json.loads((ROOT / "console" / "openapi.json").read_text(encoding="utf-8"))
    generation = GenerationConfig(max_examples=EXAMPLES, deterministic=True)
    phases = PhasesConfig(coverage=CoveragePhaseConfig(unexpected_methods=set()))
    # A busy machine is slow, and no answer of the interface is wrong for that.
    project = ProjectConfig(generation=generation, phases=phases, request_timeout=120)
    config = SchemathesisConfig(projects=ProjectsConfig(default=project))
    return schemathesis.openapi.from_dict(document, config=config)


@pytest.fixture(scope="module")
def known(shop: WholeShop) -> dict[str, Sequence[str]]:
    """What there is, by the name of the parameter that names it."""
    return {
        "name": MODELS,
        "model": MODELS,
        "decision_id": shop.decisions,
        "line_id": shop.lines,
        "message_id": [MESSAGE],
        "product_id": ["P01"],
    }


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@interface().parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
def test_every_answer_is_as_documented(
    case: schemathesis.Case,
    served: ServedApp,
    known: dict[str, Sequence[str]],
    session: requests.Session,
) -> None:
    for name, value in (case.path_parameters or {}).items():
        # What there is is named as often as what there is not.
        if name in known and len(str(value)) % 2:
            case.path_parameters[name] = known[name][len(str(value)) % len(known[name])]
    response = case.call(base_url=f"http://{served.address}", session=session)
    case.validate_response(response, checks=CHECKS)
    if response.status_code >= 500:
        assert response.status_code in AWAY, response.text
        assert "retry-after" in response.headers, response.text
