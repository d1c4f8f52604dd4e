from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.interactions import Interactions, interactions
from features.preferences import damped_means
from pipelines.contract import FitRefused
from pipelines.families.product_recommendations import model
from pipelines.families.product_recommendations.estimators import choice
from pipelines.families.product_recommendations.estimators.choice import estimated, fit_ratings
from pipelines.families.product_recommendations.estimators.descent import fit_descent
from pipelines.families.product_recommendations.estimators.factors import Factors, centred
from pipelines.families.product_recommendations.estimators.settings import (
    LARGE_ROWS,
    Settings,
    settings_for,
)
from pipelines.families.product_recommendations.estimators.surprise_svd import trainset_of
from pipelines.families.product_recommendations.params import Params


def silent(_share: float, _what: str) -> None:
    """Report to nobody."""


def rated(
    users: int = 60, items: int = 40, each: int = 20, taste: float = 1.0, seed: int = 5
) -> pd.DataFrame:
    """Ratings by a planted taste of two dimensions, `taste` rating points strong."""
    rng = np.random.default_rng(seed)
    likes, traits = rng.normal(size=(users, 2)), rng.normal(size=(items, 2))
    rows = []
    for user in range(users):
        chosen = rng.choice(items, size=each, replace=False)
        level = 3 + rng.normal(0, 0.3) + taste * traits[chosen] @ likes[user] / 2
        given = np.clip(np.round(level + rng.normal(0, 0.3, size=each)), 1, 5)
        rows += [(f"u{user:03d}", f"i{item:03d}", r) for item, r in zip(chosen, given, strict=True)]
    return pd.DataFrame(rows, columns=["user_id", "item_id", "rating"])


def coded(frame: pd.DataFrame) -> Interactions:
    return interactions(frame, "user_id", "item_id", "rating")


def none_of(known: Interactions) -> np.ndarray:
    return np.zeros(len(known), dtype=bool)


def params(**changes: object) -> Params:
    return Params.model_validate(changes)


def test_surprises_factors_predict_what_surprise_predicts() -> None:
    from surprise import SVD

    known = coded(rated())
    settings = settings_for(params(), len(known))
    library = SVD(
        n_factors=settings.factors,
        n_epochs=settings.epochs,
        lr_all=settings.rate,
        reg_all=settings.penalty,
        init_std_dev=settings.spread,
        random_state=4,
    ).fit(trainset_of(known))
    ours = estimated(known, params(), 4, silent)
    pairs = [(user, item) for user in (0, 7, 59) for item in (0, 39)]
    expected = [
        library.predict(known.users[user], known.items[item], clip=False).est
        for user, item in pairs
    ]
    users, items = np.array(pairs).T
    assert np.allclose(ours.rate(users, items), expected, atol=1e-9)


def reference(known: Interactions, settings: Settings, seed: int, implicit: bool) -> Factors:
    """The same descent in plain Python and double precision, written from the papers.

    As in the kernel, and not in Koren 2008, the implicit factors move once a user.
    """
    rng = np.random.default_rng(seed)
    users, items, width = len(known.users), len(known.items), settings.factors
    sizes = (users, items, items if implicit else 0)
    p, q, y = (
        (settings.spread * rng.standard_normal((size, width), np.float32)).astype(float)
        for size in sizes
    )
    bu, bi, mean = np.zeros(users), np.zeros(items), float(known.rating.mean())
    rate = settings.rate
    for _ in range(settings.epochs):
        for u in rng.permutation(np.flatnonzero(np.diff(known.offsets)).astype(np.int32)):
            mine = slice(known.offsets[u], known.offsets[u + 1])
            chosen = known.item[mine]
            root = np.sqrt(max(len(chosen), 1))
            implied = y[chosen].sum(axis=0) / root if implicit else np.zeros(width)
            owed = np.zeros(width)
            for i, r in zip(chosen, known.rating[mine], strict=True):
                error = r - mean - bu[u] - bi[i] - q[i] @ (p[u] + implied)
                bu[u] += rate * (error - settings.penalty * bu[u])
                bi[i] += rate * (error - settings.penalty * bi[i])
                owed += rate * error * q[i] / root
                p[u], q[i] = (
                    p[u] + rate * (error * q[i] - settings.penalty * p[u]),
                    q[i] + rate * (error * (p[u] + implied) - settings.penalty * q[i]),
                )
            if implicit:
                y[chosen] += owed - rate * settings.penalty * y[chosen]
        rate *= settings.fade
    if implicit:
        for u in range(users):
            chosen = known.item[known.offsets[u] : known.offsets[u + 1]]
            p[u] += y[chosen].sum(axis=0) / np.sqrt(max(len(chosen), 1))
    return Factors("reference", mean, bu, bi, p, q)


@pytest.mark.parametrize("implicit", [False, True])
def test_compiled_descent_is_the_one_that_it_says(implicit) -> None:
    known = coded(rated(users=12, items=15, each=6))
    settings = Settings(factors=5, epochs=4, rate=0.02, penalty=0.05, fade=0.9, spread=0.1)
    ours = fit_descent(known, settings, 9, silent, implicit=implicit)
    expected = reference(known, settings, 9, implicit)
    rows = (known.user, known.item)
    assert np.allclose(ours.rate(*rows), expected.rate(*rows), atol=1e-4)


@pytest.mark.parametrize("ratings", ["svd", "svdpp"])
def test_a_planted_taste_is_found_and_the_model_ships(ratings) -> None:
    frame = rated(users=300, items=60, each=30)
    test = np.random.default_rng(1).random(len(frame)) < 0.2
    known = coded(frame[~test])
    found = fit_ratings(known, none_of(known), params(ratings=ratings), 3, silent)
    assert found.by == ratings
    users = pd.Index(known.users).get_indexer(frame[test]["user_id"])
    items = pd.Index(known.items).get_indexer(frame[test]["item_id"])
    truth = frame[test]["rating"].to_numpy()
    means = damped_means(known).rate(users, items)
    error, trivial = (np.sqrt(np.mean((r - truth) ** 2)) for r in (found.rate(users, items), means))
    assert error < 0.95 * trivial


def test_means_ship_where_there_is_no_taste_to_find() -> None:
    known = coded(rated(users=300, each=3, taste=0.0))
    found = fit_ratings(known, none_of(known), params(), 3, silent)
    assert found.by == "means"
    assert found.user_factors.shape == (300, 0)
    judged = {name: value for _, name, value in found.history}
    assert judged["held_out_rmse_model"] > judged["held_out_rmse_means"] - 0.002
    kept = fit_ratings(known, none_of(known), params(means_may_win=False), 3, silent)
    assert kept.by == "svd"


def test_enough_validation_rows_decide_in_the_place_of_folds(monkeypatch) -> None:
    monkeypatch.setattr(choice, "ENOUGH_HELD_OUT", 100)
    known = coded(rated(users=150, each=25))
    held = np.arange(len(known)) % 10 == 0
    told: list[str] = []
    found = fit_ratings(known, held, params(), 3, lambda _done, what: told.append(what))
    assert found.by == "svd"
    assert told.count("holding the model against damped means") == 1


def test_of_many_rows_those_of_some_users_decide_and_all_are_fitted(monkeypatch) -> None:
    monkeypatch.setattr(choice, "DECIDING_ROWS", 3_000)
    known = coded(rated(users=300, each=25))
    found = fit_ratings(known, none_of(known), params(), 3, silent)
    assert found.by == "svd"
    assert found.user_factors.any(axis=1).all()


def test_means_are_fitted_when_they_are_asked_for() -> None:
    known = coded(rated())
    found = fit_ratings(known, none_of(known), params(ratings="means", damping=2.0), 3, silent)
    expected = damped_means(known, 2.0)
    assert np.array_equal(found.user_bias, expected.user)
    assert found.by == "means"


def test_a_stranger_is_the_mean_user_and_known_users_keep_their_ratings() -> None:
    known = coded(rated(users=100))
    settings = settings_for(params(ratings="svdpp"), len(known))
    plain = fit_descent(known, settings, 3, silent, implicit=True)
    rows = (known.user, known.item)
    before = plain.rate(*rows)
    moved = centred(plain, known)
    assert np.allclose(moved.rate(*rows), before, atol=1e-4)
    assert np.allclose(moved.user_factors.mean(axis=0), 0, atol=1e-6)


@pytest.mark.parametrize("ratings", ["svd", "svdpp"])
@pytest.mark.parametrize("library", [True, False])
def test_same_rows_and_seed_give_the_same_factors(ratings, library) -> None:
    known, asked = coded(rated()), params(ratings=ratings, epochs=5)
    one, other = (estimated(known, asked, 3, silent, library=library) for _ in range(2))
    assert np.array_equal(one.user_factors, other.user_factors)
    assert np.array_equal(one.item_factors, other.item_factors)
    another = estimated(known, asked, 4, silent, library=library)
    assert not np.array_equal(one.user_factors, another.user_factors)


@pytest.mark.parametrize("library", [True, False])
def test_whoever_has_no_row_has_no_deviation(library) -> None:
    known = coded(rated())
    rest = known.where((known.user != 3) & (known.item != 5))
    found = estimated(rest, params(epochs=3), 3, silent, library=library)
    assert not found.user_factors[3].any()
    assert not found.item_factors[5].any()
    assert found.rate(np.array([3]), np.array([5])) == pytest.approx(found.mean)


def test_progress_ends_at_the_whole_and_never_falls() -> None:
    known, told = coded(rated()), list[float]()
    asked = params(ratings="svdpp", epochs=5)
    fit_ratings(known, none_of(known), asked, 3, lambda done, _what: told.append(done))
    assert told == sorted(told)
    assert told[-1] == 1


def test_settings_are_the_shipped_ones_with_what_was_given() -> None:
    shipped = settings_for(params(), 1000)
    given = settings_for(params(factors=7, epochs=3, learning_rate=0.5, penalty=0.4), 1000)
    assert (given.factors, given.epochs, given.rate, given.penalty) == (7, 3, 0.5, 0.4)
    assert given.spread == shipped.spread
    assert settings_for(params(), LARGE_ROWS + 1).factors < shipped.factors


def test_hardly_any_ratings_are_refused_in_plain_words() -> None:
    frame = rated(users=2, each=4)
    with pytest.raises(FitRefused, match="8 ratings"):
        model.fit(frame, frame.head(0), params(), 3, silent)


@pytest.mark.parametrize("ratings", ["svd", "svdpp"])
@pytest.mark.parametrize("library", [True, False])
def test_ratings_up_to_a_hundred_are_predicted_as_those_up_to_five(ratings, library) -> None:
    known, asked = coded(rated()), params(ratings=ratings, epochs=5)
    hundred = coded(rated().assign(rating=lambda frame: frame["rating"] * 20))
    assert hundred.scale.high == 100
    five, many = (estimated(rows, asked, 3, silent, library=library) for rows in (known, hundred))
    rows = (known.user, known.item)
    assert np.allclose(many.rate(*rows), 20 * five.rate(*rows), atol=1e-3)
    assert np.allclose(many.item_factors, five.item_factors, atol=1e-5)
