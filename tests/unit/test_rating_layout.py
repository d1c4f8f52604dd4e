from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pytest

from pipelines.families.product_recommendations.ids import Ids
from pipelines.families.product_recommendations.layout import (
    LAYOUT_FILE,
    Layout,
    ListArrays,
    RatingArrays,
    Seen,
    UnknownLayout,
)
from pipelines.families.product_recommendations.rates import Rater


def arrays(width: int = 3) -> RatingArrays:
    rng = np.random.default_rng(3)
    return RatingArrays(
        by="svd" if width else "means",
        mean=3.4,
        low=1.0,
        high=5.0,
        damping=5.0,
        ridge=0.02,
        user_bias=rng.normal(0, 0.2, 4),
        item_bias=rng.normal(0, 0.2, 6),
        user_factors=rng.normal(0, 0.4, (4, width)),
        item_factors=rng.normal(0, 0.4, (6, width)),
    )


def layout(width: int = 3) -> Layout:
    return Layout(
        Ids.of(["Z", "a", "ñ", "😀"]),
        Ids.of([f"i{number}" for number in range(6)]),
        Seen(
            np.array([0, 2, 2, 3, 3]),
            np.array([0, 4, 1], np.int32),
            np.array([5, 2, 3], np.float32),
        ),
        np.linspace(0, 1, 6, dtype=np.float32),
        arrays(width),
        ListArrays("als", {"share": 0.1}, {"users": np.eye(4, dtype=np.float32)}),
    )


def test_texts_are_found_by_bisection_and_others_are_not() -> None:
    odd = ["", "a", "aa", "b\0", "ñ", "Z" * 300, "😀", "\ud800"]
    texts = sorted(odd, key=lambda text: text.encode("utf-8", "surrogatepass"))
    ids = Ids.of(texts)
    assert [ids.code(text) for text in texts] == list(range(len(texts)))
    assert [ids.text(code) for code in range(len(ids))] == texts
    assert [ids.code(text) for text in ("ab", "zzz", "A", "b", "ñ ")] == [None] * 5
    assert Ids.of([]).code("a") is None


@pytest.mark.parametrize("width", [0, 3])
def test_what_is_opened_is_what_was_saved(tmp_path: Path, width: int) -> None:
    saved = layout(width)
    saved.save(tmp_path, np.float64)
    opened = Layout.open(tmp_path)
    for name in ("user_bias", "item_bias", "user_factors", "item_factors"):
        assert np.array_equal(getattr(opened.ratings, name), getattr(saved.ratings, name)), name
    assert (opened.ratings.by, opened.ratings.ridge) == (saved.ratings.by, saved.ratings.ridge)
    assert opened.users.code("ñ") == 2
    assert [part.tolist() for part in opened.seen.of(0)] == [[0, 4], [5, 2]]
    assert [part.tolist() for part in opened.seen.of(1)] == [[], []]
    assert opened.lists.by == "als"
    assert opened.lists.settings == {"share": 0.1}
    assert np.array_equal(opened.lists.arrays["users"], np.eye(4))


def test_compiled_ratings_are_single_precision_and_large_arrays_are_mapped(tmp_path) -> None:
    wide = layout()
    many = Layout(
        wide.users,
        wide.items,
        wide.seen,
        np.zeros(50_000, np.float32),
        wide.ratings,
        wide.lists,
    )
    many.save(tmp_path)
    opened = Layout.open(tmp_path)
    assert opened.ratings.user_factors.dtype == np.float32
    assert isinstance(opened.popularity.base, np.memmap)
    assert type(opened.popularity) is np.ndarray


def test_a_layout_of_another_version_is_refused(tmp_path) -> None:
    layout().save(tmp_path)
    facts = orjson.loads((tmp_path / LAYOUT_FILE).read_bytes())
    (tmp_path / LAYOUT_FILE).write_bytes(orjson.dumps(facts | {"version": 99}))
    with pytest.raises(UnknownLayout, match="99"):
        Layout.open(tmp_path)


def test_ratings_are_clipped_sums_of_their_parts() -> None:
    model = arrays()
    rater = Rater(model)
    items = np.arange(6)
    raw = (
        model.mean
        + model.user_bias[2]
        + model.item_bias
        + model.item_factors @ (model.user_factors[2])
    )
    assert np.allclose(rater.rate(rater.taste(2), items), np.clip(raw, 1, 5))
    generous = RatingArrays(**{**vars(model), "mean": 9.0})
    assert Rater(generous).rate(Rater(generous).taste(2), items).max() == 5


def test_a_stranger_is_of_average_taste_and_an_unknown_item_of_the_users_level() -> None:
    model = arrays()
    rater = Rater(model)
    assert np.allclose(rater.rate(rater.taste(None), np.arange(6)), model.mean + model.item_bias)
    assert rater.rate_unknown_item(rater.taste(None)) == pytest.approx(model.mean)
    expected = model.mean + model.user_bias[1]
    assert rater.rate_unknown_item(rater.taste(1)) == pytest.approx(expected)


def test_a_long_history_folds_in_to_the_taste_that_wrote_it() -> None:
    rng = np.random.default_rng(4)
    model = RatingArrays(
        **{**vars(arrays()), "item_factors": rng.normal(0, 1, (200, 3)), "ridge": 1e-6,
           "item_bias": np.zeros(200), "low": -99.0, "high": 99.0, "damping": 0.0}
    )  # fmt: skip
    rater, truth = Rater(model), np.array([0.5, -1.0, 0.3])
    items = np.arange(150)
    given = model.mean + model.item_factors[items] @ truth
    rest = np.arange(150, 200)
    folded = rater.rate(rater.fold_in(items, given), rest)
    assert np.allclose(folded, model.mean + model.item_factors[rest] @ truth, atol=1e-3)


def test_no_history_is_an_average_taste_and_means_fold_in_a_damped_bias() -> None:
    rater = Rater(arrays(0))
    assert rater.fold_in(np.zeros(0, int), np.zeros(0)).bias == 0
    model = arrays(0)
    taste = rater.fold_in(np.array([1, 2]), np.array([5.0, 4.0]))
    left = 9 - 2 * model.mean - model.item_bias[[1, 2]].sum()
    assert taste.bias == pytest.approx(left / (5 + 2))
    assert not taste.factors.size
