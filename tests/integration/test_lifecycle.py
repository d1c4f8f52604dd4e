"""Train, register, judge, promote, go back: the whole walk on the stub family."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
from stub_lifecycle import GOOD, MANUAL, WEAK, Lifecycle, bless_here, reasons

from pipelines.arena.gate import Gate
from pipelines.gate.verdict import Blessing
from pipelines.records.replay import replay
from pipelines.registry import aliases as registry

pytestmark = pytest.mark.slow


def test_first_version_that_beats_the_floor_becomes_champion(lifecycle: Lifecycle) -> None:
    version = lifecycle.challenge(vocabulary=GOOD)
    assert lifecycle.alias("challenger") == version
    decision = lifecycle.judge(version)
    assert decision.verdict == "first_champion", reasons(decision)
    assert lifecycle.alias() == version
    assert lifecycle.alias("challenger") is None


def test_version_that_does_not_beat_the_floor_is_refused(lifecycle: Lifecycle) -> None:
    version = lifecycle.challenge(vocabulary=0)
    decision = lifecycle.judge(version)
    assert decision.verdict == "rejected"
    assert "trivial baseline" in reasons(decision)
    assert lifecycle.alias() is None


def test_better_version_is_promoted_and_rollback_goes_back(lifecycle: Lifecycle) -> None:
    weak, good = lifecycle.challenge(vocabulary=WEAK), lifecycle.challenge(vocabulary=GOOD)
    assert lifecycle.judge(weak).verdict == "first_champion"
    decision = lifecycle.judge(good)
    assert decision.verdict == "promoted", reasons(decision)
    assert lifecycle.alias() == good
    assert decision.record["catalogue_diff"]["changed"] > 0

    back = registry.rollback(
        lifecycle.log, lifecycle.gate.client, "stub", actor="ana", reason="complaints"
    )
    assert (back.kind, back.version, back.generation) == ("rollback", weak, 3)
    assert lifecycle.alias() == weak
    assert lifecycle.log.verify_chain() == []


def test_worse_version_is_refused(lifecycle: Lifecycle) -> None:
    good, weak = lifecycle.challenge(vocabulary=GOOD), lifecycle.challenge(vocabulary=WEAK)
    lifecycle.judge(good)
    assert lifecycle.judge(weak).verdict == "rejected"
    assert lifecycle.alias() == good


def test_identical_challenger_is_refused(lifecycle: Lifecycle) -> None:
    first, second = lifecycle.challenge(vocabulary=GOOD), lifecycle.challenge(vocabulary=GOOD)
    lifecycle.judge(first)
    decision = lifecycle.judge(second)
    assert decision.verdict == "rejected"
    assert "nothing to promote" in reasons(decision)


def test_every_decision_replays_to_the_same_numbers(lifecycle: Lifecycle) -> None:
    for vocabulary in (WEAK, GOOD):
        lifecycle.judge(lifecycle.challenge(vocabulary=vocabulary))
    decisions = lifecycle.log.list("stub")
    assert {decision.kind for decision in decisions} == {"admitted", "verdict", "effect"}
    for decision in decisions:
        assert replay(lifecycle.log, decision.decision_id) == []


def test_judging_again_returns_the_recorded_decision_and_costs_no_look(
    lifecycle: Lifecycle,
) -> None:
    good, weak = lifecycle.challenge(vocabulary=GOOD), lifecycle.challenge(vocabulary=WEAK)
    first = lifecycle.judge(good)
    refused = lifecycle.judge(weak)
    assert lifecycle.judge(weak) == refused
    assert lifecycle.judge(good).decision_id == first.decision_id
    assert lifecycle.log.looks(str(refused.test_set_id)) == 1


def test_run_holds_parameters_figures_data_and_version_opens_in_plain_mlflow(
    lifecycle: Lifecycle,
) -> None:
    candidate = lifecycle.train(vocabulary=GOOD)
    version = lifecycle.register(candidate)
    info = lifecycle.gate.client.version("stub", version)
    run = mlflow.get_run(info.run_id)
    assert run.data.params["vocabulary"] == str(GOOD)
    assert run.data.metrics["test.macro_f1"] == candidate.evaluation.values["macro_f1"]
    recorded = {entry.dataset.name: entry.tags for entry in run.inputs.dataset_inputs}
    fingerprints = {
        name: next(tag.value for tag in tags if tag.key == "contender.sha256")
        for name, tags in recorded.items()
    }
    contract = candidate.package.contract
    assert fingerprints["stub source"] == contract.fingerprints["source"]
    assert fingerprints["stub test_set"] == contract.fingerprints["test_set"]

    requests = candidate.prepared.test_set.requests.head(20)
    model = mlflow.pyfunc.load_model(f"models:/stub/{version}")
    expected = candidate.fitted.predict(requests)
    assert model.predict(requests)["topic"].tolist() == expected["topic"].tolist()


def test_compiled_form_that_disagrees_is_not_served(lifecycle: Lifecycle) -> None:
    candidate = lifecycle.train(vocabulary=GOOD, digits=0)
    contract = candidate.package.contract
    assert contract.form == "flavour"
    assert contract.agreement is not None
    assert "compiled" in contract.agreement.reason
    decision = lifecycle.judge(lifecycle.register(candidate))
    assert decision.verdict == "first_champion", reasons(decision)


def test_rollback_without_an_earlier_champion_says_so(lifecycle: Lifecycle) -> None:
    with pytest.raises(registry.NoWayBack, match="has no champion"):
        registry.rollback(
            lifecycle.log, lifecycle.gate.client, "stub", actor="ana", reason="complaints"
        )
    lifecycle.judge(lifecycle.challenge(vocabulary=GOOD))
    with pytest.raises(registry.NoWayBack, match="is the first champion"):
        registry.rollback(
            lifecycle.log, lifecycle.gate.client, "stub", actor="ana", reason="complaints"
        )


def test_rollback_to_a_version_that_was_deleted_is_refused_before_it_is_decided(
    lifecycle: Lifecycle,
) -> None:
    for vocabulary in (WEAK, GOOD):
        lifecycle.judge(lifecycle.challenge(vocabulary=vocabulary))
    client = lifecycle.gate.client
    client.delete_version("stub", "1")
    with pytest.raises(registry.NoWayBack, match="no longer in the registry"):
        registry.rollback(lifecycle.log, client, "stub", actor="ana", reason="complaints")
    assert lifecycle.alias() == "2"


def test_champion_that_moves_during_a_judgement_has_it_judged_again(
    lifecycle: Lifecycle,
) -> None:
    weak, good = lifecycle.challenge(vocabulary=WEAK), lifecycle.challenge(vocabulary=GOOD)
    lifecycle.judge(weak)
    lifecycle.judge(good)
    late = lifecycle.challenge(vocabulary=GOOD, smoothing=0.1)
    moved = []

    def bless_while_somebody_rolls_back(directory: Path) -> Blessing:
        if not moved:
            moved.append(
                registry.rollback(
                    lifecycle.log, lifecycle.gate.client, "stub", actor="ana", reason="complaints"
                )
            )
        return bless_here(directory)

    gate = Gate(
        lifecycle.settings, lifecycle.store, lifecycle.log, blesser=bless_while_somebody_rolls_back
    )
    with gate:
        decision = gate.judge("stub", late, trigger=MANUAL)
    champion = decision.record["champion"]
    assert isinstance(champion, dict)
    assert champion["version"] == weak
    assert decision.verdict == "promoted", reasons(decision)
    assert [entry.generation for entry in lifecycle.log.list("stub") if entry.generation] == [
        4,
        3,
        2,
        1,
    ]


def test_judgement_blesses_in_a_process_of_the_real_server(lifecycle: Lifecycle) -> None:
    version = lifecycle.challenge(vocabulary=GOOD)
    with Gate(lifecycle.settings, lifecycle.store, lifecycle.log) as gate:
        decision = gate.judge("stub", version, trigger=MANUAL)
    challenger = decision.record["challenger"]
    assert isinstance(challenger, dict)
    blessing = challenger["blessing"]
    assert blessing["passed"], blessing["reason"]
    assert blessing["memory_bytes"] > 0
    assert blessing["golden"] == 4
