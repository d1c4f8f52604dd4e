"""A family on trial: everything the conformance suite asks about, made once and only when asked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import get_args, get_origin

import pandas as pd

from features.sources import Raw, Source
from features.splits import Split
from pipelines import catalog, training
from pipelines.arena.arena import silent
from pipelines.contract import Evaluation, Examples, FittedModel, Row, Runtime
from pipelines.settings import Settings
from pipelines.store import open_store
from pipelines.test_sets.frozen import TestSets, source_key
from pipelines.versions.answers import frame_of, instances_of
from pipelines.versions.artifact import Package, open_runtime

ROWS = 1000
"""Enough for 300 test rows, few enough for a suite that fits every family twice."""
ENTITY_ROWS, ENTITIES = 4000, 12
"""Where rows belong together, whole entities are taken: so many rows, and so many entities."""
SEED = 3

ANSWER_IN_A_FRESH_PROCESS = """
import json, sys
from pathlib import Path
import pandas as pd
from pipelines import catalog
from pipelines.versions.answers import rows_of
requests = pd.DataFrame(json.loads(sys.stdin.read()))
requests.index.name = "request"
answers = catalog.family(sys.argv[1]).restore(Path(sys.argv[2])).predict(requests)
print(json.dumps(rows_of(answers, requests.index)))
"""

SERVE_IN_A_FRESH_PROCESS = """
import json, sys
from pathlib import Path
from pipelines.versions.artifact import open_package, open_runtime
runtime = open_runtime(open_package(Path(sys.argv[1])))
answers = runtime.predict(json.loads(sys.stdin.read()))
runtime.close()
print(json.dumps({"answers": answers, "modules": sorted(sys.modules)}))
"""


class Examinee:
    """One family with its demo rows, its split, a fitted model, its package and its runtime."""

    def __init__(self, name: str, settings: Settings, folder: Path) -> None:
        self.family = catalog.family(name)
        self.settings = settings
        self.folder = folder / name
        self.folder.mkdir()
        self._runtimes: list[Runtime] = []

    @property
    def source(self) -> Source:
        return self.settings.source(self.family.name)

    @cached_property
    def raw(self) -> Raw:
        return self.family.load(self.source)

    @cached_property
    def frame(self) -> pd.DataFrame:
        rows, entity = self.raw.frame, self.family.entity
        if entity is None:
            return rows.sample(n=min(ROWS, len(rows)), random_state=SEED)
        sizes = rows[entity].value_counts(sort=False).sample(frac=1, random_state=SEED)
        enough = max(int((sizes.cumsum() < ENTITY_ROWS).sum()) + 1, ENTITIES)
        return rows[rows[entity].isin(sizes.index[:enough])]

    @cached_property
    def split(self) -> Split:
        return self.family.split(self.frame)

    @cached_property
    def prepared(self) -> training.Prepared:
        store = open_store(f"sqlite:///{self.folder / 'store.db'}")
        frozen = TestSets(store, self.folder / "test_sets").open_or_freeze(
            self.family, source_key(self.source), self.split
        )
        store.close()
        return training.prepare(self.family, self.source, self.raw, self.split, frozen)

    @cached_property
    def test(self) -> Examples:
        frozen = self.prepared.test_set
        return Examples(frozen.requests, frozen.actual)

    @cached_property
    def candidate(self) -> training.Candidate:
        return training.train_candidate(
            self.prepared,
            self.family,
            self.family.Params(),
            seed=SEED,
            directory=self.folder / "candidate",
            progress=silent,
        )

    @property
    def model(self) -> FittedModel:
        return self.candidate.fitted

    @property
    def package(self) -> Package:
        return self.candidate.package

    @cached_property
    def runtime(self) -> Runtime:
        opened = open_runtime(self.package)
        self._runtimes.append(opened)
        return opened

    @cached_property
    def instances(self) -> list[Row]:
        return instances_of(self.test.requests)

    @cached_property
    def answers(self) -> list[list[Row]]:
        return self.runtime.predict(self.instances)

    def fit_again(self, train: pd.DataFrame, validation: pd.DataFrame) -> FittedModel:
        return self.family.fit(train, validation, self.family.Params(), SEED, silent)

    def perfect(self) -> Evaluation:
        """The evaluation of answers that are all true, and sure of it."""
        told = [name for name in self.test.actual if name in self.family.Response.model_fields]
        truths = self.test.actual[told].to_dict(orient="records")
        rows = [[self._perfect_row(truth)] for truth in truths]
        frame = frame_of(rows, self.test.actual.index, self.family)
        return self.family.evaluate(frame, self.test.actual)

    def floor(self) -> Evaluation:
        predictions = self.family.floor(self.prepared.train, self.test.requests)
        return self.family.evaluate(predictions, self.test.actual)

    def restored_elsewhere(self) -> list[list[Row]]:
        arguments = [self.family.name, str(self.package.directory / "plain")]
        found: list[list[Row]] = _fresh(ANSWER_IN_A_FRESH_PROCESS, arguments, self.instances)
        return found

    def served_elsewhere(self) -> dict[str, list]:
        found: dict[str, list] = _fresh(
            SERVE_IN_A_FRESH_PROCESS, [str(self.package.directory)], self.instances
        )
        return found

    def odd_instances(self) -> list[Row]:
        """Requests nobody foresaw: each text field emptied, blanked or filled with nonsense."""
        normal = self.instances[0]
        texts = [name for name, value in normal.items() if isinstance(value, str)]
        oddities = ("", "   ", "\t\n", "\0", "zzzqqq", "😀" * 50, "a" * 30_000, None, 7)
        return [normal | {name: odd} for name in texts for odd in oddities] + [{}]

    def damaged(self, damage: Callable[[pd.DataFrame], pd.DataFrame]) -> Source:
        """A source that holds the family's rows after something happened to them."""
        path = self.folder / "damaged.csv"
        damage(self.frame.copy().astype(object)).to_csv(path, index=False)
        return Source(str(path))

    def close(self) -> None:
        for runtime in self._runtimes:
            runtime.close()

    def _perfect_row(self, truth: Row) -> Row:
        sure = {
            name: 1.0
            for name, field in self.family.Response.model_fields.items()
            if float in (field.annotation, *get_args(field.annotation))
        }
        best = {
            name: [{**sure, **truth}]
            for name, field in self.family.Response.model_fields.items()
            if get_origin(field.annotation) is list
        }
        return {**sure, **best, **truth}


def _fresh(code: str, arguments: list[str], instances: list[Row]):
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        input=json.dumps(instances),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
