"""From a fitted model to a sealed package: both forms, their agreement, and `contract.json`.

A compiled form is served only if it answers as the plain one does, on the test set and on the
family's golden rows. Otherwise the plain form is served, by a worker process, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from pipelines.contract import (
    FamilyParams,
    FittedModel,
    ModelFamily,
    RequestRefused,
    Row,
    Runtime,
)
from pipelines.gate import leakage
from pipelines.versions import agreement
from pipelines.versions.answers import ask, instances_of, rows_of
from pipelines.versions.artifact import (
    FLAVOUR,
    Agreement,
    Contract,
    Package,
    open_runtime,
    write_contract,
)
from pipelines.versions.odd_requests import odd_requests

PACKAGE_FOLDER = "package"
"""What the folder of a package has to be called: the registry's store keeps the name."""
PLAIN = "plain"
COMPILED = "compiled"


@dataclass(frozen=True)
class Facts:
    """What a package says about where it comes from."""

    params: FamilyParams
    fingerprints: Mapping[str, str]
    training_window: Mapping[str, str]
    code: Mapping[str, str]
    libraries: Mapping[str, str]
    training_keys: frozenset[str]
    """Keys of the rows that fitting saw: what `pipelines.gate.leakage` checks for leaks."""
    created_at: datetime


def build(
    directory: Path,
    family: ModelFamily,
    fitted: FittedModel,
    requests: pd.DataFrame,
    facts: Facts,
) -> Package:
    """Write the folder `package` into `directory` and seal it.

    `requests` are those on which the two forms have to agree, beside the golden rows and odd ones.
    """
    directory = directory / PACKAGE_FOLDER
    for form in (PLAIN, COMPILED):
        (directory / form).mkdir(parents=True)
    fitted.save(directory / PLAIN)
    leakage.write_keys(directory, facts.training_keys)
    found = _compile(directory, family, fitted, requests, facts)
    return write_contract(directory, _contract(family, facts, found))


def with_values(package: Package, values: Mapping[str, float]) -> Package:
    """Seal a package again with its figures on the test set."""
    return write_contract(
        package.directory, package.contract.model_copy(update={"values": dict(values)})
    )


def _compile(
    directory: Path,
    family: ModelFamily,
    fitted: FittedModel,
    requests: pd.DataFrame,
    facts: Facts,
) -> Agreement:
    asked = pd.concat([requests, pd.DataFrame(list(family.golden))], ignore_index=True)
    try:
        fitted.compile(directory / COMPILED)
    except NotImplementedError:
        return agreement.refused("this model has no compiled form", len(asked), family.tolerance)
    plain = rows_of(fitted.predict(asked), asked.index)
    accepted = agreement.compare(plain, plain, instances_of(asked), family.tolerance)
    draft = write_contract(directory, _contract(family, facts, accepted))
    runtime = open_runtime(draft)
    try:
        found = _agreement(runtime, family, asked, plain)
        return _with_odd(found, runtime, family, fitted, requests) if found.accepted else found
    finally:
        runtime.close()


def _agreement(
    runtime: Runtime, family: ModelFamily, asked: pd.DataFrame, plain: list[list[Row]]
) -> Agreement:
    try:
        compiled = ask(runtime, asked)
    except RequestRefused as refusal:
        reason = f"the compiled form refuses what the plain one answers: {refusal}"
        return agreement.refused(reason, len(asked), family.tolerance)
    return agreement.compare(plain, compiled, instances_of(asked), family.tolerance)


def _with_odd(
    found: Agreement,
    runtime: Runtime,
    family: ModelFamily,
    fitted: FittedModel,
    requests: pd.DataFrame,
) -> Agreement:
    """Return what was found, after odd requests too; those that the runtime refuses are no test."""
    made = odd_requests(family.Request, family.golden, instances_of(requests))
    answered = [(row, answer) for row in made if (answer := _answer(runtime, row)) is not None]
    rows = [row for row, _ in answered]
    if not rows:
        return found
    asked = pd.DataFrame(rows, index=pd.RangeIndex(len(rows), name="request"), dtype=object)
    try:
        plain = rows_of(fitted.predict(asked), asked.index)
    except RequestRefused as refusal:
        reason = f"the compiled form answers what the plain one refuses: {refusal}"
        return agreement.refused(reason, found.requests, family.tolerance)
    odd = agreement.compare(plain, [answer for _, answer in answered], rows, family.tolerance)
    return found.model_copy(
        update={
            "accepted": odd.accepted,
            "odd_requests": odd.requests,
            "largest_difference": max(found.largest_difference, odd.largest_difference),
            "reason": odd.reason,
        }
    )


def _answer(runtime: Runtime, row: Row) -> list[Row] | None:
    try:
        (answer,) = runtime.predict([row])
    except RequestRefused:
        return None
    return answer


def _contract(family: ModelFamily, facts: Facts, found: Agreement) -> Contract:
    return Contract(
        family=family.name,
        origin="contender",
        runtime=family.name if found.accepted else FLAVOUR,
        form="compiled" if found.accepted else "flavour",
        many=family.many,
        target=family.target,
        entity=family.entity,
        request_schema=family.Request.model_json_schema(),
        response_schema=family.Response.model_json_schema(),
        latency_budget_ms=family.latency_budget_ms,
        golden=family.golden,
        params=facts.params.model_dump(mode="json"),
        fingerprints=dict(facts.fingerprints),
        training_window=dict(facts.training_window),
        code=dict(facts.code),
        libraries=dict(facts.libraries),
        agreement=found,
        values={},
        created_at=facts.created_at.isoformat(timespec="seconds"),
        files={},
    )
