"""Every command in docs/protocols.md does what the page says it does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from curl import commands_of, request_of
from domain_stage import DomainStage, serve_categoriser
from served_app import ServedApp

from pipelines.settings import Settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "protocols.md"
COMMANDS = commands_of(PAGE)
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture
def served(make_settings: Callable[..., Settings]) -> Iterator[ServedApp]:
    names = ("product_codes", "product_categories")
    stage = DomainStage(
        make_settings(models={name: {"source": {"url": "x.csv"}} for name in names})
    )
    with ServedApp(stage.app()) as served:
        serve_categoriser(served.app)
        yield served
    stage.close()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_works(command: str, served: ServedApp) -> None:
    method, path, headers, body = request_of(command)

    url = f"http://{served.address}{path}"
    response = httpx.request(
        method, url, headers=headers, content=body, timeout=60, trust_env=False
    )

    assert response.status_code == 200, response.text
    assert body is None or "Herramienta" in response.text


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.splitlines()[1])
def test_the_program_works(
    program: str, served: ServedApp, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(program.replace("8000", str(served.port)), {})

    assert "Herramienta" in capsys.readouterr().out


def test_every_path_of_the_protocols_has_its_command(served: ServedApp) -> None:
    asked = {request_of(command)[1].partition("?")[0] for command in COMMANDS}
    paths = {path.replace("product_categories", "{name}") for path in asked}
    documented = {
        path
        for path in served.app.openapi()["paths"]
        if path.startswith(("/v2", "/ping", "/version", "/invocations"))
        or path.endswith("/invocations")
    }

    assert {path for path in documented if "{version}" not in path} == paths


def test_both_programs_were_found() -> None:
    assert len(PROGRAMS) == 2
