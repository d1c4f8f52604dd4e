"""The prediction log on PostgreSQL keeps the promises that it keeps on SQLite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from postgresql_server import new_database, postgresql_server

from pipelines.prediction_log import PredictionLog, Provenance, UnknownPrediction, count
from pipelines.store import Store, open_store

FROM = Provenance("stub", "3", "d000007-abcdef", 2, "request-1")


@pytest.fixture(scope="module")
def server_uri() -> Iterator[str]:
    with postgresql_server() as uri:
        yield uri


@pytest.fixture
def store(server_uri: str) -> Iterator[Store]:
    opened = open_store(new_database(server_uri))
    yield opened
    opened.close()


def test_predictions_are_drained_once_and_found_with_their_feedback(store, tmp_path):
    log = PredictionLog(store, tmp_path)
    texts = [{"text": f"ñandú \0 {number}"} for number in range(2500)]
    ids = log.append(FROM, texts, [[{"topic": "uno"}]] * 2500)
    spooled = next(path for path in tmp_path.iterdir() if path.stat().st_size)
    twin = spooled.read_bytes()
    log.drain()
    (tmp_path / "1-dead.jsonl").write_bytes(twin)

    assert log.rescue() == 1

    assert count(store, "stub") == 2500
    found = log.find("stub", ids[-1])
    assert found.instance == texts[-1]
    assert log.give_feedback(found, {"topic": "dos"}, "ana").model == "stub"
    with pytest.raises(UnknownPrediction):
        log.find("other", ids[0])
