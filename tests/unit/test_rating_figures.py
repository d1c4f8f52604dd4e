from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from pipelines.contract import Evaluation
from pipelines.families.product_recommendations.family import FAMILY

RATED = {"actual": [4.0, 5.0, 5.0], "predicted": [3.5, 4.8, float("nan")]}
HISTORY = [
    (0, "fitted_rows", 100.0),
    (0, "held_out_rmse_means", 0.95),
    (0, "held_out_rmse_model", 0.91),
    (1, "training_rmse", 1.1),
    (2, "training_rmse", 0.9),
]


@pytest.mark.parametrize("empty", [False, True])
def test_every_figure_is_drawn_with_or_without_anything_to_show(tmp_path: Path, empty) -> None:
    rows = pd.DataFrame({**RATED, "recall_at_10": [float("nan"), 0.2, 1.0]})
    history = pd.DataFrame(HISTORY, columns=["step", "metric", "value"])
    shown = rows.head(0) if empty else rows
    model = SimpleNamespace(history=history.head(0) if empty else history)
    drawings = FAMILY.figures(model, Evaluation(shown, {})).drawings
    epochs = set() if empty else {"learning.png"}
    assert set(drawings) == {"ratings.png", "lists.png", "held_out.png"} | epochs
    for name, draw in drawings.items():
        draw().savefig(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000
