"""Every family of the catalogue, the tests' own one included, with the demo shop as its source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from examinee import Examinee
from stub_family import write_texts

from features.demo.shop import write_demo
from pipelines import catalog
from pipelines.settings import FILE_NAME, Settings, load_settings

ROOT = Path(__file__).resolve().parent.parent.parent
LARGE = {"demand_forecast", "fashion_recommendations", "product_categories", "product_codes"}
"""Families that load TensorFlow, search a forest or fit long, here and in fresh processes: not for
the fast tier, in which the other ones stand for them."""
STUB = '\n[models.stub.source]\nurl = "var/demo/stub.csv"\n'


@pytest.fixture(scope="session")
def demo_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a home with demo data: the project's own, and one line for the stub."""
    home = tmp_path_factory.mktemp("demo-home")
    write_demo(home / "var" / "demo")
    write_texts(home / "var" / "demo" / "stub.csv", rows=2000)
    own = (ROOT / FILE_NAME).read_text(encoding="utf-8")
    (home / FILE_NAME).write_text(own + STUB, encoding="utf-8")
    return load_settings({"CONTENDER_HOME": str(home)})


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else [])
        for name in catalog.names()
    ],
)
def examinee(
    request: pytest.FixtureRequest,
    demo_settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Examinee]:
    on_trial = Examinee(request.param, demo_settings, tmp_path_factory.mktemp("examinee"))
    yield on_trial
    on_trial.close()
