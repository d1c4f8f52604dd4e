"""What the interface's description says of keys: how they are shown, and who may do what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pipelines.access.roles import Role
from serving.access.rules import RULES, Rule

SCHEMES: Mapping[str, Mapping[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "ck_<id>_<secret>"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
EITHER: tuple[Mapping[str, list[str]], ...] = ({"bearer": []}, {"key": []}, {})
"""The last says that there may be callers without a key: the settings tell what they may do."""
ROLE = "x-role"
CONVERTER = re.compile(r":[a-z]+(?=})")


def describe(document: dict[str, Any]) -> None:
    """Say of each operation of an OpenAPI document which role it takes, and how a key is shown."""
    document.setdefault("components", {})["securitySchemes"] = SCHEMES
    rules = _as_documented()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            role = rules[f"{method.upper()} {path}"].role
            operation[ROLE] = role.word
            operation["security"] = list(EITHER) if role > Role.ANYONE else []


def _as_documented() -> Mapping[str, Rule]:
    """Return the rules by paths as the document writes them: without how a part is read."""
    return {CONVERTER.sub("", route): rule for route, rule in RULES.items()}
