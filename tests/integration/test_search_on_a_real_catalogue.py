"""Search on a real hardware catalogue of 13,000 products, misspelt by a fixed rule."""

from __future__ import annotations

import csv
import gzip
import random
import time
from pathlib import Path

from serving.catalogue.search import SearchIndex, fold


def misspelt(text: str, rng: random.Random) -> str:
    """Drop the accents and damage one letter in about fifteen."""
    letters = list(fold(text))
    for _ in range(1 + len(letters) // 15):
        place = rng.randrange(len(letters) - 1)
        change = rng.randrange(3)
        if change == 0:
            del letters[place]
        elif change == 1:
            letters[place] = rng.choice("aeiourstln")
        else:
            letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return "".join(letters)


def test_misspelt_products_are_found_among_13_000_in_time(real_data: Path) -> None:
    file = real_data / "truper_catalog" / "products.csv.gz"
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        texts = [row["description"] for row in csv.DictReader(stream)]
    index = SearchIndex(texts)
    rng = random.Random(5)
    wanted = [rng.choice(texts) for _ in range(200)]
    first = tenth = 0
    start = time.process_time()
    for text in wanted:
        found = [fold(texts[m.position]) for m in index.search(misspelt(text, rng))]
        first += found[0] == fold(text)
        tenth += fold(text) in found
    assert (time.process_time() - start) / len(wanted) < 0.020
    assert first >= 170
    assert tenth >= 194
