"""Writes the audit log: what was changed and who was turned away, before the answer leaves."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Scope

from pipelines.access.audit import AuditLog, Deed, Outcome
from pipelines.store import Store
from serving.access.caller import ANONYMOUS, Caller
from serving.access.door import address_of
from serving.access.rates import Meter, Rate
from serving.access.routes import Asked

DENIED = Rate(300, 60.0)
"""Rows for those turned away; more are counted, and told by the next row."""
FORGET_SECONDS = 6 * 3600.0

logger = logging.getLogger(__name__)


class Trail:
    """One application's way to the audit log."""

    def __init__(self, store: Store, keep: timedelta) -> None:
        self._log = AuditLog(store)
        self._keep = keep
        self._denied = Meter(DENIED)
        self._untold = 0
        self._forgot_at = float("-inf")

    def deed(self, scope: Scope, asked: Asked | None, status: int, note: str = "") -> Deed:
        """Return what a request was, by its scope and the status of its answer."""
        state = scope["state"]
        caller: Caller | None = state.get("caller")
        return Deed(
            who=caller.name if caller else ANONYMOUS,
            key_id=caller.key_id if caller else None,
            role=caller.role.word if caller else "none",
            action=asked.action if asked else f"{scope['method'][:10]} unknown",
            path=scope["path"],
            address=address_of(scope)[:64],
            request_id=str(state.get("request_id", ""))[:64],
            status=status,
            outcome=outcome_of(status),
            note=note,
        )

    def takes_denied(self) -> bool:
        """Whether there is room for another row about somebody turned away; counts it."""
        if self._denied.wait(""):
            self._untold += 1
            return False
        self._denied.count("")
        return True

    def write(self, deed: Deed) -> None:
        """Append a row; where the store is away, the server's own log has it."""
        untold, self._untold = self._untold, 0
        if untold:
            deed = Deed(**{**vars(deed), "note": f"{deed.note} ({untold} more denials untold)"})
        try:
            self._log.add(deed)
            self._forget_now_and_then()
        except SQLAlchemyError as error:
            logger.error("the audit log is away: %s: %s", deed, error)

    def _forget_now_and_then(self) -> None:
        if time.monotonic() > self._forgot_at + FORGET_SECONDS:
            self._forgot_at = time.monotonic()
            self._log.forget(self._keep)


def outcome_of(status: int) -> Outcome:
    """Return what a status means for whoever reads the log."""
    if status in (401, 403, 429):
        return "denied"
    return "done" if status < 400 else "refused" if status < 500 else "failed"
