"""A store that cannot be reached is not waited for without end, nor again for each figure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from pipelines.store import Store, open_store
from serving.observability.store_figures import StoreFigures

pytestmark = pytest.mark.both_databases

ADDRESS = "postgresql+psycopg://ana@db.example/contender"


@pytest.fixture
def asked() -> Iterator[list[dict[str, object]]]:
    """Let no database be reached; return what each try to reach one was told."""
    tries: list[dict[str, object]] = []

    def refuse(dialect, _record, _arguments, named):
        tries.append(dict(named))
        raise dialect.loaded_dbapi.OperationalError("nobody answers")

    event.listen(Engine, "do_connect", refuse)
    yield tries
    event.remove(Engine, "do_connect", refuse)


def test_a_database_elsewhere_is_not_waited_for_without_end(asked):
    with pytest.raises(OperationalError):
        open_store(ADDRESS)

    (told,) = asked
    assert (told["connect_timeout"], told["tcp_user_timeout"]) == (5, 10_000)


def test_an_address_may_say_how_long_to_wait(asked):
    with pytest.raises(OperationalError):
        open_store(f"{ADDRESS}?connect_timeout=30")

    (told,) = asked
    assert int(str(told["connect_timeout"])) == 30
    assert told["tcp_user_timeout"] == 10_000


def test_the_figures_of_a_store_that_is_away_wait_for_it_once(store: Store, make_settings, asked):
    store.engine.dispose()

    told = StoreFigures(make_settings(), store).render().decode()

    assert len(asked) == 1
    assert "contender_store_up 0.0" in told
    assert "contender_prediction_spool_bytes 0.0" in told
