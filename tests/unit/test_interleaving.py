"""Team draft: every item once, in the order of the lists, and fair between the rankers."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.rollouts.losses import winner
from serving.traffic.interleaving import (
    ChoiceRefused,
    interleave,
    items_of,
    require_shown,
    team_draft,
)


def items(*names: str) -> list[dict[str, object]]:
    return [{"item_id": name, "score": 1.0 / (place + 1)} for place, name in enumerate(names)]


def coins(*falls: bool):
    return iter(falls).__next__


def test_captains_pick_in_turn_and_a_coin_says_who_begins_each_round():
    champion, challenger = items("a", "b", "c", "d"), items("b", "e", "a", "f")

    drafted = team_draft(champion, challenger, 4, coins(True, False))

    assert [(item["item_id"], team) for item, team in drafted] == [
        ("b", "challenger"),
        ("a", "champion"),
        ("c", "champion"),
        ("e", "challenger"),
    ]


def test_what_is_left_when_a_list_is_used_up_belongs_to_no_team():
    drafted = team_draft(items("a", "b", "c", "d"), items("z"), 4, coins(False, False, True))

    assert [(item["item_id"], team) for item, team in drafted] == [
        ("a", "champion"),
        ("z", "challenger"),
        ("b", "champion"),
        ("c", None),
    ]


@given(
    first=st.permutations(list("abcdefgh")),
    second=st.permutations(list("efghijkl")),
    length=st.integers(1, 12),
    seed=st.integers(0, 1_000),
)
def test_each_item_comes_once_in_its_rankers_order_and_teams_are_never_far_apart(
    first, second, length, seed
):
    rng = random.Random(seed)
    drafted = team_draft(items(*first), items(*second), length, lambda: rng.random() < 0.5)
    names = [item["item_id"] for item, _ in drafted]
    teams = Counter(team for _, team in drafted if team)

    assert len(set(names)) == len(names) == min(length, 12)
    assert abs(teams["champion"] - teams["challenger"]) <= 1
    for team, listed in (("champion", first), ("challenger", second)):
        mine = [item["item_id"] for item, by in drafted if by == team]
        assert mine == sorted(mine, key=listed.index)


def test_a_choice_at_random_favours_neither_of_two_different_rankers():
    rng = random.Random(4)
    wins: Counter[str | None] = Counter()
    for _ in range(4_000):
        drafted = team_draft(
            items("a", "b", "c", "d", "e"),
            items("c", "f", "g", "a", "h"),
            5,
            lambda: rng.random() < 0.5,
        )
        wins[rng.choice(drafted)[1]] += 1

    # 4,000 fair coins are within five standard deviations (158) of one half.
    assert abs(wins["champion"] - wins["challenger"]) < 316


def test_the_shown_list_says_nothing_of_teams_and_the_logged_one_does():
    champion = {"reason": "personal", "items": items("a", "b")}

    made = interleave(champion, {"items": items("c", "a", "b")}, coins(True))

    assert made is not None
    assert made.shown["reason"] == "personal"
    assert [item["item_id"] for item in items_of(made.shown)] == ["c", "a"]
    assert all("team" not in item for item in items_of(made.shown))
    chosen = {name: winner([made.logged], {"chosen": name}) for name in "abc"}
    assert chosen == {"c": "challenger", "a": "champion", "b": None}
    require_shown([made.logged], "a")
    with pytest.raises(ChoiceRefused, match="'b'"):
        require_shown([made.logged], "b")


@pytest.mark.parametrize(
    "row", [{"rating": 3.0}, {"items": None}, {"items": []}, {"items": ["a"]}, {"items": [{}]}]
)
def test_without_two_lists_there_is_nothing_to_interleave(row):
    assert interleave({"items": items("a")}, row, coins(True)) is None
    assert interleave(row, {"items": items("a")}, coins(True)) is None
