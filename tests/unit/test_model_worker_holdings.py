"""Which versions a model worker loads, keeps and lets go."""

from __future__ import annotations

from types import SimpleNamespace

from serving_stage import MODEL, Stage

from pipelines.decisions.log import Champion
from serving.model_worker.holdings import GRACE_SECONDS, Holdings
from serving.model_worker.worker import compose
from serving.remote.connection import open_redis
from serving.slots import loading


def champion(version: str, decision: str) -> Champion:
    return Champion("stub", version, int(version), decision, f"digest{version}", None)


class Reader:
    """A thread that answers, and ends when told to, unless a call is `busy`."""

    def __init__(self) -> None:
        self.stopped = False
        self.busy = False

    def start(self) -> None:
        """Nothing to read."""

    def stop(self, _drain_seconds: float = 0.0) -> None:
        self.stopped = True

    def join(self, _seconds: float) -> bool:
        return not self.busy


class Live:
    def __init__(self, decided: Champion) -> None:
        self.served = SimpleNamespace(
            name=decided.model, version=decided.version, digest=decided.artifact_digest
        )
        self.loaded = SimpleNamespace(instance_ms=1.0, batch_ms=None)
        self.closed = False

    def close_if_idle(self) -> bool:
        self.closed = True
        return True


class Shop:
    """Holdings whose clock, wishes and accidents a test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.wishes: dict[str, Champion] = {}
        self.broken = False
        self.loads: list[str] = []
        self.readers: list[Reader] = []
        self.holdings = Holdings(
            "w1",
            ["stub"],
            lambda: self.wishes,
            self._load,
            self._open_reader,
            clock=lambda: self.now,
        )

    def _load(self, decided: Champion):
        self.loads.append(decided.version)
        if self.broken:
            raise OSError("no disk")
        return Live(decided)

    def _open_reader(self, _live: Live) -> Reader:
        self.readers.append(Reader())
        return self.readers[-1]

    def look(self, *versions: str) -> list[str]:
        self.wishes = {f"digest{each}": champion(each, f"d{each}") for each in versions}
        self.holdings.look()
        return [held.version for held in self.holdings.word.held]


def test_a_replaced_version_is_kept_for_a_while_and_then_let_go():
    shop = Shop()

    assert shop.look("1") == ["1"]
    assert shop.look("2") == ["1", "2"]
    shop.now += GRACE_SECONDS
    assert shop.look("2") == ["2"]
    assert shop.loads == ["1", "2"]


def test_a_version_that_is_wanted_again_in_time_is_not_loaded_again():
    shop = Shop()
    shop.look("1")
    shop.look("2")
    shop.now += GRACE_SECONDS / 2
    shop.look("1", "2")
    shop.now += GRACE_SECONDS

    assert shop.look("1", "2") == ["1", "2"]
    assert shop.loads == ["1", "2"]


def test_a_version_that_cannot_be_loaded_is_tried_less_and_less_often():
    shop = Shop()
    shop.broken = True
    tried = []
    for second in range(8):
        shop.now = float(second)
        shop.look("1")
        tried.append(len(shop.loads))

    assert tried == [1, 2, 2, 3, 3, 3, 3, 4]
    assert shop.holdings.word.failed == {"digest1": "no disk"}
    shop.broken, shop.now = False, 100.0
    assert shop.look("1") == ["1"]
    assert shop.holdings.word.failed == {}


def test_a_version_that_is_wanted_again_while_it_leaves_is_loaded_anew():
    shop = Shop()
    shop.look("1")
    shop.readers[0].busy = True
    shop.look("2")
    shop.now += GRACE_SECONDS
    assert shop.look("2") == ["2"]  # told to stop, and a call is still under way
    assert shop.readers[0].stopped
    assert shop.look("1", "2") == ["2"]
    shop.readers[0].busy = False

    assert sorted(shop.look("1", "2")) == ["1", "2"]
    assert shop.loads == ["1", "2", "1"]
    assert [reader.stopped for reader in shop.readers] == [True, False, False]


def test_a_call_may_take_as_long_with_a_worker_as_with_the_api(make_settings, monkeypatch):
    given = []

    def load(package, *, text_limit, call_seconds):
        given.append(call_seconds)
        return real(package, text_limit=text_limit, call_seconds=call_seconds)

    real = loading.load
    monkeypatch.setattr("serving.slots.loading.load", load)
    stage = Stage(
        make_settings(
            models={MODEL: {"source": {"url": "texts.csv"}}}, serving={"deadline_seconds": 77}
        )
    )
    stage.promote("1", "uno")
    redis = open_redis("redis://127.0.0.1:1/0", "worker")  # never asked: it is only loaded here
    worker = compose(stage.settings, stage.store, stage.registry, redis, [MODEL])
    live = worker.holdings.load(stage.log.head(MODEL))
    live.close_if_idle()
    stage.close()

    assert given == [77]
