"""`contender up` where the API takes a key of everybody: it asks by the key that the API made."""

from __future__ import annotations

import signal

from cli import extras, first_run, stack, up
from pipelines.access_settings import own_key_file

KEY = "ck_0123456789_" + "0" * 64


def test_the_first_start_asks_by_the_key_that_the_api_has_just_made(home, monkeypatch):
    def ready(*_: object, **__: object) -> None:
        file = own_key_file(home)
        file.parent.mkdir(parents=True)
        file.write_text(f"{KEY}\n", encoding="ascii")

    seen: list[dict[str, str]] = []
    monkeypatch.setenv("CONTENDER_HOME", str(home))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(extras, "require", lambda _: None)
    monkeypatch.setattr(stack, "start", lambda *_, **__: None)
    monkeypatch.setattr(stack, "wait_until_ready", ready)
    monkeypatch.setattr(
        first_run, "bring_up_champions", lambda settings: seen.append(settings.logins.api_headers)
    )
    for step in ("print_welcome", "begin_demo_day"):
        monkeypatch.setattr(first_run, step, lambda *_, **__: None)

    up.up(detach=True, ports="", bootstrap=True)

    assert seen == [{"Authorization": f"Bearer {KEY}"}]
