"""What answers cost in the process itself: each kernel beside its library form, and how it grows.

    .venv/bin/python benchmarks/kernels.py [--only codes,forest,lists,forecasts] [--calls 300]

Microseconds are of single calls, one instance each, on one thread: a tenth of them take less, which
is what a busy machine changes least. `load` is the opening of the compiled form with its first
answer, `MB` what it adds to a fresh process' memory by those calls (proportional set size).
The library form answers the same requests, a call each, counted in the same way.
Texts are those of `benchmarks/serving/datasets.py`. The weights of the linear models that show how
cost grows are drawn, not fitted: a product costs what it costs. `same` compares all answers.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import orjson
import pandas as pd

from benchmarks.recommendations import generated_layout
from benchmarks.serving.datasets import texts
from pipelines import catalog
from pipelines.contract import FittedModel, Row
from pipelines.text_kernel.heads import LinearHead
from pipelines.text_kernel.runtime import Kernel
from pipelines.text_kernel.vectors import Terms
from pipelines.text_models.recipe import Recipe, vectoriser, vectors_of
from pipelines.versions import agreement
from pipelines.versions.answers import rows_of

HEADER = "| kernel | size | us | library us | ratio | load ms | MB | same |"
LIBRARY_CALLS = 20
SEED = 7

MEASURE = """
import sys, time
from importlib import import_module
from pathlib import Path
import numpy as np, orjson

def megabytes():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024

family, folder, calls = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
asked = orjson.loads(sys.stdin.buffer.read())
opened = import_module(f"pipelines.families.{family}.runtime").open_runtime
import onnxruntime
before, started = megabytes(), time.perf_counter()
runtime = opened(folder)
answers = [runtime.predict([asked[0]])[0]]
loaded = time.perf_counter() - started
times = []
for number in range(calls + 50):
    started = time.perf_counter()
    runtime.predict([asked[number % len(asked)]])
    times.append(time.perf_counter() - started)
found = {"us": np.percentile(times[50:], 10) * 1e6, "load": loaded * 1e3}
found["mb"] = megabytes() - before
found["answers"] = runtime.predict(asked)
sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_SERIALIZE_NUMPY))
"""


@dataclass(frozen=True)
class Case:
    """One compiled form in a folder, and requests to it; `plain` is the form it stands in for."""

    kernel: str
    size: str
    family: str
    folder: Path
    asked: Sequence[Row]
    plain: FittedModel | None = None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--calls", type=int, default=300)
    arguments = parser.parse_args()
    print(HEADER, "|" + " --- |" * (HEADER.count("|") - 1), sep="\n", flush=True)
    for name in arguments.only.split(","):
        with tempfile.TemporaryDirectory() as folder:
            for case in PARTS[name](Path(folder)):
                print(line(case, arguments.calls), flush=True)


def line(case: Case, calls: int) -> str:
    """Measure one case in a process of its own and say so as a row of the table."""
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, case.family, str(case.folder), str(calls)],
        input=orjson.dumps(list(case.asked)),
        capture_output=True,
        check=True,
    )
    found = orjson.loads(measured.stdout)
    library, ratio, same = "", "", ""
    if case.plain is not None:
        frame = pd.DataFrame(case.asked, dtype=object).rename_axis("request")
        microseconds = library_microseconds(case.plain, frame)
        plain = rows_of(case.plain.predict(frame), frame.index)
        family = catalog.family(case.family)
        compared = agreement.compare(plain, found["answers"], case.asked, family.tolerance)
        library, ratio = f"{microseconds:,.0f}", f"{microseconds / found['us']:,.0f}"
        same = f"{compared.requests} of {compared.requests}" if compared.accepted else "NO"
    cells = [case.kernel, case.size, f"{found['us']:,.0f}", library, ratio]
    return "| " + " | ".join([*cells, f"{found['load']:.0f}", f"{found['mb']:.0f}", same]) + " |"


def library_microseconds(model: FittedModel, frame: pd.DataFrame) -> float:
    """Return what single calls of the library form take; a tenth of them take less."""
    model.predict(frame.head(1))
    times = []
    for number in range(LIBRARY_CALLS):
        one = frame.iloc[[number % len(frame)]]
        started = time.perf_counter()
        model.predict(one)
        times.append(time.perf_counter() - started)
    return float(np.percentile(times, 10)) * 1e6


def made(folder: Path, name: str) -> Path:
    directory = folder / name
    directory.mkdir()
    return directory


def silent(_share: float, _message: str) -> None:
    """Report to nobody."""


# --- texts -----------------------------------------------------------------------------------


def codes(folder: Path) -> Iterator[Case]:
    """Words and word pairs of 20,000 texts, 300 codes; then codes from 10 to 10,000, drawn."""
    rows = list(texts(300, 20_000, SEED, 1.0))
    frame = pd.DataFrame({"description": [text for text, _ in rows], "code": [c for _, c in rows]})
    asked: list[Row] = [{"description": text} for text, _ in rows[:200]]
    family = catalog.family("product_codes")
    for label, chosen, rows_used in (
        ("SGD, words", {"character_run": 0, "opening_run": 0}, 20_000),
        ("SGD, default terms", {}, 5_000),
    ):
        params = family.Params.model_validate({"epochs": 1, "minimum_texts": 2} | chosen)
        used = frame[:rows_used]
        model = family.fit(used[:-500], used[-500:], params, SEED, silent)
        directory = made(folder, label)
        model.compile(directory)
        width = len(model.union.get_feature_names_out())  # type: ignore[attr-defined]
        size = f"300 codes, {width:,} terms"
        yield Case(label, size, "product_codes", directory, asked, model)
    terms = vectoriser(Recipe((Terms("words", 1, 2),), "tfidf", minimum_texts=2))
    vectors = vectors_of(terms.fit(frame["description"].tolist()))
    for count in (10, 100, 1_000, 10_000):
        directory = made(folder, f"{count}")
        vectors.save(directory)
        labels = tuple(f"{number}" for number in range(count))
        Kernel("linear", labels, 1.0, (1 / count,) * count).save(directory)
        drawn = np.random.default_rng(SEED).standard_normal((64, count), dtype=np.float32)
        weights = np.lib.format.open_memmap(
            directory / "weights.npy", "w+", np.float32, (vectors.width, count)
        )
        for start in range(0, vectors.width, 64):
            weights[start : start + 64] = drawn[: len(weights[start : start + 64])]
        np.save(directory / "intercept.npy", np.zeros(count))
        LinearHead.open(directory, 1.0)
        size = f"{count:,} codes, {vectors.width:,} terms"
        yield Case("linear, drawn weights", size, "product_codes", directory, asked)


def forest(folder: Path) -> Iterator[Case]:
    """A forest of 200 trees on 30 categories; its words alone, then the family's own terms."""
    rows = list(texts(300, 4_000, SEED + 1, 0.2))
    frame = pd.DataFrame(
        {"name": [t for t, _ in rows], "category": [f"C{c // 10}" for _, c in rows]}
    )
    asked: list[Row] = [{"name": text} for text, _ in rows[:200]]
    family = catalog.family("product_categories")
    for label, chosen in (
        ("forest, words", {"words": "tokens", "character_run": 0, "opening_run": 0}),
        ("forest, default terms", {}),
    ):
        params = family.Params.model_validate({"search": 1, "folds": 2} | chosen)
        model = family.fit(frame[:3_600], frame[3_600:], params, SEED, silent)
        directory = made(folder, label)
        model.compile(directory)
        nodes = sum(tree.tree_.node_count for tree in model.classifier.estimators_)  # type: ignore[attr-defined]
        yield Case(
            label, f"200 trees, {nodes:,} nodes", "product_categories", directory, asked, model
        )


# --- lists -----------------------------------------------------------------------------------


def lists(folder: Path) -> Iterator[Case]:
    """Ten items of catalogues of 1,000 to 500,000, for users who like 20; arrays are drawn."""
    for items, ranker in (
        *((count, "ease") for count in (1_000, 4_000, 8_000)),
        *((count, "als") for count in (4_000, 30_000, 100_000, 500_000)),
    ):
        layout = generated_layout(items, ranker, 20)
        directory = made(folder, f"{ranker}-{items}")
        layout.save(directory)
        asked: list[Row] = [{"user_id": layout.users.text(code), "top": 10} for code in range(200)]
        size = f"{items:,} items"
        yield Case(f"top 10, {ranker}", size, "product_recommendations", directory, asked)


# --- forecasts -------------------------------------------------------------------------------


def forecasts(folder: Path) -> Iterator[Case]:
    """Seven days ahead by two networks of 64 units: told 28 days, then by 504 stored ones."""
    family = catalog.family("demand_forecast")
    frame = sales()
    params = family.Params.model_validate({"steps": 5})
    model = family.fit(frame, frame.head(0), params, SEED, silent)
    directory = made(folder, "lstm")
    model.compile(directory)
    days = frame[frame["product_id"] == "p0"].tail(28)
    told = [
        {"date": day.date().isoformat(), "quantity": float(sold)}
        for day, sold in zip(days["date"], days["quantity"], strict=True)
    ]
    for label, history in (("28 days told", told), ("stored history", None)):
        asked: list[Row] = [
            {"product_id": f"p{number % 8}", "horizon": 7, "history": history}
            for number in range(40)
        ]
        size = f"7 days, {label}"
        yield Case("LSTM x 2", size, "demand_forecast", directory, asked, model)


def sales() -> pd.DataFrame:
    """Return two years of eight products with weeks in them."""
    rng = np.random.default_rng(SEED)
    first, days = date(2024, 1, 1), np.arange(728)
    frames = [
        pd.DataFrame(
            {
                "product_id": f"p{number}",
                "date": pd.to_datetime(
                    [first + timedelta(days=int(day)) for day in days], utc=True
                ),
                "quantity": rng.poisson(5 + 3 * np.sin(days * 2 * np.pi / 7 + number)).astype(
                    float
                ),
            }
        )
        for number in range(8)
    ]
    return pd.concat(frames, ignore_index=True)


PARTS: dict[str, Callable[[Path], Iterator[Case]]] = {
    "codes": codes,
    "forest": forest,
    "lists": lists,
    "forecasts": forecasts,
}

if __name__ == "__main__":
    main()
