from __future__ import annotations

import pytest

from cli import extras
from cli.screen import CommandFailed

REQUIREMENTS = (
    "numpy>=2",
    'surely-not-installed>=1; extra == "demand_forecast"',
    'numpy>=2; extra == "demand_forecast"',
    'nowhere-to-be-found; extra == "fashion_recommendations"',
)


def test_a_model_whose_packages_are_missing_is_named_with_them():
    with pytest.raises(CommandFailed, match="demand_forecast needs surely-not-installed"):
        extras.require(["product_codes", "demand_forecast"], REQUIREMENTS)


def test_only_configured_models_count():
    extras.require(["product_codes"], REQUIREMENTS)


def test_the_development_environment_has_what_every_model_needs():
    extras.require(["product_recommendations", "fashion_recommendations", "demand_forecast"])
