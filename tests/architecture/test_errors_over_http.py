"""No error that can reach an endpoint is left to become an unforeseen 500."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from functools import cache

import pytest

import serving
from features.sales_history import HistoryUnreadable
from features.splits import SplitError
from pipelines.access.keys import KeyRefused, UnknownKey
from pipelines.access.roles import UnknownRole
from pipelines.contract import FitRefused
from pipelines.decisions.prediction_files import PredictionsDamaged
from pipelines.jobs.record import JobFailed, NoLongerOurs
from pipelines.jobs.work import Stopped
from pipelines.jobs.worker import ScorerFailed, Unavailable
from pipelines.metrics import UnknownMetric
from pipelines.orders.documents import FeedUnreadable
from pipelines.orders.product_catalogue import CatalogueUnreadable
from pipelines.orders.recordings import RecordingRefused
from pipelines.schema_version import StoreIsNewer
from pipelines.secret_files import SecretFileError
from pipelines.settings import SettingsError
from pipelines.settings_secrets import SecretInFile
from serving.errors import MEANINGS, problem_of
from serving.hot.watched import TooManyWaiting

OURS = ("serving.", "pipelines.", "features.")
ELSEWHERE = {
    UnknownKey: "is raised by `contender keys`, which no endpoint calls",
    KeyRefused: "is raised by `contender keys`, which no endpoint calls",
    UnknownRole: "is raised by `contender keys`, and of settings that are checked before",
    StoreIsNewer: "ends the start of the server, before there is an endpoint",
    SecretFileError: "becomes a `SettingsError` where the settings are read",
    SecretInFile: "becomes a `SettingsError` where the settings are read",
    SettingsError: "ends the start of the server, before there is an endpoint",
    SplitError: "is raised in training; the server only asks which pool a label is in",
    CatalogueUnreadable: "is caught by the shelf, which keeps the catalogue it has",
    HistoryUnreadable: "is caught by the stored sales, which keep the history they have",
    FeedUnreadable: "is raised where the feed is read, which no endpoint does",
    RecordingRefused: "is raised where the feed is taken in, which no endpoint does",
    PredictionsDamaged: "is raised by gate and replay, which no endpoint calls",
    UnknownMetric: "is raised by the gate, which no endpoint calls",
    FitRefused: "is raised in training, which no endpoint does",
    TooManyWaiting: "is raised while a head is read; the connection is told so, and ends",
    JobFailed: "is raised in the job worker, which keeps it as the job's error",
    NoLongerOurs: "is raised in the job worker, which leaves the job alone then",
    Stopped: "is raised in the job worker, which puts the job back then",
    Unavailable: "is raised in the job worker, which tries the job again then",
    ScorerFailed: "is raised in the job worker, which tries the job again then",
}


@cache
def reachable_errors() -> frozenset[type[Exception]]:
    """Return the errors defined in the modules of ours that a running server has loaded."""
    for module in pkgutil.walk_packages(serving.__path__, "serving."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    importlib.import_module(
        "pipelines.versions.flavour_runtime"
    )  # loaded with the first foreign version
    return frozenset(
        found
        for name in ours()
        for _, found in inspect.getmembers(sys.modules[name], inspect.isclass)
        if issubclass(found, Exception) and found.__module__ == name
    )


def ours() -> set[str]:
    """Return the modules of `serving`, and ours that they import, directly or not.

    Other tests may have loaded more, so `sys.modules` alone would say too much.
    """
    waiting = {name for name in sys.modules if name.startswith("serving.")}
    waiting.add("pipelines.versions.flavour_runtime")
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for value in vars(sys.modules[name]).values():
            origin = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", "")
            if str(origin).startswith(OURS) and origin in sys.modules and origin not in seen:
                waiting.add(origin)
    return seen


def test_every_reachable_error_has_a_meaning_over_http():
    missing = {
        f"{error.__module__}.{error.__name__}"
        for error in reachable_errors()
        if not any(kind in MEANINGS for kind in error.__mro__) and error not in ELSEWHERE
    }

    assert missing == set()


def test_every_exception_from_the_rule_still_exists():
    assert set(ELSEWHERE) <= reachable_errors()


def test_an_error_without_a_meaning_would_be_noticed():
    assert problem_of(ZeroDivisionError("secret")).slug == "unforeseen"


@pytest.mark.parametrize("kind", MEANINGS, ids=lambda kind: kind.__name__)
def test_a_refusal_that_waiting_may_cure_says_so(kind):
    meaning = MEANINGS[kind]

    assert 400 <= meaning.status < 600
    assert meaning.retry or meaning.status != 503
