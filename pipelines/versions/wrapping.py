"""A version from elsewhere gets a contract: written from its signature, its files hashed.

What it does not say about itself is recorded as `unknown`. The same version always gets the same
contract, so wrapping it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.contract import ModelFamily
from pipelines.registry.client import WRAPPED_MODEL, VersionInfo
from pipelines.versions.artifact import FLAVOUR, Contract, Package, write_contract

if TYPE_CHECKING:
    from mlflow.models import Model, ModelSignature

UNKNOWN = "unknown"


class ContractMismatch(ValueError):
    """A version does not take the model's requests or answer its responses; says which column."""


def wrap(directory: Path, family: ModelFamily, info: VersionInfo) -> Package:
    """Seal the foreign files in `directory/model`. Raises `ContractMismatch`."""
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model

    try:
        model = Model.load(str(directory / WRAPPED_MODEL))
    except MlflowException as error:
        raise ContractMismatch(f"it is no MLflow model: {error.message}") from error
    signature = model.signature
    if signature is None or signature.inputs is None:
        raise ContractMismatch("it has no signature; log it with signature=infer_signature(x, y)")
    if "python_function" not in model.flavors:
        raise ContractMismatch("it has no python_function flavour, so nothing can ask it")
    contract = Contract(
        family=family.name,
        origin="foreign",
        runtime=FLAVOUR,
        form="flavour",
        many=family.many,
        target=family.target,
        entity=family.entity,
        request_schema=_request_schema(family, signature),
        response_schema=_response_schema(family, signature),
        latency_budget_ms=family.latency_budget_ms,
        golden=family.golden,
        params={},
        fingerprints=dict.fromkeys(("source", "train", "test_set"), UNKNOWN),
        training_window={},
        code=dict.fromkeys(("git_commit", "dirty", "constraints_sha256"), UNKNOWN),
        libraries=_libraries(model),
        agreement=None,
        values={},
        created_at=datetime.fromtimestamp(info.created_ms / 1000, UTC).isoformat(),
        files={},
    )
    return write_contract(directory, contract)


def _request_schema(family: ModelFamily, signature: ModelSignature) -> dict[str, object]:
    schema = family.Request.model_json_schema()
    required = [column.name for column in signature.inputs if column.required]
    if any(name is None for name in required):
        names = ", ".join(schema["properties"])
        raise ContractMismatch(f"its inputs have no names; wanted are columns: {names}")
    unknown = sorted(set(required) - schema["properties"].keys())
    if unknown:
        raise ContractMismatch(f"it needs columns that no request has: {', '.join(unknown)}")
    return schema


def _response_schema(family: ModelFamily, signature: ModelSignature) -> dict[str, object]:
    """Return the family's response schema, cut down to the columns that the version answers."""
    schema = family.Response.model_json_schema()
    outputs = signature.outputs.input_names() if signature.outputs is not None else []
    answered = [name for name in schema["properties"] if name in outputs]
    if not answered and len(outputs) <= 1:
        # One output without a name that we know: the answer itself. The worker checks it.
        answered = [family.target]
    if family.target not in answered:
        found = ", ".join(outputs) or "nothing"
        raise ContractMismatch(f"it answers {found}; wanted is a column {family.target}")
    properties = {name: schema["properties"][name] for name in answered}
    required = [name for name in schema.get("required", []) if name in answered]
    return {**schema, "properties": properties, "required": required}


def _libraries(model: Model) -> dict[str, str]:
    flavour: Mapping[str, object] = model.flavors["python_function"]
    return {
        "python": str(flavour.get("python_version", UNKNOWN)),
        "loader": str(flavour.get("loader_module", UNKNOWN)),
        "mlflow": str(model.mlflow_version or UNKNOWN),
    }
