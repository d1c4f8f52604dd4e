"""What a slot does next, for every way in which log, alias and slot can stand to each other."""

from __future__ import annotations

from pipelines.decisions.log import Champion
from serving.live.answers import ServedModel
from serving.steps import View, next_champion


def champion(version: str, generation: int = 1) -> Champion:
    return Champion("stub", version, generation, f"d{generation}", f"digest-{version}", None)


def served(version: str, generation: int = 1) -> ServedModel:
    return ServedModel("stub", version, f"d{generation}", generation, f"digest-{version}")


def test_an_empty_slot_takes_the_champion():
    assert next_champion(View(champion("1"), "1", True), None) == (champion("1"), "")


def test_a_slot_that_holds_the_decided_champion_does_nothing():
    assert next_champion(View(champion("1"), "1", True), served("1")) == (None, "")


def test_a_slot_moves_when_log_and_alias_agree():
    view = View(champion("2", 2), "2", True)

    assert next_champion(view, served("1")) == (champion("2", 2), "")


def test_the_same_version_by_a_new_decision_is_a_move():
    view = View(champion("1", 3), "1", True)

    assert next_champion(view, served("1"))[0] == champion("1", 3)


def test_an_alias_moved_by_hand_is_not_followed_and_said():
    wanted, note = next_champion(View(champion("1"), "9", True), served("1"))

    assert wanted is None
    assert "version 9" in note
    assert "d1" in note


def test_a_decision_whose_alias_is_not_set_yet_is_waited_for():
    wanted, note = next_champion(View(champion("2", 2), "1", True), served("1"))

    assert wanted is None
    assert "version 1 is kept" in note


def test_an_empty_slot_follows_the_decision_and_not_an_alias_moved_by_hand():
    wanted, note = next_champion(View(champion("1"), "9", True), None)

    assert wanted == champion("1")
    assert "the decision is followed" in note


def test_an_alias_that_vanished_with_its_version_changes_nothing():
    wanted, note = next_champion(View(champion("1"), None, True), served("1"))

    assert wanted is None
    assert "there is no alias" in note


def test_while_the_registry_is_away_the_log_alone_decides():
    view = View(champion("2", 2), None, False)

    assert next_champion(view, served("1")) == (champion("2", 2), "")
    assert next_champion(view, served("2", 2)) == (None, "")


def test_without_a_decision_nothing_is_served_whatever_the_alias_says():
    wanted, note = next_champion(View(None, "9", True), None)

    assert wanted is None
    assert "no decision" in note
