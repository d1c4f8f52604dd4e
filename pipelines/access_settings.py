"""What a user may set of access: what is allowed without a key, limits, retention."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipelines.model_settings import Strict

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
