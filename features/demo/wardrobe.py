"""The fashion shop's items: models in several dyes, with what can be seen and what is only felt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from features.demo.garments import GARMENTS, Garment
from features.demo.looks import COLOURS, PATTERNS, STYLES, Look

FEELS = ("roomy", "soft", "warm")
"""What nobody sees in a picture and customers write about; each from -1 (tight, stiff, airy)
to 1."""
NAMES = (
    "Alondra Azahar Bruma Brisa Cayena Cardón Dalia Duna Encino Estela Fresno Gardenia Ginebra "
    "Horizonte Iris Jade Jazmín Kenia Lago Laurel Lince Magnolia Malva Mirto Nácar Niebla Olivo "
    "Ópalo Palma Perla Quetzal Roble Rocío Sauce Sierra Talavera Tuna Umbral Valle Violeta Yuca "
    "Zafiro"
).split()
BRANDS = ("Casa Lumbre", "Nortea", "Mar & Sal", "Telar", "Ocho Calles", "Paloma Roja")
MODELS = 250
DYES_PER_MODEL = ((1, 0.35), (2, 0.40), (3, 0.25))
LAST_DAY = 700
"""Days from the shop's opening to the last review."""


@dataclass(frozen=True)
class Item:
    """One item: a model in one dye."""

    item_id: str
    model: int
    title: str
    look: Look
    feels: tuple[float, ...]
    """How roomy, soft and warm it is: the same for all dyes of a model."""
    quality: float
    """Whether people in general like it better or worse than others, in stars."""
    demand: float
    first_day: int


def items(rng: Random) -> list[Item]:
    """Return the shop's items; the dyes of one model stand together."""
    made: list[Item] = []
    for model in range(MODELS):
        garment = rng.choices(GARMENTS, [garment.share for garment in GARMENTS])[0]
        made += _model(model, garment, len(made), rng)
    return made


def _model(model: int, garment: Garment, before: int, rng: Random) -> Iterator[Item]:
    pattern, style = rng.choice(PATTERNS), rng.choice(STYLES)
    feels = tuple(rng.choice((-1.0, -0.5, 0.0, 0.5, 1.0)) for _ in FEELS)
    title = f"{garment.spanish.capitalize()} {rng.choice(NAMES)} {rng.choice(BRANDS)}"
    quality, demand = rng.gauss(0, 0.25), rng.paretovariate(1.6)
    first_day = rng.choice((0, 0, 0, rng.randrange(LAST_DAY * 3 // 4)))
    for number, (family, dye) in enumerate(_dyes(rng)):
        yield Item(
            item_id=f"M{10_000 + 7 * (before + number)}",
            model=model,
            title=title,
            look=Look(garment.spanish, family, dye, pattern, style),
            feels=feels,
            quality=quality + rng.gauss(0, 0.08),
            demand=demand * rng.uniform(0.5, 1.0),
            first_day=first_day,
        )


def _dyes(rng: Random) -> Sequence[tuple[str, str]]:
    count = rng.choices([n for n, _ in DYES_PER_MODEL], [share for _, share in DYES_PER_MODEL])[0]
    return [(family, rng.choice(COLOURS[family])) for family in rng.sample(list(COLOURS), count)]
