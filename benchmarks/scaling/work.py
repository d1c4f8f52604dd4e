"""What is measured, in a process of its own: `… work KIND ENGINE FILE ANSWER`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from features.daily_sales.order_lines import located
from features.daily_sales.reading import engine_for
from features.interactions import Interactions, Scale
from features.sources import Limits, Source, SourceError
from pipelines.families.product_recommendations.family import FAMILY
from pipelines.families.product_recommendations.rankers.als import fit_als
from pipelines.families.product_recommendations.rankers.spark_als import fit_spark_als

FACTORS, SWEEPS, SEED = 32, 5, 7
Answer = dict[str, object]


def days_by_pandas(file: Path) -> Answer:
    """Add lines up as one would with pandas: sums, and every day from a product's first sale on."""
    lines = pd.read_parquet(file)
    days = lines["ordered_at"].dt.floor("D")
    sums = lines.groupby(["product_id", days])["quantity"].sum().clip(lower=0)
    table = sums.unstack("product_id").reindex(pd.date_range(days.min(), days.max()))
    begun = table.gt(0).cummax()
    filled = table.fillna(0.0).where(begun).stack().dropna()
    with TemporaryDirectory() as folder:
        filled.rename("quantity").reset_index().to_parquet(Path(folder) / "days.parquet")
    return {"rows": len(filled), "sum": float(filled.sum())}


def days_by_engine(engine: str, file: Path) -> Answer:
    """Add lines up as `demand_forecast` reads its source: with everything checked."""
    columns = {"ordered_at": "ordered_at"}
    source = Source(str(file), columns, engine=engine)  # type: ignore[arg-type]
    with located(source, Limits()) as lines, TemporaryDirectory() as folder:
        days, scratch = Path(folder) / "days.parquet", Path(folder) / "scratch"
        scratch.mkdir()
        engine_for(source, lines).add_up(lines, days, scratch)
        quantity = pq.read_table(days, columns=["quantity"])["quantity"].to_numpy()
    return {"rows": len(quantity), "sum": float(quantity.sum())}


def lists(engine: str, file: Path) -> Answer:
    """Fit the lists' implicit ALS on all likes."""
    liked = _likes(file)
    if engine == "spark":
        found = fit_spark_als(liked, FACTORS, SWEEPS, SEED, "local[*]")
    else:
        found = fit_als(liked, FACTORS, SWEEPS, SEED, lambda _: None)
    return {"rows": len(liked), "norm": float(np.linalg.norm(found["factors"]))}


def _likes(file: Path) -> Interactions:
    table = pq.read_table(file)
    user, item = (table[name].to_numpy().astype(np.int32) for name in ("user", "item"))
    order = np.lexsort((item, user))
    user, item = user[order], item[order]
    again = np.zeros(len(user), dtype=bool)
    again[1:] = (user[1:] == user[:-1]) & (item[1:] == item[:-1])
    user, item = user[~again], item[~again]
    ones = np.ones(len(user), dtype=np.float32)
    never = np.zeros(len(user), dtype=np.int64)
    names = range(int(user.max()) + 1), range(int(item.max()) + 1)
    return Interactions(*names, user, item, ones, never, Scale(0.0, 1.0))  # type: ignore[arg-type]


def ratings(engine: str, file: Path) -> Answer:
    """Read a source, split it, fit means and lists, and write what would be served."""
    source = Source(str(file), engine="spark" if engine == "spark" else "duckdb")
    try:
        raw = FAMILY.load(source)
    except SourceError as error:
        return {"refused": str(error).partition(": ")[2]}
    parts = FAMILY.split(raw.frame)
    params = FAMILY.Params.model_validate({"ratings": "means", "lists": "als"})
    model = FAMILY.fit(parts.train, parts.validation, params, SEED, lambda *_: None)
    with TemporaryDirectory() as folder:
        model.compile(Path(folder))
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
    return {"rows": raw.counts["kept"], "served MB": round(size / 1e6)}


WORKS: dict[str, Callable[[str, Path], Answer]] = {
    "days": lambda engine, file: (
        days_by_pandas(file) if engine == "pandas" else days_by_engine(engine, file)
    ),
    "lists": lists,
    "ratings": ratings,
}


def main(kind: str, engine: str, file: str, answer: str) -> None:
    """Do it, and write what came of it and how long it took."""
    started = time.perf_counter()
    found = WORKS[kind](engine, Path(file))
    seconds = time.perf_counter() - started
    Path(answer).write_text(json.dumps({**found, "seconds": seconds}), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
