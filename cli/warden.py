"""The warden: ends a stack's processes when their supervisor dies, even by `kill -9`.

`python -m cli.warden STACK` reads its standard input, which the supervisor holds open and never
writes to; its end is the supervisor's end.
"""

from __future__ import annotations

import signal
import sys

from cli.processes import SUPERVISOR, end, marked

GRACE_SECONDS = 5.0


def main(stack: str) -> None:
    """Wait for the supervisor's end, then end what it left behind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdin.read()
    # A supervisor that ends in peace waits for its warden, and has an exit code of its own to give.
    supervisors = marked(stack, SUPERVISOR)
    end([process for process in marked(stack) if process not in supervisors], GRACE_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1])
