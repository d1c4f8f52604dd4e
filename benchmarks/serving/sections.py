"""What a part of the run found: kept as JSON, printed as Markdown, written into the page."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.serving.machine import load_average, processor

PAGE = Path("docs") / "performance.md"
END = "<!-- end -->"
LIBRARIES = ("fastapi", "starlette", "uvicorn", "uvloop", "numpy", "scikit-learn", "mlflow")


def conditions() -> str:
    """Return when this is, on what machine, and how busy that is."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"Measured {now}; {processor()}; {load_average()}; at nice {os.nice(0)}."


@dataclass(frozen=True)
class Bar:
    """One bar of the picture."""

    group: str
    label: str
    value: float
    ours: bool = False


@dataclass(frozen=True)
class Section:
    """One table with what has to be said about it."""

    name: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    bars: Sequence[Bar] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    """What the goals are held against."""
    conditions: str = field(default_factory=conditions)

    def markdown(self) -> str:
        """Return the table, its notes, and when and where it was measured."""
        lines = [self.headings, ["---"] * len(self.headings), *self.rows]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return "\n\n".join([table, *self.notes, f"*{self.conditions}*"])

    def keep(self, folder: Path) -> None:
        """Write it to the folder of results."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        (folder / f"{self.name}.json").write_text(text, encoding="utf-8")


def kept(folder: Path) -> dict[str, Section]:
    """Return every section in a folder of results, by name."""
    found = {}
    for file in sorted(folder.glob("*.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        document["bars"] = [Bar(**bar) for bar in document["bars"]]
        found[file.stem] = Section(**document)
    return found


def libraries() -> str:
    """Return the versions that matter."""
    named = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"Python {platform.python_version()}, {named}"


def fill(page: Path, sections: dict[str, Section]) -> list[str]:
    """Put the sections between their marks in a page; return the names that have no place in it.

    A mark is `<!-- run: NAME -->`, and what follows it up to `<!-- end -->` is replaced.
    """
    text = page.read_text(encoding="utf-8")
    missing = []
    for name, section in sections.items():
        mark = f"<!-- run: {name} -->"
        before, found, rest = text.partition(mark)
        if not found or END not in rest:
            missing.append(name)
            continue
        after = rest[rest.index(END) :]
        text = f"{before}{mark}\n\n{section.markdown()}\n\n{after}"
    page.write_text(text, encoding="utf-8")
    return missing
