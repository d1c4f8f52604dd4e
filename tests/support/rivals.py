"""Two models' per-request answers on one invented test set, with known merits."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
import pandas as pd

from pipelines.contract import Guardrail
from pipelines.gate.case import Case, Ruling
from pipelines.gate.leakage import Leakage
from pipelines.gate.policy import Policy
from pipelines.gate.verdict import Blessing, Check, Contestant, Trigger
from pipelines.metrics import Metric
from pipelines.model_settings import PolicySettings

MACRO_F1 = Metric("macro_f1", "macro_f1", ("actual", "predicted"))
ACCURACY = Metric("accuracy", "mean", ("correct",))
BRIER = Metric("brier", "mean", ("brier",), "down")
MANUAL = Trigger("manual", "ana", "a new idea")
CLEAN = Leakage("clean", 0, 1_000)


@dataclass(frozen=True)
class FrozenRows:
    """As much of a test set as a record holds."""

    test_set_id: str = "stub-1"
    sha256: str = "abc"
    generation: int = 1
    source_key: str = "key"
    actual: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(index=range(1_000)))


def policy(
    *,
    primary: Metric = ACCURACY,
    guardrails: tuple[Guardrail, ...] = (),
    slices: tuple[str, ...] = (),
    **settings: object,
) -> Policy:
    """A policy that resamples little, so that a test takes little time."""
    document = {"resamples": 1_000} | settings
    return Policy(
        primary=primary,
        metrics=(primary, ACCURACY),
        guardrails=guardrails,
        slices=slices,
        latency_budget_ms=50.0,
        settings=PolicySettings.model_validate(document),
    )


def contestant(version: str, **changes: object) -> Contestant:
    """A version of our own that was blessed, trained with `params` on source `data-1`."""
    known: dict[str, object] = {
        "artifact_digest": f"digest-{version}",
        "params": {"trees": 100},
        "fingerprints": {"source": "data-1"},
        "blessing": Blessing(True, latency_ms=1.0, size_bytes=1_000, golden=3),
    }
    return Contestant(version, **(known | changes))  # type: ignore[arg-type]


def right_answers(
    rng: np.random.Generator, accuracies: tuple[float, ...], rows: int, correlation: float = 0.6
) -> np.ndarray:
    """Which requests each model answers right; errors correlate through the items' difficulty."""
    shared = rng.standard_normal(rows)
    own = rng.standard_normal((len(accuracies), rows))
    skill = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own
    limits = np.array([NormalDist().inv_cdf(1 - accuracy) for accuracy in accuracies])
    return skill > limits[:, None]


def answers(right: np.ndarray, actual: np.ndarray, *, confidence: float = 0.8) -> pd.DataFrame:
    """Per-request predictions of a model that is right where `right` says so."""
    classes = int(actual.max()) + 1
    predicted = np.where(right, actual, (actual + 1) % classes)
    rows = pd.DataFrame(
        {
            "group": [f"text {number}" for number in range(len(actual))],
            "stratum": [f"class {code}" for code in actual],
            "actual": [f"class {code}" for code in actual],
            "predicted": [f"class {code}" for code in predicted],
            "confidence": confidence,
            "correct": right.astype(float),
        }
    )
    rows["brier"] = (rows["confidence"] - rows["correct"]) ** 2
    rows.index.name = "request"
    return rows


def rivals(
    rng: np.random.Generator,
    champion: float,
    challenger: float,
    *,
    rows: int = 1_000,
    classes: int = 10,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The answers of two models with those accuracies."""
    actual = rng.integers(classes, size=rows)
    right = right_answers(rng, (champion, challenger), rows)
    return answers(right[0], actual), answers(right[1], actual)


def exactly(
    both: int, champion_only: int, challenger_only: int, neither: int = 0, classes: int = 5
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two models with exactly so many requests that both, one or none of them gets right."""
    counts = (both, champion_only, challenger_only, neither)
    champion = np.repeat([True, True, False, False], counts)
    challenger = np.repeat([True, False, True, False], counts)
    actual = np.arange(sum(counts)) % classes
    return answers(champion, actual), answers(challenger, actual)


def case(
    champion: pd.DataFrame | None, challenger: pd.DataFrame | None, /, **changes: object
) -> Case:
    """Version 2 with other parameters against champion 1, at the first look."""
    known: dict[str, object] = {
        "policy": policy(),
        "trigger": MANUAL,
        "look": 1,
        "champion": contestant("1"),
        "challenger": contestant("2", params={"trees": 300}),
        "champion_rows": champion,
        "challenger_rows": challenger,
        "leakage": CLEAN,
    }
    return Case(**(known | changes))  # type: ignore[arg-type]


def check(ruling: Ruling, name: str) -> Check:
    """The check of that name."""
    return next(line for line in ruling.checks if line.name == name)
