"""The gate prefers boosting to the network where it is better beyond noise, on real data.

Items of one store over two years (`store_item_demand`), the last 28 days held out. Both algorithms
are fitted with the family's own defaults and asked the questions of the frozen test set.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from rivals import case, check, contestant

from pipelines.families.demand_forecast.family import FAMILY
from pipelines.families.demand_forecast.params import Algorithm, Params
from pipelines.gate.policy import policy_of
from pipelines.gate.promotion import decide
from pipelines.model_settings import PolicySettings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

STORES = 1
FIRST = "2016-01-01"
SEED = 7


def silent(_share: float, _message: str) -> None:
    """Report to nobody."""


@pytest.fixture(scope="module")
def sales(real_data: Path) -> pd.DataFrame:
    rows = pd.read_csv(real_data / "store_item_demand" / "train.csv.gz")
    rows = rows[(rows["store"] <= STORES) & (rows["date"] >= FIRST)].reset_index(drop=True)
    return pd.DataFrame(
        {
            "product_id": rows["store"].astype(str) + "-" + rows["item"].astype(str),
            "date": pd.to_datetime(rows["date"], utc=True),
            "quantity": rows["sales"].astype("float64"),
            "promotion": 0.0,
            "price": float("nan"),
            "category": rows["store"].astype(str),
            "open": True,
        }
    )


@pytest.fixture(scope="module")
def measured(sales: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Each algorithm's row for each product of the test set, and the trivial baseline's."""
    split = FAMILY.split(sales)
    examples = FAMILY.examples(split.test, FAMILY.context(split))
    found = {
        "floor": FAMILY.evaluate(FAMILY.floor(split.train, examples.requests), examples.actual)
    }
    for algorithm in (Algorithm.LSTM, Algorithm.BOOSTING):
        fitted = FAMILY.fit(
            split.train, split.validation, Params(algorithm=algorithm), SEED, silent
        )
        answers = fitted.predict(examples.requests)
        found[algorithm.value] = FAMILY.evaluate(answers, examples.actual)
    return {name: evaluation.per_request for name, evaluation in found.items()}


def ruling_on(measured: dict[str, pd.DataFrame], champion: str, challenger: str):
    return decide(
        case(
            measured[champion],
            measured[challenger],
            policy=policy_of(FAMILY, PolicySettings()),
            champion=contestant("1", params={"algorithm": champion}),
            challenger=contestant("2", params={"algorithm": challenger}),
            floor_rows=measured["floor"],
        )
    )


def test_boosting_that_beats_the_network_beyond_noise_is_promoted(measured):
    ruling = ruling_on(measured, champion="lstm", challenger="boosting")
    assert ruling.verdict == "promoted", ruling.reasons
    assert ruling.rule == "superiority"
    assert check(ruling, "superiority").passed
    assert check(ruling, "floor").passed
    assert check(ruling, "guardrail:scaled_pinball").passed


def test_the_network_does_not_come_back_against_it(measured):
    ruling = ruling_on(measured, champion="boosting", challenger="lstm")
    assert ruling.verdict in {"rejected", "undecided"}


def test_both_beat_the_last_week_repeated(measured):
    values = {name: FAMILY.primary.value(rows) for name, rows in measured.items()}
    assert max(values["lstm"], values["boosting"]) < 0.75 * values["floor"]
