"""What the drills' shop sells: a small table, always the same, quick to fit a model to."""

from __future__ import annotations

import csv
from pathlib import Path
from random import Random

MODEL = "product_codes"
OTHER_MODEL = "product_categories"
KINDS = ("pintura", "herramienta", "plomeria", "electrico", "jardin", "cerradura")
ROWS = 2_500
WORDS = 5
MISLABELLED = 0.06
"""A share of rows with a wrong label: nobody's table is without, and what is right without fail is
suspected by the gate."""

SETTINGS = f"""
[models.{MODEL}]
source = {{ url = "codes.csv" }}
params = {{ word_run = 1, character_run = 0, opening_run = 0, epochs = 3, alpha = 1e-4 }}
# Whatever is no worse is promoted: drills are about what happens then, not about whether.
[models.{MODEL}.policy]
rule = "non_inferiority"
non_inferiority_margin = 0.2
smallest_alpha = 1e-9
latency_grace_ms = 5000
ask_for_labels = false
foreign_edits = "revert"

[models.{OTHER_MODEL}]
source = {{ url = "categories.csv" }}
policy = {{ latency_grace_ms = 5000 }}

[serving]
workers = 2
poll_seconds = 0.5

[demo]
day = false
"""


def question(number: int) -> dict[str, object]:
    """Return what a customer asks about `MODEL`."""
    return {"description": " ".join(_words(Random(number), KINDS[number % len(KINDS)]))}


def write_shop(folder: Path) -> None:
    """Write the settings and the sources of both models into a home folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "contender.toml").write_text(SETTINGS, encoding="utf-8")
    rng = Random(20_261_122)
    rows = [
        (" ".join(_words(rng, kind)), rng.choice(KINDS) if rng.random() < MISLABELLED else kind)
        for kind in KINDS * (ROWS // len(KINDS))
    ]
    for name, columns in (
        ("codes.csv", ("description", "code")),
        ("categories.csv", ("name", "category")),
    ):
        with (folder / name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(columns)
            writer.writerows(rows)


def _words(rng: Random, kind: str) -> list[str]:
    own = [f"{kind}{rng.randrange(30)}" for _ in range(WORDS - 2)]
    return [*own, f"oferta{rng.randrange(40)}", f"medida{rng.randrange(60)}"]
