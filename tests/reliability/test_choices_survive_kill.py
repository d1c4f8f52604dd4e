"""A choice that the server has answered is kept, whatever happens to the server afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
from ports import free_port

from pipelines.labels import Labels
from pipelines.store import open_store

SETTINGS = """
[models.product_codes.source]
url = "codes.csv"
"""


def start(home: Path, port: int) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "CONTENDER_HOME": str(home),
        "CONTENDER_PORT_API": str(port),
        "CONTENDER_PORT_MLFLOW": str(free_port()),
        "CONTENDER_PORT_PREFECT": str(free_port()),
    }
    with (home / "log.txt").open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "serving"], env=environment, stdout=log, stderr=log, cwd=home
        )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/livez", trust_env=False).is_success:
                return server
        except httpx.TransportError:
            time.sleep(0.1)
    server.kill()
    raise AssertionError((home / "log.txt").read_text())


def test_no_answered_choice_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    (tmp_path / "contender.toml").write_text(SETTINGS)
    port = free_port()
    answered: list[str] = []

    def choose(client: httpx.Client, worker: int) -> None:
        for number in range(100_000):
            name = f"{worker}-{number}"
            try:
                response = client.post(
                    f"http://127.0.0.1:{port}/api/send-seleccion",
                    json={"seleccion": name, "descripcion": f"tornillo {name}"},
                )
            except httpx.TransportError:
                return
            if response.is_success:
                answered.append(name)

    server = start(tmp_path, port)
    with httpx.Client(trust_env=False, timeout=60) as client:
        people = [threading.Thread(target=choose, args=(client, n)) for n in range(3)]
        for person in people:
            person.start()
        while len(answered) < 40:
            time.sleep(0.01)
        server.send_signal(signal.SIGKILL)
        for person in people:
            person.join()
    server.wait()

    store = open_store(f"sqlite:///{tmp_path / 'var' / 'contender.db'}")
    kept = {label.value for label in Labels(store).confirmed("product_codes").values()}
    store.close()
    assert len(answered) >= 40
    assert set(answered) <= kept
