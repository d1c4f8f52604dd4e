"""The fashion shop's items: models in several dyes, with what can be seen and what is only felt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from features.demo.garments import GARMENTS
from features.demo.looks import COLOURS, PATTERNS, STYLES, Look

FEELS = ("roomy", "soft", "warm")
"""What nobody sees in a picture and customers write about; each from -1 (tight, stiff, airy)
to 1."""
NAMES = (
    "Alondra", "Azahar", "Bruma", "Brisa", "Cayena", "Cardón", "Dalia", "Duna", "Encino",
    "Estela", "Fresno", "Gardenia", "Ginebra", "Horizonte", "Iris", "Jade", "Jazmín", "Kenia",
    "Lago", "Laurel", "Lince", "Magnolia", "Malva", "Mirto", "Nácar", "Niebla", "Olivo", "Ópalo",
    "Palma", "Perla", "Quetzal", "Roble", "Rocío", "Sauce", "Sierra", "Talavera", "Tuna",
    "Umbral", "Valle", "Violeta", "Yuca", "Zafiro", "Arena", "Aurora", "Canela", "Coral", "Luna",
    "Marea", "Menta", "Naranjo", "Nube", "Pino", "Salvia", "Trigo",
)  # fmt: skip
BRANDS = ("Casa Lumbre", "Nortea", "Mar & Sal", "Telar", "Ocho Calles", "Paloma Roja")
LINES: dict[str, tuple[str, ...]] = {
    "street": ("dark", "warm", "zigzag", "plain", "urban"),
    "boho": ("earth", "warm", "flowers", "minimal"),
    "sport": ("cool", "stripes", "sporty"),
    "sweet": ("pastel", "dots", "flowers", "romantic"),
    "office": ("dark", "earth", "checks", "plain", "elegant"),
}
"""Lines of clothes: the colour families, patterns and styles that go together."""
IN_LINE = 0.8
"""How often a trait is the line's; otherwise it is any."""
MODELS = 320
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
    lines: tuple[float, ...]
    """How much each line shows in the look, from 0 to 1; together 1."""
    quality: float
    """Whether people in general like it better or worse than others, in stars."""
    demand: float
    first_day: int


def items(rng: Random) -> list[Item]:
    """Return the shop's items; the dyes of one model stand together, under one title."""
    labels = [f"{name} {brand}" for name in NAMES for brand in BRANDS]
    rng.shuffle(labels)
    made: list[Item] = []
    for model, label in enumerate(labels[:MODELS]):
        garment = rng.choices(GARMENTS, [garment.share for garment in GARMENTS])[0]
        title = f"{garment.spanish.capitalize()} {label}"
        made += _model(model, title, garment.spanish, len(made), rng)
    return made


def _model(model: int, title: str, garment: str, before: int, rng: Random) -> Iterator[Item]:
    line = rng.choice(list(LINES))
    pattern, style = _trait(line, PATTERNS, rng), _trait(line, STYLES, rng)
    feels = tuple(rng.choice((-1.0, -0.5, 0.0, 0.5, 1.0)) for _ in FEELS)
    quality, demand = rng.gauss(0, 0.25), rng.paretovariate(1.6)
    first_day = rng.choice((0, 0, 0, rng.randrange(LAST_DAY * 3 // 4)))
    for number, (family, dye) in enumerate(_dyes(line, rng)):
        yield Item(
            item_id=f"M{10_000 + 7 * (before + number)}",
            model=model,
            title=title,
            look=Look(garment, family, dye, pattern, style),
            feels=feels,
            lines=_line_shares((family, pattern, style)),
            quality=quality + rng.gauss(0, 0.08),
            demand=demand * rng.uniform(0.5, 1.0),
            first_day=first_day,
        )


def _line_shares(traits: Sequence[str]) -> tuple[float, ...]:
    """Share each trait among the lines that it belongs to."""
    owners = [[trait in line for line in LINES.values()] for trait in traits]
    return tuple(
        sum(has[line] / sum(has) for has in owners) / len(traits) for line in range(len(LINES))
    )


def _trait(line: str, traits: Sequence[str], rng: Random) -> str:
    fitting = [trait for trait in traits if trait in LINES[line]]
    return rng.choice(fitting if rng.random() < IN_LINE else traits)


def _dyes(line: str, rng: Random) -> Sequence[tuple[str, str]]:
    count = rng.choices([n for n, _ in DYES_PER_MODEL], [share for _, share in DYES_PER_MODEL])[0]
    families = {_trait(line, list(COLOURS), rng): None for _ in range(count)}
    return [(family, rng.choice(COLOURS[family])) for family in families]
