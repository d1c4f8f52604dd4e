"""Forms: flow parameters made from pydantic fields, because a flow's signature is its form.

Prefect draws one input for each parameter: a drop-down for a choice, a spinner for a bounded
number. So the hyperparameters of a family stand flat beside the questions every run is asked.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Form = TypeVar("Form", bound=BaseModel)
MONITORING = "monitoring/"
"""Who requests a run that a signal asked for; the kind of signal follows."""


class FormError(TypeError):
    """Two fields of one form have the same name, or a field has no default to show."""


class _Questions(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Origin(_Questions):
    """Who wants a run and why: kept in the decision record."""

    requested_by: str = Field(
        "", title="Requested by", description="Your name, for the decision record."
    )
    reason: str = Field("", title="Reason", description="Why, for the decision record.")


class TrainQuestions(_Questions):
    """What a training is asked besides its hyperparameters."""

    source: str = Field(
        "",
        title="Source",
        description="Address of the rows: a CSV or Parquet file or folder, postgresql:// or an "
        "http(s) feed. Empty: the source in contender.toml.",
    )
    columns: str = Field(
        "",
        title="Columns",
        description="What the source calls our columns, as ours=theirs, separated by commas. "
        "Empty: as in contender.toml, or the same names.",
    )
    query: str = Field("", title="Query", description="SQL to read from a postgresql:// source.")
    seed: int = Field(7, ge=0, title="Seed", description="The same seed gives the same model.")


class PromoteQuestions(_Questions):
    """What the gate is asked about."""

    version: str = Field(
        "",
        title="Version",
        description="Registered version to judge. Empty: the one with the alias challenger.",
    )


def shape(run: Callable[..., object], *forms: type[BaseModel]) -> None:
    """Give `run(**values)` the fields of the forms as its signature. Raises `FormError`."""
    parameters: dict[str, inspect.Parameter] = {}
    for form in forms:
        for name, field in form.model_fields.items():
            if name in parameters:
                raise FormError(f"{form.__name__}.{name}: the form has another field of that name")
            if field.is_required():
                raise FormError(f"{form.__name__}.{name}: a form's field needs a default")
            shown: Any = Field(
                field.get_default(call_default_factory=True),
                description=field.description,
                # Prefect titles a parameter by its name; only the schema's extra wins over it.
                json_schema_extra={"title": field.title or name.replace("_", " ").capitalize()},
            )
            parameters[name] = inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=shown,
                annotation=Annotated[field.annotation, field],
            )
    run.__annotations__ = {}
    run.__signature__ = inspect.Signature(list(parameters.values()))  # type: ignore[attr-defined]


def answers(form: type[Form], values: Mapping[str, object]) -> Form:
    """Return the part of a flow's parameters that belongs to a form, validated."""
    return form.model_validate({n: values[n] for n in form.model_fields if n in values})
