"""Sources of the sizes that the goals are stated for, made up, and the same for the same seed.

20,000 descriptions of 300 product codes in 30 categories, 9 to 27 words each, of words that belong
to a brand, a category, a product, to everything, or to hardly anything; 200,000 ratings of 4,000
items by 5,000 users with tastes. Sales and fashion are the demo shop's own.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from features.demo.shop import CATEGORIES, CODES, RATINGS, write_demo

SEED = 7
TEXTS, CODE_COUNT, CATEGORY_COUNT = 20_000, 300, 30
NAMES = 4_000
USERS, ITEMS, RATING_COUNT, TASTES = 5_000, 4_000, 200_000, 8
STARTS = ["b", "c", "ch", "d", "f", "g", "l", "ll", "m", "n", "p", "r", "s", "t", "tr", "v"]
MIDDLES = ["a", "e", "i", "o", "u", "á", "é", "ó", "ia", "ue"]
ENDS = ["", "", "n", "l", "r", "s", "ñ"]
YEARS = (1_700_000_000, 1_763_000_000)


def write_sources(folder: Path) -> None:
    """Write the demo shop, with texts and ratings of these sizes in place of its own."""
    write_demo(folder, seed=SEED)
    write_codes(folder / CODES, CODE_COUNT, TEXTS)
    rows = ((text, f"C{code // 10:02d}") for text, code in texts(CODE_COUNT, NAMES, SEED + 1, 0.2))
    _write(folder / CATEGORIES, ("name", "category"), rows)
    write_ratings(folder / RATINGS, USERS, ITEMS, RATING_COUNT)


def write_codes(file: Path, codes: int, count: int) -> None:
    """Write `count` descriptions of that many product codes."""
    rows = (
        (text, f"{27_110_000 + code}", str(number))
        for number, (text, code) in enumerate(texts(codes, count, SEED, 1.0))
    )
    _write(file, ("description", "code", "product_id"), rows)


def texts(codes: int, count: int, seed: int, strange: float) -> Iterable[tuple[str, int]]:
    """Yield distinct descriptions with the number of their code, the codes in turn.

    A share `strange` of them are also sold in the words of another code and another category.
    """
    rng = np.random.default_rng(seed)
    groups = -(-codes // 10)
    brands, shared, rare = (_words(rng, each) for each in (200, 800, 6_000))
    of_group = [_words(rng, 15) for _ in range(groups)]
    of_code = [_words(rng, 8) for _ in range(codes)]
    often = 1.0 / np.arange(1, len(shared) + 1)
    often /= often.sum()
    seen: set[str] = set()
    while len(seen) < count:
        code = len(seen) % codes
        length = int(rng.integers(9, 28))
        other = int(rng.integers(codes)) if rng.random() < strange else code
        parts = [
            rng.choice(brands, 1),
            rng.choice(of_group[code // 10], 2, replace=False),
            rng.choice(of_code[code if rng.random() < 0.9 else 10 * (code // 10)], 2),
            rng.choice(of_code[other], 1),
            rng.choice(of_group[other // 10], 1),
            rng.choice(shared, length - 8, p=often),
            rng.choice(rare, 2),
        ]
        text = " ".join(rng.permutation(np.concatenate(parts)).tolist())
        if text not in seen:
            seen.add(text)
            yield text, code


def _words(rng: np.random.Generator, count: int) -> Sequence[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        syllables = int(rng.integers(2, 5))
        parts = (rng.choice(STARTS) + rng.choice(MIDDLES) for _ in range(syllables))
        found["".join(parts) + str(rng.choice(ENDS))] = None
    return list(found)


def write_ratings(file: Path, users: int, items: int, count: int) -> None:
    """Write ratings from 1 to 5 by users with tastes; some items are liked far more often."""
    rng = np.random.default_rng(SEED)
    taste, trait = rng.normal(size=(users, TASTES)), rng.normal(size=(items, TASTES))
    often = 1.0 / np.arange(1, items + 1) ** 0.6
    drawn = int(count * 1.6)
    user = rng.integers(users, size=drawn)
    item = rng.choice(items, drawn, p=often / often.sum())
    _, first = np.unique(user * items + item, return_index=True)
    kept = np.sort(first)[:count]
    user, item = user[kept], item[kept]
    liked = (taste[user] * trait[item]).sum(axis=1) / TASTES**0.5 + rng.normal(0, 0.5, len(kept))
    stars = np.clip(np.rint(3.6 + liked), 1, 5).astype(int)
    moments = np.sort(rng.integers(*YEARS, size=len(kept)))
    rows = zip(user.tolist(), item.tolist(), stars.tolist(), moments.tolist(), strict=True)
    named = ((f"u{who}", f"i{what}", value, when) for who, what, value, when in rows)
    _write(file, ("user_id", "item_id", "rating", "timestamp"), named)


def _write(file: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    fresh = file.with_suffix(".new")
    with fresh.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(rows)
    fresh.replace(file)
