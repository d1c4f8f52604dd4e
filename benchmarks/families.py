"""The two text families on real data: figures of the fixed split and their spread over others.

    .venv/bin/python benchmarks/families.py [--only codes,categories,divisions] [--salts 3]

Data sets are read from CONTENDER_DATA (default: ../shared/data beside the project). The line of
the family's own split comes first; each further salt is another split by the same rule, so the
last line's mean and standard deviation say how much of a figure is luck. Nothing is chosen by
these figures: settings were chosen by cross-validation inside training parts.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features import splits
from features.sources import Source
from features.splits import Split
from features.text import group_key
from pipelines import catalog
from pipelines.classification import LabelFamily

CHALLENGERS = ("linear_svm", "kernel_ridge")
ROOT = Path(__file__).resolve().parent.parent
FIGURES = ("accuracy", "macro_f1", "top_3_accuracy", "brier")


@dataclass(frozen=True)
class Task:
    family: str
    file: str
    columns: Mapping[str, str]


TRUPER = "truper_catalog/products.csv.gz"
TASKS = {
    "codes": Task("product_codes", TRUPER, {"code": "sat_code"}),
    "categories": Task("product_categories", "building_products_es/products.csv.gz", {}),
    "divisions": Task(
        "product_categories", TRUPER, {"name": "description", "category": "division"}
    ),
}


def main() -> None:
    arguments = _arguments()
    data = Path(os.environ.get("CONTENDER_DATA", ROOT.parent / "shared" / "data"))
    for name in arguments.only.split(","):
        task = TASKS[name]
        family = catalog.family(task.family)
        assert isinstance(family, LabelFamily)
        frame = family.load(Source(str(data / task.file), task.columns)).frame
        print(f"\n{name}: {noise(frame, family)}")
        report("default", family, frame, {}, arguments.salts)
        for algorithm in CHALLENGERS:
            report(algorithm, family, frame, {"algorithm": algorithm}, arguments.salts)


def noise(frame: pd.DataFrame, family: LabelFamily) -> str:
    """Say how many texts are copies, and how many carry labels that contradict each other."""
    groups = frame.groupby(frame[family.text].map(group_key))[family.target]
    labels = groups.nunique()
    return (
        f"{len(frame)} rows, {len(labels)} distinct texts, {frame[family.target].nunique()} labels "
        f"({(frame[family.target].value_counts() == 1).sum()} with one row), "
        f"{(labels > 1).sum()} texts under several labels"
    )


def report(
    title: str,
    family: LabelFamily,
    frame: pd.DataFrame,
    params: Mapping[str, object],
    salts: int,
) -> None:
    groups = frame[family.text].map(group_key)
    lines = [measured(title, family, family.split(frame), params)]
    for number in range(salts):
        split = splits.split_by_group(frame, groups, salt=f"benchmark-{number}")
        lines.append(measured(f"{title}, salt {number}", family, split, params))
    if salts:
        table = np.array(lines[1:])
        spread = table.std(axis=0, ddof=1) if salts > 1 else np.zeros(len(FIGURES))
        shown = zip(FIGURES, table.mean(axis=0), spread, strict=True)
        print(f"  {title}, other salts:", *(f"{n} {m:.3f} ± {s:.3f}" for n, m, s in shown))


def measured(
    title: str, family: LabelFamily, split: Split, params: Mapping[str, object]
) -> Sequence[float]:
    wall, cpu = time.perf_counter(), time.process_time()
    model = family.fit(
        split.train, split.validation, family.Params.model_validate(params), 1, lambda *_: None
    )
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    examples = family.examples(split.test)
    values = family.evaluate(model.predict(examples.requests), examples.actual).values
    shown = " ".join(f"{name} {values[name]:.4f}" for name in FIGURES)
    print(f"  {title}: {shown} on {len(examples.requests)} texts; {wall:.0f} s, CPU {cpu:.0f} s")
    return [values[name] for name in FIGURES]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(TASKS), help="tasks, separated by commas")
    parser.add_argument("--salts", type=int, default=3, help="further splits to measure")
    return parser.parse_args()


if __name__ == "__main__":
    main()
