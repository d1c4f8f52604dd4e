"""What the demo shop's customers ask on a simulated day, and what they meant.

The wishes are new, drawn as the shop's own tables are; whom they come from stands in these tables.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from features.demo.listings import COUNTER, SUPPLIER, drawn_language, listing
from features.demo.orders import SAYS_NO_BRAND
from features.demo.stock import CODED_VARIANTS, Demand

SEED = 7
ASKED = 240
"""Questions of a wave to each model: more than an assessment needs."""
TOPS = (5, 10, 20)
HORIZONS = (7, 14, 21, 28)
WHO: Mapping[str, tuple[str, str]] = {
    "product_recommendations": ("product_recommendations.csv", "user_id"),
    "fashion_recommendations": ("fashion/reviews.csv", "customer_id"),
    "demand_forecast": ("demand_forecast.csv", "product_id"),
}


@dataclass(frozen=True)
class Visit:
    """One question to a model over HTTP, and the right answer where the customer knows it."""

    model: str
    path: str
    body: Mapping[str, object]
    truth: str | None = None

    @classmethod
    def generic(cls, model: str, instance: Mapping[str, object], truth: str | None = None) -> Visit:
        """Return a question in the interface that all models share."""
        return cls(model, f"/v1/models/{model}/predict", {"instances": [instance]}, truth)


class Crowd:
    """The customers of the shop that was generated into a folder with a seed."""

    def __init__(self, demand: Demand, folder: Path) -> None:
        self._demand = demand
        self._coded = demand.best_sellers(CODED_VARIANTS)
        self._folder = folder

    def wave(self, models: Sequence[str], rng: Random, *, shifted: bool = False) -> list[Visit]:
        """Return questions to these models, mixed; `shifted` as newcomers on a telephone write."""
        visits = [visit for model in models for visit in self._asked(model, rng, shifted)]
        rng.shuffle(visits)
        return visits

    def _asked(self, model: str, rng: Random, shifted: bool) -> Iterator[Visit]:
        if model == "product_codes":
            for variant in self._coded.bought(ASKED, rng):
                hand = SAYS_NO_BRAND if shifted else rng.choice((SUPPLIER, COUNTER))
                text = listing(variant, rng, hand, drawn_language(rng))
                yield Visit.generic(model, {"description": text}, variant.code)
        elif model == "product_categories":
            for variant in self._demand.bought(ASKED, rng):
                # The new clientele writes English, short and without a brand.
                text = (
                    listing(variant, rng, SAYS_NO_BRAND, "en") if shifted else listing(variant, rng)
                )
                yield Visit.generic(model, {"name": text}, variant.department)
        elif model in WHO:
            yield from self._of_somebody(model, rng)

    def _of_somebody(self, model: str, rng: Random) -> Iterator[Visit]:
        file, column = WHO[model]
        known = _distinct(self._folder / file, column)
        if model == "demand_forecast":
            asked = [(product, days) for product in known for days in HORIZONS]
            for product, days in rng.sample(asked, min(ASKED, len(asked))):
                # As planners ask: by the stored sales, of which a version alone knows less.
                body = {"productId": product, "forecast_horizon": days}
                yield Visit(model, "/api/v1/predict", body)
            return
        for somebody in rng.sample(known, min(ASKED, len(known))):
            yield Visit.generic(model, {column: somebody, "top": rng.choice(TOPS)})


def _distinct(file: Path, column: str) -> list[str]:
    with file.open(encoding="utf-8", newline="") as rows:
        return list(dict.fromkeys(row[column] for row in csv.DictReader(rows) if row[column]))
