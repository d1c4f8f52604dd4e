"""Anybody's version may challenge; what is wrong with one is said in the decision."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from foreign_models import log_pyfunc, log_sklearn_pipeline
from sqlalchemy import delete
from stub_family import FAMILY
from stub_lifecycle import GOOD, MANUAL, WEAK, Lifecycle, bless_here, reasons

from pipelines import training
from pipelines.arena.arena import silent
from pipelines.arena.gate import Gate
from pipelines.gate.override import OverrideRefused
from pipelines.leases import Busy
from pipelines.registry.client import NoSuchVersion
from pipelines.store import leases
from pipelines.versions.artifact import open_package, open_runtime

pytestmark = pytest.mark.slow


@pytest.fixture
def with_weak_champion(lifecycle: Lifecycle) -> Lifecycle:
    lifecycle.judge(lifecycle.challenge(vocabulary=WEAK))
    return lifecycle


def test_better_version_from_another_library_is_promoted_and_answers(
    with_weak_champion: Lifecycle, tmp_path: Path
) -> None:
    lifecycle = with_weak_champion
    version = log_sklearn_pipeline(lifecycle.settings.mlflow_url)
    decision = lifecycle.judge(version)
    assert decision.verdict == "promoted", reasons(decision)
    assert lifecycle.alias() == version
    assert "leakage check not possible" in reasons(decision)

    head = lifecycle.log.head("stub")
    assert head is not None
    lifecycle.gate.client.download("stub", version, tmp_path / "served")
    package = open_package(tmp_path / "served", expected_digest=head.artifact_digest)
    assert package.contract.origin == "foreign"
    assert package.contract.code["git_commit"] == "unknown"
    runtime = open_runtime(package)
    try:
        (rows,) = runtime.predict([{"text": "pint1 pint2 pint3"}])
    finally:
        runtime.close()
    assert rows == [{"topic": "pintura"}]


def test_wrapping_a_version_again_gives_the_same_digest(
    with_weak_champion: Lifecycle, tmp_path: Path
) -> None:
    from pipelines.registry.client import WRAPPED_MODEL
    from pipelines.versions.wrapping import wrap

    client = with_weak_champion.gate.client
    version = log_pyfunc(with_weak_champion.settings.mlflow_url, tmp_path)
    digests = set()
    for name in ("one", "other"):
        client.download_files("stub", version, tmp_path / name / WRAPPED_MODEL)
        digests.add(wrap(tmp_path / name, FAMILY, client.version("stub", version)).digest)
    assert len(digests) == 1


def test_slower_challenger_is_refused_for_its_latency(
    with_weak_champion: Lifecycle, tmp_path: Path
) -> None:
    url = with_weak_champion.settings.mlflow_url
    decision = with_weak_champion.judge(log_pyfunc(url, tmp_path, predict="time.sleep(0.3)"))
    assert decision.verdict == "rejected"
    assert "ms" in reasons(decision)
    checks = {check["name"]: check["passed"] for check in decision.record["ruling"]["checks"]}
    assert checks["latency"] is False


def test_challenger_that_cannot_be_loaded_is_refused_with_its_own_words(
    with_weak_champion: Lifecycle, tmp_path: Path
) -> None:
    url = with_weak_champion.settings.mlflow_url
    version = log_pyfunc(url, tmp_path, load="raise OSError('weights are missing')")
    decision = with_weak_champion.judge(version)
    assert decision.verdict == "rejected"
    assert "weights are missing" in reasons(decision)


def test_challenger_that_crashes_its_process_is_refused(
    with_weak_champion: Lifecycle, tmp_path: Path
) -> None:
    url = with_weak_champion.settings.mlflow_url
    version = log_pyfunc(url, tmp_path, predict="import os; os._exit(9)")
    decision = with_weak_champion.judge(version)
    assert decision.verdict == "rejected"
    assert "has ended" in reasons(decision)


def test_challenger_that_asks_for_other_columns_is_incomparable(
    with_weak_champion: Lifecycle, tmp_path: Path
) -> None:
    url = with_weak_champion.settings.mlflow_url
    decision = with_weak_champion.judge(log_pyfunc(url, tmp_path, inputs="title"))
    assert decision.verdict == "incomparable"
    assert "title" in reasons(decision)
    assert decision.record["challenger"]["origin"] == "unknown"


def test_challenger_without_a_signature_is_incomparable(
    with_weak_champion: Lifecycle, tmp_path: Path
) -> None:
    url = with_weak_champion.settings.mlflow_url
    decision = with_weak_champion.judge(log_pyfunc(url, tmp_path, with_signature=False))
    assert decision.verdict == "incomparable"
    assert "no signature" in reasons(decision)


def test_challenger_trained_on_the_test_set_is_refused(
    with_weak_champion: Lifecycle, tmp_path: Path
) -> None:
    lifecycle = with_weak_champion
    clean = lifecycle.prepare()
    leaky = replace(clean, train=pd.concat([clean.train, clean.test_set.rows]))
    candidate = training.train_candidate(
        leaky,
        FAMILY,
        FAMILY.Params(vocabulary=GOOD),
        seed=1,
        directory=tmp_path / "leaky",
        progress=silent,
    )
    decision = lifecycle.judge(lifecycle.register(candidate))
    assert decision.verdict == "rejected"
    assert "among the rows that the challenger was trained on" in reasons(decision)


def test_files_changed_after_admission_are_refused(
    with_weak_champion: Lifecycle, mlflow_server: object
) -> None:
    lifecycle = with_weak_champion
    version = lifecycle.challenge(vocabulary=GOOD)
    root = lifecycle.gate.client.artifact_root("stub", version)
    folder = mlflow_server.folder / "artifacts" / root / "artifacts" / "package"
    (folder / "compiled" / "weights.npz").write_bytes(b"something else")
    decision = lifecycle.judge(version)
    assert decision.verdict == "rejected"
    assert "weights.npz" in reasons(decision)


def test_champion_that_cannot_be_loaded_needs_an_operator(
    with_weak_champion: Lifecycle, mlflow_server: object
) -> None:
    lifecycle = with_weak_champion
    champion = lifecycle.alias()
    assert champion is not None
    root = lifecycle.gate.client.artifact_root("stub", champion)
    folder = mlflow_server.folder / "artifacts" / root / "artifacts" / "package"
    (folder / "compiled" / "weights.npz").unlink()
    challenger = lifecycle.challenge(vocabulary=GOOD)
    decision = lifecycle.judge(challenger)
    assert decision.verdict == "champion_unloadable"
    assert lifecycle.alias() == champion

    with pytest.raises(OverrideRefused, match="a name and a reason"):
        lifecycle.gate.override("stub", challenger, actor="", reason="")
    lifecycle.gate.override("stub", challenger, actor="ana", reason="the old one is broken")
    assert lifecycle.alias() == challenger


def test_a_verdict_against_an_earlier_champion_cannot_be_overridden(
    with_weak_champion: Lifecycle, tmp_path: Path
) -> None:
    lifecycle = with_weak_champion
    version = log_pyfunc(lifecycle.settings.mlflow_url, tmp_path, inputs="title")
    assert lifecycle.judge(version).verdict == "incomparable"
    assert lifecycle.judge(lifecycle.challenge(vocabulary=GOOD)).verdict == "promoted"
    with pytest.raises(OverrideRefused, match="judge it again"):
        lifecycle.gate.override("stub", version, actor="ana", reason="I say so")


def test_incomparable_version_that_was_never_admitted_cannot_be_overridden(
    with_weak_champion: Lifecycle, tmp_path: Path
) -> None:
    url = with_weak_champion.settings.mlflow_url
    version = log_pyfunc(url, tmp_path, inputs="title")
    assert with_weak_champion.judge(version).verdict == "incomparable"
    with pytest.raises(OverrideRefused, match="never admitted"):
        with_weak_champion.gate.override("stub", version, actor="ana", reason="I say so")


def test_version_that_does_not_exist_is_refused_before_anything_is_read(
    lifecycle: Lifecycle,
) -> None:
    with pytest.raises(NoSuchVersion):
        lifecycle.judge("77")
    assert lifecycle.log.list() == []


def test_judgement_whose_lease_was_taken_over_records_nothing(
    with_weak_champion: Lifecycle,
) -> None:
    """Its scratch space belongs to somebody else by then: a failure would be that one's doing."""
    lifecycle = with_weak_champion
    version = lifecycle.challenge(vocabulary=GOOD)
    before = lifecycle.log.list()

    def lose_the_lease(directory: Path):
        with lifecycle.store.write() as connection:
            connection.execute(delete(leases))
        return replace(bless_here(directory), passed=False)

    places = (lifecycle.settings, lifecycle.store, lifecycle.log)
    with (
        Gate(*places, blesser=lose_the_lease) as gate,
        pytest.raises(Busy, match="taken over"),
    ):
        gate.judge("stub", version, trigger=MANUAL)
    assert lifecycle.log.list() == before
    assert lifecycle.judge(version).verdict == "promoted"
