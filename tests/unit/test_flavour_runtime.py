"""The worker process behind a version without compiled form: answers, deadlines, deaths."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest
from stub_family import FAMILY, texts

from pipelines.arena.arena import silent
from pipelines.contract import RequestRefused
from pipelines.versions import flavour_worker
from pipelines.versions.artifact import Contract, Package, open_runtime
from pipelines.versions.flavour_runtime import FlavourFailed, FlavourRuntime, WorkerLost
from pipelines.versions.packaging import Facts, build

ASKED = [{"text": "pint1 pint2 pint3"}, {"text": "herr1 herr2 herr3"}]


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """A package whose compiled form disagrees, so that its plain form has to answer."""
    params = FAMILY.Params(digits=0)
    split = FAMILY.split(texts(2000))
    fitted = FAMILY.fit(split.train, split.validation, params, 1, silent)
    facts = Facts(params, {}, {}, {}, {}, frozenset(), datetime(2026, 1, 1, tzinfo=UTC))
    built = build(tmp_path, FAMILY, fitted, FAMILY.examples(split.test).requests, facts)
    assert built.contract.form == "flavour"
    return built


@pytest.fixture
def opened(package: Package) -> Iterator[Callable[..., FlavourRuntime]]:
    runtimes: list[FlavourRuntime] = []

    def start(**limits: Any) -> FlavourRuntime:
        runtimes.append(FlavourRuntime(package.directory, **limits))
        return runtimes[-1]

    yield start
    for runtime in runtimes:
        runtime.close()


def workers() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [child for child in children if "pipelines.versions.flavour_worker" in child.cmdline()]


@pytest.mark.slow
def test_worker_answers_as_the_plain_model_does(package: Package) -> None:
    runtime = open_runtime(package)
    answers = runtime.predict(ASKED)
    assert [rows[0]["topic"] for rows in answers] == ["pintura", "herramienta"]
    assert runtime.predict([]) == []
    runtime.close()
    assert workers() == []


@pytest.mark.slow
def test_killed_worker_is_replaced_at_the_next_call(
    opened: Callable[..., FlavourRuntime],
) -> None:
    runtime = opened()
    (worker,) = workers()
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    assert len(runtime.predict(ASKED)) == 2


@pytest.mark.slow
def test_hanging_worker_is_given_up_with_a_reason(opened: Callable[..., FlavourRuntime]) -> None:
    runtime = opened(call_seconds=0.5)
    (worker,) = workers()
    os.kill(worker.pid, signal.SIGSTOP)
    with pytest.raises(WorkerLost, match=r"did not answer within 0\.5 s"):
        runtime.predict(ASKED)
    (another,) = workers()
    assert another.pid != worker.pid


@pytest.mark.slow
def test_a_package_that_was_exchanged_before_its_worker_began_is_not_opened(
    package: Package,
) -> None:
    contract = package.directory / "contract.json"
    contract.write_bytes(contract.read_bytes() + b"\n")
    with pytest.raises(FlavourFailed, match="the decision log admitted"):
        FlavourRuntime(package.directory, digest=package.digest)
    assert workers() == []


@pytest.mark.slow
def test_package_that_cannot_be_loaded_says_why(package: Package) -> None:
    (package.directory / "plain" / "counts.json").write_text("{}", encoding="utf-8")
    with pytest.raises(FlavourFailed, match=r"counts\.json"):
        FlavourRuntime(package.directory)
    assert workers() == []


@pytest.mark.slow
def test_a_question_that_a_hanging_worker_never_reads_has_a_deadline_too(
    opened: Callable[..., FlavourRuntime],
) -> None:
    runtime = opened(call_seconds=0.5)
    (worker,) = workers()
    os.kill(worker.pid, signal.SIGSTOP)
    with pytest.raises(WorkerLost, match=r"did not read within 0\.5 s"):
        runtime.predict([{"text": "a" * 1000}] * 1000)


@pytest.mark.slow
def test_closing_ends_a_worker_that_is_asked_right_now(
    opened: Callable[..., FlavourRuntime], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.versions.flavour_runtime.STOP_SECONDS", 0.1)
    runtime = opened()
    (worker,) = workers()
    os.kill(worker.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(runtime.predict, ASKED)
        time.sleep(0.2)  # it is asked by then, or else finds itself closed
        runtime.close()
        with pytest.raises(WorkerLost, match="ended"):
            asked.result()
    assert workers() == []
    with pytest.raises(WorkerLost, match="has been ended"):
        runtime.predict(ASKED)


@pytest.mark.slow
def test_a_worker_that_no_longer_starts_is_tried_less_and_less_often(
    package: Package, opened: Callable[..., FlavourRuntime]
) -> None:
    now = 0.0
    runtime = opened(clock=lambda: now)
    (package.directory / "plain" / "counts.json").write_text("{}", encoding="utf-8")

    def ask() -> str:
        with pytest.raises(WorkerLost) as lost:
            runtime.predict(ASKED)
        return str(lost.value)

    (worker,) = workers()
    worker.kill()
    worker.wait()
    for pause in (1, 2):
        assert "did not load the model" in ask()
        assert f"next try in {pause} s" in ask()
        now += pause
    assert "did not load the model" in ask()


class Refusing:
    """Refuses what it is asked, as a family's own model may."""

    def predict(self, _frame: pd.DataFrame) -> object:
        raise RequestRefused("instance 0: 'text' is empty")


def test_what_the_model_refuses_stays_a_refusal(contract: Contract) -> None:
    answer = flavour_worker._answer(Refusing().predict, contract, [{"text": ""}])
    assert answer == {"refused": "instance 0: 'text' is empty"}


def rows_from(output: object, package_contract: Contract) -> list[list[dict[str, object]]]:
    return flavour_worker.rows_from(output, package_contract, pd.RangeIndex(2))


@pytest.fixture
def contract() -> Contract:
    return Contract(
        family="stub",
        origin="foreign",
        runtime="flavour",
        form="flavour",
        many=False,
        target="topic",
        request_schema=FAMILY.Request.model_json_schema(),
        response_schema=FAMILY.Response.model_json_schema(),
        latency_budget_ms=50,
        golden=(),
        params={},
        fingerprints={},
        training_window={},
        code={},
        libraries={},
        agreement=None,
        values={},
        created_at="2026-01-01",
        files={},
    )


@pytest.mark.parametrize(
    "output",
    [
        ["a", "b"],
        np.array(["a", "b"]),
        np.array([["a"], ["b"]]),
        pd.Series(["a", "b"], index=[7, 9]),
        pd.DataFrame({0: ["a", "b"]}),
        pd.DataFrame({"prediction": ["a", "b"]}),
        pd.DataFrame({"topic": ["a", "b"], "something else": [1, 2]}, index=[7, 9]),
        [{"topic": "a"}, {"topic": "b"}],
    ],
    ids=["list", "array", "column", "series", "unnamed frame", "named by MLflow", "frame", "rows"],
)
def test_whatever_form_a_single_output_has_it_becomes_the_target(
    output: object, contract: Contract
) -> None:
    assert rows_from(output, contract) == [[{"topic": "a"}], [{"topic": "b"}]]


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (["a"], "1 answers to 2 instances"),
        (pd.DataFrame({"price": [1, 2]}), "columns price; wanted is topic"),
        (np.zeros((2, 3)), "several unnamed columns"),
        (7, "neither a frame nor a list"),
    ],
)
def test_answer_of_another_shape_is_an_error_that_says_so(
    output: object, reason: str, contract: Contract
) -> None:
    with pytest.raises(flavour_worker.WrongAnswer, match=reason):
        rows_from(output, contract)
