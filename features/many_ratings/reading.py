"""Has Spark read a source of ratings, and takes the panel as a frame."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pyarrow.parquet as pq

from features.daily_sales.order_lines import Files, OrderLines, at_remote_address, in_files
from features.interactions import Scale
from features.many_ratings import rest
from features.rating_files import usually_called
from features.readers.delimited import DELIMITERS, opened
from features.schema import FrameSchema, SchemaError, Violation
from features.scratch import scratch_folder
from features.sources import DATABASES, PARQUET, Raw, Source, SourceError, local_path
from features.spark import launch

JOB = "features.many_ratings.job"
PANEL_ROWS = 1_000_000
FROM_BYTES = 2 * 1024**3
"""Files beyond this are given to Spark where nothing else is said."""
OURS = ("user", "item", "rating", "time")


def is_past_one_machine(source: Source) -> bool:
    """Return whether Spark is to read a source: because it says so, or by the size of its files."""
    if source.engine != "auto":
        return source.engine == "spark"
    if urlsplit(source.url).scheme not in {"", "file"}:
        return False
    path = local_path(source)
    files = path.rglob("*.parquet") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) >= FROM_BYTES


def read_many(
    source: Source,
    schema: FrameSchema,
    *,
    longest_id: int,
    panel_rows: int = PANEL_ROWS,
) -> Raw:
    """Read and clean ratings with Spark; the frame holds the panel and names the rest.

    `schema` has user, item, rating and time in this order. Of very many rows that are set aside the
    first are listed. Raises `SourceError` and `SchemaError`.
    """
    lines = _located(source, schema)
    ours = {theirs.name: name for theirs, name in zip(schema.columns, OURS, strict=True)}
    with scratch_folder("ratings") as scratch:
        folder = rest.new_folder()
        columns = {ours[column]: theirs for column, theirs in lines.columns.items()}
        task = {
            "place": asdict(lines.place) if isinstance(lines.place, Files) else {},
            "columns": columns,
            "longest_id": longest_id,
            "panel_rows": panel_rows,
            "scratch": str(scratch),
            "panel": str(scratch / "panel"),
            "rest": str(folder / rest.ROWS),
        }
        try:
            stated = launch.settings(scratch, memory_mib=launch.half_of_memory())
            answer = launch.run(JOB, task, stated, scratch)
        except launch.SparkFailed as error:
            raise SourceError(f"{source.where}: {error}") from error
        _refuse(answer, source, schema)
        frame = pq.read_table(scratch / "panel").to_pandas()
    digest = hashlib.sha256("/".join([str(answer["kept"]), *answer["digest"]]).encode()).hexdigest()
    scale = Scale(*answer["scale"])
    rest.hold(rest.Rest(digest, folder, scale, answer["rest_rows"]))
    return Raw(
        _panel(frame, schema, digest, with_times="time" in columns),
        digest,
        _set_aside(answer["listed"], schema),
        _counts(answer, len(frame)),
    )


def _located(source: Source, schema: FrameSchema) -> OrderLines:
    scheme = urlsplit(source.url).scheme.lower()
    if scheme in DATABASES or scheme in {"http", "https"} or source.query is not None:
        raise SourceError(
            f"{source.where}: with Spark ratings are read from Parquet and from delimited text"
        )
    if scheme not in {"", "file"}:
        return at_remote_address(source, schema)
    path = local_path(source)
    if not path.exists():
        raise SourceError(f"{source.where}: there is no such file ({path.resolve()})")
    found = usually_called(_names(path), [column.name for column in schema.columns])
    return in_files(path, replace(source, columns={**found, **source.columns}), schema)


def _names(path: Path) -> Sequence[str]:
    """Return the names of a source's columns, as far as they are needed to guess what they hold."""
    if path.is_dir() or {suffix.lower() for suffix in path.suffixes} & PARQUET:
        first = next(iter(sorted(path.rglob("*.parquet"))), path) if path.is_dir() else path
        return list(pq.read_schema(first).names) if first.is_file() else []
    with opened(path) as file:
        line = file.readline(2**20).decode("utf-8-sig", errors="replace").rstrip("\r\n")
    return max((next(csv.reader([line], delimiter=mark), []) for mark in DELIMITERS), key=len)


def _refuse(answer: Mapping[str, Any], source: Source, schema: FrameSchema) -> None:
    """Raise `SchemaError` where more than the allowed share of the rows is wrong in one way."""
    rating, time = schema.columns[2].name, schema.columns[3].name
    ways = {
        "are damaged": answer["damaged"],
        f"hold a {time} that is not a time": answer["not_times"],
        f"hold a {rating} that is out of range": answer["outside"],
    }
    rows = answer["rows"]
    listed = [Violation(None, None, f"{row[4]}: {row[:4]}") for row in answer["listed"]]
    if not answer["kept"]:
        said = f"none of {rows:,} rows can be used" if rows else "there are no rows"
        raise SchemaError(source.where, (Violation(None, None, said), *listed))
    for what, count in ways.items():
        if count > source.damaged_share * rows:
            allowed = f"more than the {source.damaged_share:.0%} allowed"
            said = f"{count:,} of {rows:,} rows {what}, {allowed}"
            raise SchemaError(source.where, (Violation(None, None, said), *listed))


def _panel(
    frame: pd.DataFrame, schema: FrameSchema, digest: str, *, with_times: bool
) -> pd.DataFrame:
    names = dict(zip(OURS, (column.name for column in schema.columns), strict=True))
    moments = pd.to_datetime(frame["time"], unit="s", utc=True).astype("datetime64[ns, UTC]")
    typed = frame.assign(rating=frame["rating"].astype(float), time=moments).rename(columns=names)
    kept = typed if with_times else typed.drop(columns=names["time"])
    index = pd.RangeIndex(1, len(kept) + 1, name="line")
    marked = kept.set_axis(index).assign(**{rest.COLUMN: digest})
    return marked.astype({rest.COLUMN: "category"})


def _set_aside(listed: Sequence[Sequence[object]], schema: FrameSchema) -> pd.DataFrame:
    names = [*(column.name for column in schema.columns), "reason"]
    frame = pd.DataFrame(listed, columns=names).astype("str")
    return frame.set_axis(pd.RangeIndex(1, len(frame) + 1, name="line"))


def _counts(answer: Mapping[str, Any], panel: int) -> dict[str, int]:
    return {
        "rows read": answer["rows"],
        "damaged": answer["damaged"] + answer["not_times"],
        "out of range": answer["outside"],
        "repeated": answer["repeated"],
        "kept": answer["kept"],
        "one-time users": answer["one_time_users"],
        "in the panel": panel,
        "in the rest": answer["rest_rows"],
    }
