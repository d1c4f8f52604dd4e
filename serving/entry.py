"""What uvicorn calls in each worker process: the application, without what it never runs.

Libraries load more than a server needs where it is installed: httpx its command line with `rich`
and `pygments`, httpcore HTTP/2, FastAPI the models of pydantic 1. Each does without where it is
missing, so it is missing here: 8 MB and 60 ms of each start.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

UNUSED = ("httpx._main", "h2", "pydantic.v1")


def build() -> FastAPI:
    """Return the application of this process, by the settings of its environment."""
    for module in UNUSED:
        # None says that it is not there, to whoever imports it from now on.
        sys.modules.setdefault(module, None)  # type: ignore[arg-type]
    from serving import composition

    return composition.build()
