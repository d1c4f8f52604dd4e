"""The customers of a model's source, kept when it is read, so that a judgement can ask about them.

One file of JSON lines a model, replaced as a whole, those with the most rows first.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from pipelines.orders import stored_sales

if TYPE_CHECKING:
    from features.splits import Split
    from pipelines.contract import ModelFamily

KEPT = 100_000
"""A judgement asks about fewer; of more, how many there are is not known."""


def remember(var: Path, family: ModelFamily, split: Split) -> None:
    """Keep whose rows a split has; nothing of a family whose products have stored sales."""
    if family.entity is None or family.name == stored_sales.MODEL:
        return
    import pandas as pd  # a server that only reads the names can do without

    parts = (split.train, split.validation, split.test, split.sealed)
    names = pd.concat([part[family.entity] for part in parts]).dropna().astype(str)
    counted = names.value_counts().rename_axis("name").reset_index(name="rows")
    ordered = counted.sort_values(["rows", "name"], ascending=[False, True])
    _write(_file(var, family.name), ordered["name"].head(KEPT).tolist())


def remembered(var: Path, model: str) -> tuple[str, ...]:
    """Return what was kept of a model, those with the most rows first; nothing without a file."""
    try:
        return tuple(map(orjson.loads, _file(var, model).read_bytes().splitlines()))
    except FileNotFoundError:
        return ()


def _write(file: Path, names: list[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".part", delete=False) as stream:
        stream.write(b"".join(orjson.dumps(name) + b"\n" for name in names))
        stream.flush()
        os.fsync(stream.fileno())
    Path(stream.name).replace(file)


def _file(var: Path, model: str) -> Path:
    return var / "catalogue" / f"{model}.entities.jsonl"
