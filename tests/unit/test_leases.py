"""A lease keeps two runs apart and never outlives its holder."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sqlalchemy import select
from waiting import wait_for

from pipelines.leases import Busy, Lease
from pipelines.settings import Settings
from pipelines.store import Store, leases

pytestmark = pytest.mark.both_databases

HOLD_FOR_EVER = """
import sys, time
from pipelines.leases import Lease
from pipelines.store import open_store

with Lease(open_store(sys.argv[1]), "train:stub"):
    print("held", flush=True)
    time.sleep(600)
"""


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_second_holder_is_told_who_holds_it(store: Store) -> None:
    with Lease(store, "train:stub"), pytest.raises(Busy, match="train:stub is busy: process"):
        Lease(store, "train:stub").__enter__()


def test_other_names_are_free(store: Store) -> None:
    with Lease(store, "train:stub"), Lease(store, "train:other"):
        pass


def test_released_lease_can_be_taken_again(store: Store) -> None:
    with Lease(store, "train:stub"):
        pass
    with Lease(store, "train:stub"):
        pass


def test_lease_is_released_when_the_work_fails(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), Lease(store, "train:stub"):
        _ = 1 / 0
    with Lease(store, "train:stub"):
        pass


def test_expired_lease_is_taken_over_and_its_holder_notices(store: Store) -> None:
    clock = Clock()
    with Lease(store, "train:stub", duration_seconds=60, clock=clock) as first:
        clock.now += 61
        with Lease(store, "train:stub", duration_seconds=60, clock=clock):
            assert first.renew() is False


def test_renewing_keeps_others_out(store: Store) -> None:
    clock = Clock()
    with Lease(store, "train:stub", duration_seconds=60, clock=clock) as held:
        clock.now += 50
        assert held.renew() is True
        clock.now += 50
        with pytest.raises(Busy):
            Lease(store, "train:stub", clock=clock).__enter__()


def test_heartbeat_renews_by_itself(store: Store) -> None:
    clock = Clock()
    with Lease(store, "train:stub", duration_seconds=0.4, clock=clock):
        for _ in range(3):
            clock.now += 0.3
            wait_for(lambda: expires_at(store) == clock.now + 0.4)
        with pytest.raises(Busy):
            Lease(store, "train:stub", clock=clock).__enter__()


def expires_at(store: Store) -> float:
    with store.read() as connection:
        return connection.execute(select(leases.c.expires_at)).scalar_one()


def test_lease_of_a_killed_process_is_free_at_once(store: Store, settings: Settings) -> None:
    command = [sys.executable, "-c", HOLD_FOR_EVER, settings.store_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Busy):
            Lease(store, "train:stub").__enter__()
        holder.kill()
    with Lease(store, "train:stub"):
        pass
