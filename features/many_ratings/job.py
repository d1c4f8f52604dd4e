"""The process in which Spark reads and cleans ratings: a panel and the rest, as Parquet."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as f

from features.interactions import HALF, TOPS, RatingCounts, Scale, scale_by
from features.many_ratings.rest import PANEL_SALT
from features.rating_cleaning import MILLISECONDS_FROM
from features.spark import job
from features.spark.lines import READ_WHOLE, lines_of

FIXED = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "false", **READ_WHOLE}
IDS = ("user", "item")
COLUMNS = (*IDS, "rating", "time")
PLAIN_NUMBER = r"^[+-]?[0-9]+([.][0-9]+)?$"
PLAIN_DECIMAL = "decimal(38, 6)"
"""With more digits after the point Java writes a zero as 0E-7."""
LATEST_SECONDS = 9_223_372_036
COMPOSED_BELOW = "[^\\u0000-\\u02FF]"
"""Text of characters below U+0300 has only one form; anything else is brought to the composed."""
PLACES = 2.0**48
HEX_OF_PLACE = 12
DIGITS_OF_DIGEST = 15
LISTED_ROWS = 1_000
ROWS_A_FILE = 4_000_000


def main() -> None:
    """Read a task, do it, and write what came of it where the task says."""
    job.do("contender ratings", _read, FIXED)


def _read(session: SparkSession, task: Mapping[str, Any]) -> dict[str, object]:
    given = _given(lines_of(session, task["place"]), task["columns"])
    judged = _judged(_composed(given), task["longest_id"]).persist()
    counts = _counted(judged)
    scale = scale_by(_rating_counts(judged))
    on_scale = f.col("rating").between(scale.low, scale.high)
    sound = judged.where(f.col("fault").isNull() & on_scale)
    everything = Path(task["scratch"]) / "kept"
    _newest(sound).write.parquet(str(everything))
    kept = session.read.parquet(str(everything))
    return {
        **counts,
        "outside": judged.where(f.col("fault").isNull() & ~on_scale).count(),
        "scale": [scale.low, scale.high],
        "listed": _listed(judged, scale),
        **_handed_on(kept, task),
    }


def _given(lines: DataFrame, columns: Mapping[str, str]) -> DataFrame:
    """Return our columns as text, without blanks around it; empty text is missing."""
    names = {ours: columns.get(ours) for ours in COLUMNS}
    kinds = dict(lines.dtypes)
    texts = {
        ours: f.lit(None).cast("string") if theirs is None else _text(theirs, kinds.get(theirs))
        for ours, theirs in names.items()
    }
    return lines.select([column.alias(ours) for ours, column in texts.items()])


def _text(name: str, kind: str | None) -> Column:
    given = f.col(f"`{name}`")
    if kind == "double":  # as text it would be 1.7356896E9, and whole ones would end in .0
        given = f.regexp_replace(given.cast(PLAIN_DECIMAL).cast("string"), r"[.]?0+$", "")
    trimmed = f.regexp_replace(given.cast("string"), r"^\s+|\s+$", "")
    return f.when(trimmed != "", trimmed)


def _composed(rows: DataFrame) -> DataFrame:
    """Bring identifiers to Unicode's composed form, in Python, where they could have another."""
    odd = f.coalesce(f.col("user").rlike(COMPOSED_BELOW), f.lit(False)) | f.coalesce(
        f.col("item").rlike(COMPOSED_BELOW), f.lit(False)
    )
    if rows.where(odd).isEmpty():
        return rows
    return rows.where(~odd).union(rows.where(odd).mapInArrow(_nfc, rows.schema))


def _nfc(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        columns = [
            pa.array(map(_normal, column.to_pylist()), column.type) if name in IDS else column
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _normal(text: str | None) -> str | None:
    return None if text is None else unicodedata.normalize("NFC", text)


def _judged(rows: DataFrame, longest_id: int) -> DataFrame:
    """Give rating and time their types, and say of a row what is wrong with it, if anything is."""
    number = f.when(f.col("rating").rlike(PLAIN_NUMBER), f.col("rating").cast("double"))
    fault: Column = f.when(f.lit(False), f.lit(""))
    for name in IDS:
        too_long = f.length(name) > longest_id
        fault = fault.when(f.col(name).isNull(), f.lit(f"{name} is empty"))
        fault = fault.when(too_long, f.lit(f"{name} has more than {longest_id} characters"))
    fault = fault.when(number.isNull(), f.lit("rating is not a plain number"))
    fault = fault.when(f.col("time").isNotNull() & _moment().isNull(), f.lit("time is not a time"))
    said = [f.col(name).alias(f"said_{name}") for name in COLUMNS]
    typed = [number.cast("float").alias("rating"), _moment().alias("time")]
    return rows.select("user", "item", *typed, fault.alias("fault"), *said)


def _moment() -> Column:
    """Return seconds since 1970: of Unix seconds, milliseconds, or ISO 8601; null for the rest."""
    text = f.col("time")
    number = f.when(text.rlike(PLAIN_NUMBER), text.cast("double"))
    seconds = f.when(f.abs(number) < MILLISECONDS_FROM, number).otherwise(number / 1000)
    whole = f.when(f.abs(seconds) < LATEST_SECONDS, f.floor(seconds))
    return f.when(number.isNotNull(), whole).otherwise(f.unix_seconds(text.cast("timestamp")))


def _counted(judged: DataFrame) -> dict[str, int]:
    found = judged.groupBy("fault").count().collect()
    by_fault = {row["fault"]: int(row["count"]) for row in found}
    sound = by_fault.pop(None, 0)
    not_times = by_fault.pop("time is not a time", 0)
    damaged = sum(by_fault.values())
    return {"rows": sound + not_times + damaged, "damaged": damaged, "not_times": not_times}


def _rating_counts(judged: DataFrame) -> RatingCounts:
    rating = f.col("rating")

    def number(condition: Column) -> Column:
        return f.count_if(condition & rating.isNotNull())

    row = judged.agg(
        f.count("rating"),
        *(number(rating > top) for top in TOPS),
        f.coalesce(f.max("rating"), f.lit(TOPS[0])),
        number((rating >= 0) & (rating < HALF)),
        number((rating >= HALF) & (rating < 1)),
        number(rating == HALF),
        number(rating % 1 == HALF),
    ).collect()[0]
    rows, *above = (int(number) for number in row[: 1 + len(TOPS)])
    highest, *halves = row[1 + len(TOPS) :]
    return RatingCounts(rows, tuple(above), float(highest), *(int(number) for number in halves))


def _newest(sound: DataFrame) -> DataFrame:
    """Keep of a pair that is rated again the newest row, the highest of those; place its user."""
    newest = f.max(f.struct("time", "rating")).alias("newest")
    kept = sound.groupBy("user", "item").agg(newest, f.count("*").alias("times"))
    return kept.select(
        *("user", "item", "newest.rating", "newest.time", "times"),
        _place(f.col("user")).alias("place"),
    )


def _place(user: Column) -> Column:
    """Return what `features.splits.place` returns for a user, with a salt of the panel's own."""
    digest = f.sha2(f.concat(f.lit(f"{PANEL_SALT}\0"), user), 256)
    return f.conv(f.substring(digest, 1, HEX_OF_PLACE), 16, 10).cast("double") / PLACES


def _handed_on(kept: DataFrame, task: Mapping[str, Any]) -> dict[str, object]:
    rows, repeated, *sums = kept.agg(f.count("*"), f.sum(f.col("times") - 1), *_digest()).collect()[
        0
    ]
    share = 1.0
    while rows * share > task["panel_rows"]:
        share /= 2  # in halves, so that a little more data does not change who is in it
    in_panel = f.col("place") < share
    panel_rows, once = kept.where(in_panel).count(), kept.groupBy("user").count().where("count = 1")
    _write(kept.where(in_panel), task["panel"], panel_rows)
    _write(kept.where(~in_panel), task["rest"], rows - panel_rows)
    return {
        "kept": rows,
        "rest_rows": rows - panel_rows,
        "repeated": repeated or 0,
        "one_time_users": once.count(),
        "digest": [str(number) for number in sums],
    }


def _digest() -> list[Column]:
    """Return sums over a hash of every row: the same in whatever order the rows are."""
    written = [f.col(name).cast("string") for name in COLUMNS]
    digest = f.sha2(f.concat_ws("\0", *(f.coalesce(text, f.lit("\1")) for text in written)), 256)
    starts = (1, 1 + DIGITS_OF_DIGEST, 1 + 2 * DIGITS_OF_DIGEST)
    parts = (f.substring(digest, start, DIGITS_OF_DIGEST) for start in starts)
    return [f.sum(f.conv(part, 16, 10).cast("decimal(20, 0)")) for part in parts]


def _write(rows: DataFrame, path: str, count: int) -> None:
    """Write rows in the order of user and item, over as many files as are read one by one."""
    files = max(1, count // ROWS_A_FILE)
    ordered = rows.select(*COLUMNS).repartitionByRange(files, "user", "item")
    ordered.sortWithinPartitions("user", "item").write.parquet(path)


def _listed(judged: DataFrame, scale: Scale) -> list[list[object]]:
    """Return the first of the rows that are set aside: what they say, and why."""
    off = f.lit(f"rating is out of range {scale.low:g} to {scale.high:g}")
    reason = f.coalesce(
        "fault", f.when(~f.col("rating").between(scale.low, scale.high), off)
    ).alias("reason")
    said = [f.col(f"said_{name}") for name in COLUMNS]
    rows = judged.select(*said, reason).where("reason is not null").limit(LISTED_ROWS)
    return [list(row) for row in rows.collect()]


if __name__ == "__main__":
    main()
