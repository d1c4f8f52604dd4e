"""The manual is about this project: its links lead somewhere, and it leaves no setting, no variable
and no command out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel
from typer import Typer

from cli.main import app
from pipelines import addresses_settings, observability_settings
from pipelines.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
OPERATIONS = DOCS / "operations.md"
PAGES = sorted(
    [
        *DOCS.rglob("*.md"),
        *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    ]
)
ELSEWHERE = {
    "flows.containers.": DOCS / "scaling.md",
    "models.<name>.monitoring.": DOCS / "monitoring.md",
}
"""Sections whose keys stand on a page of their own."""
NOT_IN_THE_FILE = ("home", "logins.")
LIKE_SOURCE = "models.<name>.revenue."
WHOLE = {"models.<name>.policy", "models.<name>.revenue", "models.<name>.monitoring.…"}
"""Rows of the table that are about a section as a whole."""


@cache
def prose(page: Path) -> str:
    """A page without its examples."""
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


@cache
def anchors(page: Path) -> set[str]:
    """The names by which a page's headings can be linked to."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def missed(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    wrong = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if "://" not in link and not (
            target.exists() and (not anchor or anchor in anchors(target))
        ):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    assert not missed(page)


def test_a_dead_link_would_be_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# A title\n[here](#a-title) [no](gone.md) [nor](page.md#b) [out](http://a.b)\n"
    )

    assert missed(page) == ["gone.md", "page.md#b"]


def sections(annotation: object) -> list[type[BaseModel]]:
    """The settings of a section, or of each of several, that a field holds; none for a value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for each in get_args(annotation) for found in sections(each)]


def keys(section: type[BaseModel], before: str = "") -> Iterator[str]:
    """Every key of the settings file, as the manual names it."""
    for name, field in section.model_fields.items():
        key = f"{before}{name}"
        inner = sections(field.annotation)
        if not inner or key.endswith(".schedules"):
            yield key
        for each in inner if not key.endswith(".schedules") else ():
            yield from keys(each, "models.<name>." if key == "models" else f"{key}.")


def documented() -> set[str]:
    """Every key that has a row, or a part of one, in the manual's table of settings."""
    table = OPERATIONS.read_text(encoding="utf-8").split("| key |")[1].split("\n\n")[0]
    found = set()
    for row in table.splitlines()[2:]:
        names = re.findall(r"`([^`]+)`", row.split("|")[1])
        section = names[0].rpartition(".")[0]
        found.update(f"{section}{name}" if name.startswith(".") else name for name in names)
    return found


def test_every_setting_stands_in_the_manual_and_nothing_else_does():
    wanted = {key for key in keys(Settings) if not key.startswith((*NOT_IN_THE_FILE, LIKE_SOURCE))}
    apart = {key for key in wanted if key.startswith(tuple(ELSEWHERE))}

    assert documented() - WHOLE == wanted - apart
    for section, page in ELSEWHERE.items():
        said = page.read_text(encoding="utf-8")
        names = {key.removeprefix(section) for key in apart if key.startswith(section)}
        assert names
        assert not {name for name in names if not re.search(rf"\b{name}\b", said)}


def test_every_variable_of_the_settings_stands_in_the_manual():
    said = OPERATIONS.read_text(encoding="utf-8")
    known = {
        *addresses_settings.VARIABLES,
        *addresses_settings.SECRETS,
        *observability_settings.VARIABLES,
    }

    assert not {name for name in known if f"`{name}`" not in said}


def commands(group: Typer, before: str = "contender") -> Iterator[str]:
    """Every command, as it is typed."""
    for command in group.registered_commands:
        assert command.callback is not None
        yield f"{before} {command.name or command.callback.__name__}"
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from commands(inner.typer_instance, f"{before} {inner.name}")


def test_every_command_stands_in_the_manual():
    said = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)

    assert not {command for command in commands(app) if not re.search(rf"{command}\b", said)}
