"""What the configured models need beside the base installation: the extras of their names."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata

from packaging.requirements import Requirement

from cli.screen import CommandFailed

DISTRIBUTION = "contender-mlops"


def require(models: Iterable[str], requirements: Iterable[str] | None = None) -> None:
    """Raise `CommandFailed` naming each model's packages that are not installed.

    `requirements` are those of our own distribution, unless given.
    """
    wanted = metadata.requires(DISTRIBUTION) if requirements is None else requirements
    parsed = [Requirement(text) for text in wanted or ()]
    lacking = {model: _missing(model, parsed) for model in sorted(models)}
    lacking = {model: names for model, names in lacking.items() if names}
    if not lacking:
        return
    told = "; ".join(f"{model} needs {', '.join(names)}" for model, names in lacking.items())
    raise CommandFailed(
        f"not installed: {told}. Run `make up` again after `touch contender.toml`, or in the "
        f"project's folder `pip install -c constraints.txt -e '.[{','.join(lacking)}]'`"
    )


def _missing(model: str, requirements: Iterable[Requirement]) -> list[str]:
    return [
        each.name
        for each in requirements
        if each.marker is not None
        and each.marker.evaluate({"extra": model})
        and not each.marker.evaluate({"extra": ""})
        and not _installed(each.name)
    ]


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
