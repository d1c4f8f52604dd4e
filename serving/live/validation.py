"""Are these instances what the version's contract asks for? Compiled once, when it is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jsonschema_rs

from pipelines.versions.artifact import ArtifactRefused, Contract

SHOWN_FAULTS = 20
MESSAGE_CHARACTERS = 200


@dataclass(frozen=True)
class Fault:
    """What is wrong with one instance: its index, the field (empty: the whole), and why."""

    instance: int
    field: str
    message: str

    def __str__(self) -> str:
        where = f"instance {self.instance}"
        return (
            f"{where}, field {self.field!r}: {self.message}"
            if self.field
            else (f"{where}: {self.message}")
        )


class InvalidInstances(ValueError):
    """Instances do not fit the contract; `faults` names the first of them, one by one."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults[:3]))
        self.faults = tuple(faults)


class InvalidActual(ValueError):
    """What is said to be true is no value that the model could have answered."""


class SchemaCheck:
    """Checks rows against one JSON schema, 20,000 rows in about a millisecond.

    Strings longer than `text_limit` characters are refused even where the schema allows them.
    """

    def __init__(self, schema: Mapping[str, object], text_limit: int | None = None) -> None:
        bounded = schema if text_limit is None else _bounded(schema, text_limit)
        try:
            # Draft 2020-12 is what pydantic writes.
            self._rows = jsonschema_rs.Draft202012Validator(_rows_of(bounded))
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            raise ArtifactRefused(f"the contract holds an unusable JSON schema: {error}") from error

    def fits(self, rows: Sequence[object]) -> bool:
        """Return whether every row fits."""
        return self._rows.is_valid(rows)

    def check(self, rows: Sequence[object]) -> None:
        """Raise `InvalidInstances` unless every row fits."""
        if self.fits(rows):
            return
        faults = []
        for error in self._rows.iter_errors(rows):
            faults.append(_fault(error))
            if len(faults) == SHOWN_FAULTS:
                break
        raise InvalidInstances(faults)


class TargetCheck:
    """Checks what is said to be true against the response column that the model is about."""

    def __init__(self, contract: Contract) -> None:
        schema = contract.response_schema
        columns = schema.get("properties")
        column = columns.get(contract.target, {}) if isinstance(columns, dict) else {}
        self._target = contract.target
        self._values = SchemaCheck({**column, "$defs": schema.get("$defs", {})})

    def check(self, actual: object) -> None:
        """Raise `InvalidActual` unless `actual` could have been an answer."""
        try:
            self._values.check([actual])
        except InvalidInstances as error:
            raise InvalidActual(f"{self._target}: {error.faults[0].message}") from None


def _rows_of(schema: object) -> dict[str, object]:
    if not isinstance(schema, dict):
        raise ArtifactRefused("the contract's JSON schema is not an object")
    # References such as `#/$defs/Size` are meant from the root, which is now the array's schema.
    items = {key: value for key, value in schema.items() if key != "$defs"}
    return {"type": "array", "items": items, "$defs": schema.get("$defs", {})}


def _bounded(node: object, limit: int) -> object:
    if isinstance(node, list):
        return [_bounded(entry, limit) for entry in node]
    if not isinstance(node, Mapping):
        return node
    copy = {key: _bounded(value, limit) for key, value in node.items()}
    if copy.get("type") == "string":
        given = copy.get("maxLength")
        copy["maxLength"] = min(given, limit) if isinstance(given, int) else limit
    return copy


def _fault(error: jsonschema_rs.ValidationError) -> Fault:
    index, *inside = error.instance_path
    kind = error.kind
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
        inside.append(kind.property)
        message = "is missing"
    elif isinstance(kind, jsonschema_rs.ValidationErrorKind.MaxLength):
        message = f"is longer than {kind.limit} characters"
    else:
        message = _shortened(error.message)
    return Fault(int(index), ".".join(str(part) for part in inside), message)


def _shortened(message: str) -> str:
    # The library quotes the offending value, which may be a hundred kilobytes of it.
    if len(message) <= MESSAGE_CHARACTERS:
        return message
    half = MESSAGE_CHARACTERS // 2
    return f"{message[:half]}…{message[-half:]}"
