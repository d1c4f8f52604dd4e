"""A readable decision on the flow run's page: the verdict in words, its checks, the plots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlencode

import httpx
from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)
from prefect.logging import get_run_logger

from features.sources import Raw
from pipelines.catalogue_diff import document, telling
from pipelines.catalogue_diff.document import DiffDamaged, NoDiff
from pipelines.decisions.log import Decision
from pipelines.settings import Settings

IMAGE_SUFFIXES = (".png", ".svg")
SHOWN_ROWS = 100
SIGNS = {True: "passed", False: "FAILED", None: "shown only"}


def report_decision(decision: Decision, settings: Settings) -> None:
    """Write a decision's artifacts on the page of the flow run that is going on."""
    key = artifact_key("decision", decision.model)
    create_markdown_artifact(
        decision_text(decision, settings), key=key, description="The gate's decision"
    )
    rows = check_rows(decision.record)
    if rows:
        create_table_artifact(
            rows, key=artifact_key("checks", decision.model), description="Every check of it"
        )
    _report_diff(decision, settings)


def _report_diff(decision: Decision, settings: Settings) -> None:
    """Show what the version changes in the catalogue, where that was kept."""
    try:
        diff = document.of_record(
            settings.var / "predictions", decision.decision_id, decision.record
        )
    except NoDiff:
        return
    except DiffDamaged as error:
        get_run_logger().warning("%s", error)  # the decision stands; its replay says so too
        return
    create_table_artifact(
        telling.moved_rows(diff, SHOWN_ROWS),
        key=artifact_key("catalogue-diff", decision.model),
        description=f"{telling.headline(diff)}. {diff['note']}.",
    )


def report_training(model: str, version: str, run_id: str, url: str, settings: Settings) -> None:
    """Link the MLflow run and show its plots on the page of the flow run that is going on."""
    create_link_artifact(
        url,
        link_text=f"{model} version {version} in MLflow",
        key=artifact_key("run", model),
        description="Parameters, figures, data fingerprints and plots",
    )
    for file in plots(settings.mlflow_url, run_id, settings.mlflow_login):
        address = f"{settings.mlflow_pages}/get-artifact?" + urlencode(
            {"path": file, "run_uuid": run_id}
        )
        name = file.rpartition(".")[0].replace("_", " ")
        create_image_artifact(
            address, key=artifact_key(name, model), description=f"{name}, version {version}"
        )


def report_reading(model: str, raw: Raw) -> None:
    """Show what was set aside while reading, and log what the family's cleaning counted."""
    found = reading_text(raw)
    if raw.counts:
        get_run_logger().info("%s: %s", model, found)
    if len(raw.quarantined):
        shown = raw.quarantined.head(SHOWN_ROWS).reset_index(names="line").astype(str)
        create_table_artifact(
            [{str(k): v for k, v in row.items()} for row in shown.to_dict(orient="records")],
            key=artifact_key("quarantined", model),
            description=found,
        )


def reading_text(raw: Raw) -> str:
    """Return how many rows were set aside, and what the family counted, in one line."""
    said = f"{len(raw.quarantined):,} rows were set aside"
    counted = ", ".join(f"{count:,} {name}" for name, count in raw.counts.items())
    return f"{said}: {counted}" if counted else said


def artifact_key(what: str, model: str) -> str:
    """Return a key as Prefect wants it: lower-case letters, digits and dashes."""
    text = f"{what}-{model}".lower()
    return "-".join(filter(None, "".join(c if c.isalnum() else "-" for c in text).split("-")))


def plots(mlflow_url: str, run_id: str, login: tuple[str, str] | None = None) -> list[str]:
    """Return the image files of an MLflow run."""
    response = httpx.get(
        f"{mlflow_url}/api/2.0/mlflow/artifacts/list",
        params={"run_id": run_id},
        timeout=30,
        auth=login,
        trust_env=False,
    )
    response.raise_for_status()
    files = response.json().get("files", [])
    return sorted(file["path"] for file in files if file["path"].endswith(IMAGE_SUFFIXES))


def decision_text(decision: Decision, settings: Settings) -> str:
    """Return a decision as Markdown."""
    return "\n".join(_lines(decision, settings))


def _lines(decision: Decision, settings: Settings) -> Iterator[str]:
    ruling = mapping(decision.record.get("ruling"))
    yield f"## {decision.model} version {decision.version}: {decision.verdict or decision.kind}"
    yield ""
    yield from (f"- {reason}" for reason in texts(ruling.get("reasons")))
    yield ""
    yield from _figures(mapping(ruling.get("comparison")))
    yield ""
    page = f"{settings.api_pages}/v1/decisions/{decision.decision_id}"
    generation = decision.generation or "unchanged"
    yield f"Decision [{decision.decision_id}]({page}), generation {generation}."
    yield f"Recompute it with `contender replay {decision.decision_id}`."


def _figures(comparison: Mapping[str, object]) -> Iterator[str]:
    primary = mapping(comparison.get("primary"))
    more = [each for name in ("components", "others") for each in items(comparison.get(name))]
    figures = [primary, *map(mapping, more)]
    known = [figure for figure in figures if figure]
    if known:
        yield "| metric | champion | challenger | gain, 95 % interval |"
        yield "| --- | --- | --- | --- |"
    for figure in known:
        yield (
            f"| {figure['metric']} | {number(figure['champion'])} | {number(figure['challenger'])} "
            f"| {number(figure['lower'])} to {number(figure['upper'])} |"
        )


def check_rows(record: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the checks of a decision as rows of a table."""
    checks = mapping(record.get("ruling")).get("checks")
    return [
        {
            "check": check.get("name"),
            "value": number(check.get("value")),
            "limit": number(check.get("limit")),
            "outcome": SIGNS.get(_passed(check.get("passed")), ""),
            "in words": check.get("note"),
        }
        for check in map(mapping, checks if isinstance(checks, list | tuple) else [])
    ]


def _passed(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def mapping(value: object) -> Mapping[str, object]:
    """Return a part of a record that may be missing."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> Sequence[object]:
    """Return a list of a record that may be missing."""
    return value if isinstance(value, list | tuple) else ()


def texts(value: object) -> list[str]:
    """Return a list of sentences that may be missing."""
    return [str(item) for item in value] if isinstance(value, list | tuple) else []


def number(value: object) -> str:
    """Return a figure as it is shown."""
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
