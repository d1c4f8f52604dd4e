"""Champions of made-up sizes: a real package whose arrays are replaced by larger or smaller ones.

Random weights cost what learnt ones do. The contract is the real champion's, sealed anew, and
becomes champion by a decision as any other does.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.serving.plain import champion_package
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.families.product_recommendations.ids import Ids
from pipelines.families.product_recommendations.layout import (
    Layout,
    ListArrays,
    RatingArrays,
    Seen,
)
from pipelines.families.product_recommendations.list_params import ListParams
from pipelines.families.product_recommendations.rankers.als import CONFIDENCE, RIDGE
from pipelines.settings import Settings
from pipelines.store import open_store
from pipelines.text_kernel.heads import LinearHead
from pipelines.text_kernel.runtime import Kernel
from pipelines.versions.artifact import open_package, write_contract

SEED = 11
USERS, SEEN_EACH = 5_000, 40


def enthrone(settings: Settings, model: str, like: str, change: Callable[[Path], None]) -> None:
    """Make a changed copy of `like`'s champion the champion of `model`, in a copied home."""
    real = champion_package(settings, like)
    folder = settings.var / "cache" / model
    draft = folder / "draft"
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(real, draft)
    change(draft / "compiled")
    contract = open_package(real).contract.model_copy(update={"family": model})
    sealed = write_contract(draft, contract)
    shutil.rmtree(folder / sealed.digest, ignore_errors=True)
    draft.rename(folder / sealed.digest)
    store = open_store(settings.store_url)
    try:
        log = DecisionLog(store, settings.var / "predictions")
        version = f"made-up {sealed.digest[:8]}"
        log.append(NewDecision("admitted", model, version=version, artifact_digest=sealed.digest))
        log.append(
            NewDecision(
                "verdict",
                model,
                version=version,
                verdict="promoted",
                artifact_digest=sealed.digest,
                becomes_champion=True,
            )
        )
    finally:
        store.close()


def codes(count: int) -> Callable[[Path], None]:
    """Return the change to a linear text model of `count` labels over the same terms."""

    def change(compiled: Path) -> None:
        rng = np.random.default_rng(SEED)
        kernel = Kernel.open(compiled)
        terms = LinearHead.open(compiled, kernel.temperature).weights.shape[0]
        labels = tuple(f"{number:08d}" for number in range(count))
        Kernel(kernel.head, labels, kernel.temperature, (1.0 / count,) * count).save(compiled)
        weights = rng.standard_normal((terms, count), dtype=np.float32)
        intercept = rng.standard_normal(count)
        for file in compiled.glob("*.npy"):
            if not file.name.startswith("idf-"):
                file.unlink()
        LinearHead(weights, intercept, kernel.temperature).save(compiled)

    return change


def items(count: int) -> Callable[[Path], None]:
    """Return the change to a recommender of `count` items; lists by what `auto` would choose."""

    def change(compiled: Path) -> None:
        real = Layout.open(compiled)
        rng = np.random.default_rng(SEED)
        factors = max(real.ratings.user_factors.shape[1], 1)
        ids = Ids.of(sorted(f"i{number}" for number in range(count)))
        picked = rng.integers(count, size=(USERS, SEEN_EACH))
        seen = np.sort(picked, axis=1).astype(np.int32).reshape(-1)
        layout = Layout(
            users=Ids.of(sorted(f"u{number}" for number in range(USERS))),
            items=ids,
            seen=Seen(
                np.arange(USERS + 1, dtype=np.int64) * SEEN_EACH,
                seen,
                rng.integers(3, 6, size=len(seen)).astype(np.float32),
            ),
            popularity=rng.random(count, dtype=np.float32),
            ratings=RatingArrays(
                by=real.ratings.by,
                mean=3.6,
                low=1.0,
                high=5.0,
                damping=real.ratings.damping,
                ridge=real.ratings.ridge,
                user_bias=rng.normal(0, 0.2, USERS),
                item_bias=rng.normal(0, 0.2, count),
                user_factors=rng.normal(0, 0.1, (USERS, factors)),
                item_factors=rng.normal(0, 0.1, (count, factors)),
            ),
            lists=_lists(count, rng, real.lists.settings),
        )
        for file in compiled.iterdir():
            file.unlink()
        layout.save(compiled)

    return change


def _lists(count: int, rng: np.random.Generator, settings: object) -> ListArrays:
    params = ListParams()
    shared = dict(settings) if isinstance(settings, dict) else {}
    if count <= params.ease_limit:
        neighbours = min(params.neighbours, count)
        found = np.argpartition(rng.random((count, count)), neighbours - 1, axis=1)[:, :neighbours]
        return ListArrays(
            "ease",
            shared,
            {
                "neighbours": np.sort(found, axis=1).astype(np.int32),
                "weights": rng.normal(0, 0.02, (count, neighbours)).astype(np.float32),
            },
        )
    factors = rng.normal(0, 0.1, (count, params.list_factors)).astype(np.float32)
    exact = factors.astype(np.float64)
    shared |= {"ridge": RIDGE, "confidence": CONFIDENCE}
    return ListArrays("als", shared, {"factors": factors, "gram": exact.T @ exact})
