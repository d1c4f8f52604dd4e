"""One call of a model for several requests: everybody gets his own answer, or his own error."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from pipelines.contract import RequestRefused, Row
from pipelines.versions.flavour_runtime import WorkerLost
from serving.live.turns import Part, Rows, Ticket

PLACE = re.compile(r"^instance (\d+)\b")


class Calls:
    """Asks a model, and tells those who wait.

    `lock` guards the tickets where several threads answer parts of one; `tell` wakes those who
    wait. It knows nobody who holds it: a version that was replaced is gone with its last reference,
    and not when garbage is looked for.
    """

    def __init__(
        self,
        predict: Callable[[Sequence[Row]], Rows],
        *,
        lock: AbstractContextManager[object],
        tell: Callable[[Sequence[Ticket]], None],
    ) -> None:
        self._predict = predict
        self._lock = lock
        self._tell = tell

    def answer(self, parts: Sequence[Part], drop: Callable[[Ticket], None]) -> None:
        """Ask for all in one call; where that fails, in halves until the faulty stand alone.

        `drop` ends a request of which one part failed.
        """
        try:
            rows = self._predict([row for part in parts for row in part.instances])
        except WorkerLost as error:
            # Asked once more, what killed the worker would kill the next one. Everybody gets an
            # error of his own: whoever raises it writes his way into it.
            for part in parts:
                self._fail(part, WorkerLost(str(error)), drop)
        except Exception as error:  # noqa: BLE001 - a border: handed to whoever asked
            if len(parts) == 1:
                self._fail(parts[0], placed(error, parts[0].start), drop)
                return
            half = len(parts) // 2
            self.answer(parts[:half], drop)
            self.answer(parts[half:], drop)
        else:
            self._give(parts, rows)

    def _give(self, parts: Sequence[Part], rows: Rows) -> None:
        whole = []
        with self._lock:
            for part in parts:
                if part.ticket.give(part.start, rows[: part.size]):
                    whole.append(part.ticket)
                rows = rows[part.size :]
        self._tell(whole)

    def _fail(self, part: Part, error: Exception, drop: Callable[[Ticket], None]) -> None:
        part.ticket.error = error
        drop(part.ticket)
        self._tell([part.ticket])


def placed(error: Exception, start: int) -> Exception:
    """Return a refusal that counts instances from the start of the request, not of the call."""
    if not start or not isinstance(error, RequestRefused):
        return error
    return RequestRefused(PLACE.sub(lambda found: f"instance {int(found[1]) + start}", str(error)))
