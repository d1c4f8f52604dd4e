"""`python -m serving.openapi`: the OpenAPI document of the whole API, on standard output.

The console's types are made from it (`make console-types`). Made of the settings as they come, in
an empty home, so that it says the same on every machine.
"""

from __future__ import annotations

import sys
import tempfile
from typing import Any

import orjson

from pipelines.settings import HOME_VARIABLE, load_settings
from serving.composition import compose


def document() -> dict[str, Any]:
    """Return the document of an API that serves nothing yet."""
    with tempfile.TemporaryDirectory(prefix="contender-openapi-") as home:
        app = compose(load_settings({HOME_VARIABLE: home}))
        described = app.openapi()
        app.state.services.store.close()
    return described


def main() -> int:
    """Write the document; returns the exit code."""
    sys.stdout.buffer.write(orjson.dumps(document(), option=orjson.OPT_INDENT_2) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
