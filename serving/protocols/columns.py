"""A row's columns, read off its JSON schema: for protocols that carry columns instead of rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import nsmallest
from typing import Any, Literal

Kind = Literal["text", "integer", "number", "boolean", "json"]
KINDS: Mapping[str, Kind] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}
"""Whatever is not among these is structured, and travels as JSON."""
TYPES: Mapping[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}

REMEMBERED = 64
"""Schemas whose columns are kept: reading one costs as much as reading a short request."""
SHOWN_NAMES = 20
SHOWN_CHARACTERS = 50


@dataclass(frozen=True)
class Column:
    """One field of a request or response row."""

    name: str
    kind: Kind
    nullable: bool
    required: bool

    @property
    def always(self) -> bool:
        """Whether every row holds a value of the kind."""
        return self.required and not self.nullable


class _Schema:
    """A schema that equals itself alone: those of live versions do not change."""

    __slots__ = ("schema",)

    def __init__(self, schema: Mapping[str, object]) -> None:
        self.schema = schema

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Schema) and self.schema is other.schema

    def __hash__(self) -> int:
        return id(self.schema)


def columns_of(schema: Mapping[str, object]) -> tuple[Column, ...]:
    """Return the columns of rows that fit `schema`, in its order; it must not change later."""
    return _read(_Schema(schema))


@lru_cache(maxsize=REMEMBERED)
def _read(identity: _Schema) -> tuple[Column, ...]:
    schema = identity.schema
    properties = schema.get("properties")
    required = schema.get("required")
    listed = required if isinstance(required, Sequence) else ()
    if not isinstance(properties, Mapping):
        return ()
    return tuple(
        _column(name, set(_types(node, schema)), name in listed)
        for name, node in properties.items()
    )


def shown(names: Iterable[object]) -> str:
    """Return the first few names for a sentence, however many and long they are."""
    few = nsmallest(SHOWN_NAMES, (str(name)[:SHOWN_CHARACTERS] for name in names))
    return ", ".join(few) or "none"


def known(columns: Iterable[Column]) -> str:
    """Return the names of columns for a sentence."""
    return shown(column.name for column in columns)


def _column(name: str, types: set[str], required: bool) -> Column:
    values = types - {"null"}
    if values == {"integer", "number"}:
        values = {"number"}
    kind = KINDS.get(values.pop(), "json") if len(values) == 1 else "json"
    return Column(name, kind, "null" in types, required)


def _types(node: Any, root: Mapping[str, object]) -> Iterable[str]:
    if not isinstance(node, Mapping):
        return ["any"]
    if "$ref" in node:
        return _types(_definition(str(node["$ref"]), root), root)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in node:
            return [kind for inner in node[choice] for kind in _types(inner, root)]
    declared = node.get("type")
    if isinstance(declared, str):
        return [declared]
    if isinstance(declared, Sequence):
        return [str(kind) for kind in declared]
    values = node.get("enum", [node["const"]] if "const" in node else [])
    return ["null" if value is None else TYPES.get(type(value), "any") for value in values] or [
        "any"
    ]


def _definition(reference: str, root: Mapping[str, object]) -> object:
    definitions = root.get("$defs")
    name = reference.removeprefix("#/$defs/")
    return definitions.get(name) if isinstance(definitions, Mapping) else None
