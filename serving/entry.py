"""What uvicorn asks for in each worker process: protocol and application, and no more than needed.

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
PROTOCOL = "HotProtocol"


def __getattr__(name: str) -> object:
    """Return the protocol. uvicorn asks for it first, and it brings in most of the rest."""
    if name != PROTOCOL:
        raise AttributeError(f"{__name__} has no {name}")
    leave_out_unused()
    from serving.hot import wire

    return wire.HotProtocol


def build() -> FastAPI:
    """Return the application of this process, by the settings of its environment."""
    leave_out_unused()
    from serving import composition

    return composition.build()


def leave_out_unused() -> None:
    """Say that some modules are not there, to whoever imports them from now on."""
    for module in UNUSED:
        sys.modules.setdefault(module, None)  # type: ignore[arg-type]
