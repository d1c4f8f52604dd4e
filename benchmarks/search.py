"""Search at 50,000 products: time a query, and how often a misspelt product is found.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/search.py [catalogue.csv.gz] [--products 50000]

The catalogue is any CSV with a `description` column; without one, generated product names. It is
multiplied with other sizes and colours up to the wanted number. Both ways are measured: the index
of `serving.catalogue.search` and RapidFuzz alone over every product.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import random
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rapidfuzz import fuzz, process

from serving.catalogue.search import SearchIndex, fold

NOUNS = [
    "tornillo",
    "tuerca",
    "llave",
    "martillo",
    "taladro",
    "broca",
    "cincel",
    "pinza",
    "foco",
    "cable",
    "tubo",
    "codo",
]
KINDS = [
    "hexagonal",
    "ajustable",
    "inalámbrico",
    "galvanizado",
    "plano",
    "cromado",
    "reforzado",
    "eléctrico",
]
MAKES = ["Truper", "Pretul", "Foset", "Volteck", "Fiero", "Hermex"]
COLOURS = ["rojo", "azul", "negro", "blanco", "verde", "gris"]


def generated(rng: random.Random) -> list[str]:
    return [
        f"{rng.choice(NOUNS)} {rng.choice(KINDS)} {rng.randint(1, 64)}/{rng.choice('248')} "
        f"{rng.randint(1, 500)} mm {rng.choice(MAKES)}"
        for _ in range(5_000)
    ]


def read(path: Path) -> list[str]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as stream:
        return [row["description"] for row in csv.DictReader(stream)]


def grown(texts: Sequence[str], wanted: int, rng: random.Random) -> list[str]:
    more = list(texts[:wanted])
    while len(more) < wanted:
        base = rng.choice(texts)
        more.append(f"{base} {rng.choice(COLOURS)} {rng.randint(1, 99)} {rng.choice('ABCDE')}")
    return more


def misspelt(text: str, rng: random.Random) -> str:
    """Change one letter in about fifteen: leave out, double, replace, swap; drop the accents."""
    letters = list(fold(text))
    for _ in range(1 + len(letters) // 15):
        place = rng.randrange(len(letters) - 1)
        change = rng.randrange(4)
        if change == 0:
            del letters[place]
        elif change == 1:
            letters.insert(place, letters[place])
        elif change == 2:
            letters[place] = rng.choice("aeiourstln")
        else:
            letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return "".join(letters)


def holds(text: str, wanted: str) -> bool:
    """Is every word that was meant in the product's name?"""
    return set(fold(wanted).split()) <= set(fold(text).split())


def measure(
    name: str,
    search: Callable[[str], list[int]],
    queries: Sequence[tuple[str, str]],
    texts: Sequence[str],
) -> None:
    times, first, tenth = [], 0, 0
    for query, wanted in queries:
        start = time.perf_counter()
        found = search(query)
        times.append((time.perf_counter() - start) * 1_000)
        hits = [holds(texts[position], wanted) for position in found]
        first += hits[:1] == [True]
        tenth += any(hits)
    times.sort()
    n = len(queries)
    print(
        f"{name:<28} {times[n // 2]:8.2f} {times[int(n * 0.95)]:8.2f} {times[int(n * 0.99)]:8.2f} "
        f"{times[-1]:8.2f} {first / n:8.3f} {tenth / n:8.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("catalogue", nargs="?", type=Path)
    parser.add_argument("--products", type=int, default=50_000)
    parser.add_argument("--queries", type=int, default=500)
    given = parser.parse_args()
    rng = random.Random(7)
    texts = grown(read(given.catalogue) if given.catalogue else generated(rng), given.products, rng)
    start = time.perf_counter()
    index = SearchIndex(texts)
    built = time.perf_counter() - start
    folded = [fold(text) for text in texts]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(texts)} products, index built in {built:.2f} s, process at {peak:.0f} MiB\n")

    wanted = [rng.choice(texts) for _ in range(given.queries)]
    whole = [(misspelt(text, rng), text) for text in wanted]
    two = [" ".join(text.split()[:2]) for text in wanted]
    words = [(misspelt(text, rng), text) for text in two]

    def ours(query: str) -> list[int]:
        return [match.position for match in index.search(query)]

    def alone(query: str) -> list[int]:
        found = process.extract(fold(query), folded, scorer=fuzz.WRatio, limit=10)
        return [position for _, _, position in found]

    print(
        f"{'milliseconds a search':<28} {'median':>8} {'p95':>8} {'p99':>8} {'max':>8} "
        f"{'top 1':>8} {'top 10':>8}"
    )
    measure("index, whole name misspelt", ours, whole, texts)
    measure("index, two words misspelt", ours, words, texts)
    measure("RapidFuzz alone, whole", alone, whole[:50], texts)


if __name__ == "__main__":
    main()
