"""Prints the extras that `contender.toml` asks for, as an installer takes them: `[a,b]` or nothing.

Run from the project's folder before anything is installed, so by the standard library alone. The
settings are checked later, by `contender up`; here what is odd is left out.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

SETTINGS = "contender.toml"


def main() -> None:
    """Print the extras that the home's settings, or the project's, ask for."""
    home = Path(os.environ.get("CONTENDER_HOME", "."), SETTINGS)
    settings = tomllib.loads((home if home.is_file() else Path(SETTINGS)).read_text("utf-8"))
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    wanted = sorted(set(asked(settings)) & project["optional-dependencies"].keys())
    # An empty pair of brackets is taken by no installer.
    sys.stdout.write(f"[{','.join(wanted)}]" if wanted else "")


def asked(settings: Mapping[str, object]) -> Iterator[str]:
    """Yield the names of models, pools and parts that have an extra of their name, or none."""
    models = _table(settings, "models")
    yield from models
    runs = [_table(model, "runs") for model in models.values() if isinstance(model, Mapping)]
    for place in (_table(settings, "flows"), *runs):
        yield str(place.get("pool", ""))
    if _table(settings, "workers").get("models"):
        yield "model_workers"
    if _table(settings, "traces").get("url"):
        yield "traces"


def _table(settings: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = settings.get(name)
    return found if isinstance(found, Mapping) else {}


if __name__ == "__main__":
    main()
