"""Choices of the review desk under kill -9: sent again until answered, each counts exactly once."""

from __future__ import annotations

import threading
from pathlib import Path

import httpx
import pytest
from serving_process import ServingProcess

from pipelines.labels import Labels, exact
from pipelines.orders.choices import Choices
from pipelines.orders.order_lines import IncomingLine, OrderLine, OrderLines
from pipelines.orders.product_catalogue import MODEL
from pipelines.store import Store, open_store

LINES = 120
BATCH = 4
KILLS = 2


def batch_of(lines: list[OrderLine]) -> dict[str, object]:
    choices = [
        {
            "id": f"choice-{line.position}",
            "line_id": line.line_id,
            "action": "change",
            "code": f"code-{line.position}",
            "at": "2026-11-21T10:00:00Z",
        }
        for line in lines
    ]
    return {"reviewer": "ana", "choices": choices}


def send(url: str, waiting: list[dict[str, object]], answered: list[int]) -> None:
    """Send what waits, in order, until the server does not answer."""
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        while waiting:
            try:
                response = client.post("/v1/review/choices", json=waiting[0])
            except httpx.TransportError:
                return
            assert response.status_code == 200, response.text
            outcomes = {one["outcome"] for one in response.json()["outcomes"]}
            assert outcomes <= {"kept", "already"}
            waiting.pop(0)
            answered.append(len(waiting))


def opened(home: Path) -> Store:
    return open_store(f"sqlite:///{home / 'var' / 'contender.db'}")


@pytest.mark.slow
def test_every_choice_counts_once_although_the_server_is_killed(tmp_path: Path) -> None:
    (tmp_path / "contender.toml").write_text("[serving]\nworkers = 1\n")
    store = opened(tmp_path)
    OrderLines(store).add([IncomingLine("m1", n, f"tornillo {n}", 1.0) for n in range(LINES)])
    lines = sorted(OrderLines(store).message("m1"), key=lambda line: line.position)
    store.close()
    waiting = [batch_of(lines[start : start + BATCH]) for start in range(0, LINES, BATCH)]
    answered: list[int] = []

    for life in range(KILLS + 1):
        with ServingProcess(tmp_path) as server:
            sending = threading.Thread(target=send, args=(server.url, waiting, answered))
            sending.start()
            if life < KILLS:
                enough = len(answered) + LINES // BATCH // (KILLS + 2)
                while len(answered) < enough:
                    sending.join(0.002)
                server.kill()
            sending.join()

    assert waiting == []
    store = opened(tmp_path)
    standing = Choices(store).standing([line.line_id for line in lines])
    confirmed = Labels(store).confirmed(MODEL)
    kept = Labels(store).training_rows(MODEL) + Labels(store).test_rows(MODEL)
    store.close()
    assert {line.position: standing[line.line_id].code for line in lines} == {
        line.position: f"code-{line.position}" for line in lines
    }
    assert {confirmed[exact(line.description)].value for line in lines} == {
        f"code-{line.position}" for line in lines
    }
    assert len(kept) == len(lines)
    assert all(standing[line.line_id].label_made for line in lines)
