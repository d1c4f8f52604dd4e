"""The interface's description says which role each operation takes, as the one table has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from serving.access import documented

KEPT = Path(__file__).resolve().parents[2] / "console" / "openapi.json"


@pytest.fixture
def document() -> dict:
    return json.loads(KEPT.read_bytes())


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("get", "/livez", "anyone"),
        ("post", "/v1/models/{name}/predict", "viewer"),
        ("get", "/v1/review/images/{name}", "viewer"),
        ("post", "/v1/review/choices", "reviewer"),
        ("post", "/v1/models/{name}/rollback", "operator"),
        ("get", "/v1/audit", "operator"),
    ],
)
def test_an_operation_names_its_role(document, method, path, role):
    operation = document["paths"][path][method]

    assert operation["x-role"] == role
    assert ({"bearer": []} in operation["security"]) == (role != "anyone")


def test_every_operation_names_a_role_and_only_schemes_that_are_described(document):
    operations = [one for path in document["paths"].values() for one in path.values()]

    assert all("x-role" in one for one in operations)
    named = {scheme for one in operations for either in one["security"] for scheme in either}
    assert named == set(document["components"]["securitySchemes"])


def test_an_operation_in_no_rule_cannot_be_described():
    with pytest.raises(KeyError, match="/v1/unheard-of"):
        documented.describe({"paths": {"/v1/unheard-of": {"get": {}}}})
