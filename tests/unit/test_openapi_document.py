"""The document that the console's types are made from is the one that the API answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "console" / "openapi.json"


def test_the_consoles_copy_says_what_the_api_says():
    written = subprocess.run(
        [sys.executable, "-m", "serving.openapi"], capture_output=True, check=True, cwd=ROOT
    ).stdout

    now, kept = json.loads(written), json.loads(KEPT.read_bytes())

    assert now.keys() == kept.keys()
    for part in ("paths", "components"):
        changed = {
            name
            for name in now[part].keys() | kept[part].keys()
            if now[part].get(name) != kept[part].get(name)
        }
        assert not changed, "write it anew with `make console-types`"
    assert written == KEPT.read_bytes()
