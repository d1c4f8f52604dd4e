"""What a user may set of access: what is allowed without a key, limits, retention."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipelines.model_settings import Strict

OWN_KEY = "CONTENDER_API_KEY"
"""The key that our own flows and commands show the API, where it wants one."""
RATE = r"^[1-9][0-9]{0,8}/(second|minute|hour|day)$"


class AccessSettings(Strict):
    """Who may do what with a key and without one; see docs/access.md."""

    anonymous: Literal["none", "viewer", "reviewer", "operator"] | None = None
    """What a caller without a key may do. Unset it is `operator` for direct requests of this
    machine while the API listens on loopback only, and `none` otherwise."""
    hosts: tuple[str, ...] = ()
    """Names, beside this machine's own, under which the API may be asked without a key."""
    session_hours: float = Field(12.0, gt=0, le=24 * 30)
    """How long a sign-in at the console lasts."""
    key_rate: str | None = Field(None, pattern=RATE)
    """Requests of one key, each worker counting its own, such as `6000/minute`."""
    address_rate: str | None = Field(None, pattern=RATE)
    """Requests without a key of one address. Unset it is `1200/minute` beyond loopback."""
    audit_days: float = Field(400.0, ge=1)
    """How long the audit log is kept."""


def own_key_file(home: Path) -> Path:
    """Return where a home folder keeps our own key, where the API has made one."""
    return home / "var" / "access" / "own.key"


def with_own_key(variables: Mapping[str, str], home: Path) -> Mapping[str, str]:
    """Return the variables, with the file of our own key named where there is one and none is."""
    file = own_key_file(home)
    if variables.get(OWN_KEY) or variables.get(f"{OWN_KEY}_FILE") or not file.is_file():
        return variables
    return {**variables, f"{OWN_KEY}_FILE": str(file)}
