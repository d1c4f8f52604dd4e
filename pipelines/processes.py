"""Which process of which host somebody is, so that a killed one is told from a silent one."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

import psutil

CLOCK_CORRECTION_SECONDS = 2.0


@dataclass(frozen=True)
class ProcessIdentity:
    """One process of one host; `started_at` tells it from a later one with the same id."""

    host: str
    pid: int
    started_at: str
    """Seconds since 1970, as text: it is compared and never counted with in a store."""

    @property
    def is_dead(self) -> bool:
        """Whether it has surely ended. Of another host's process nobody here can know."""
        if self.host != socket.gethostname():
            return False
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
            # A process id is used again after a while, so the start time has to agree as well; the
            # system derives it from the wall clock, which may be corrected by a moment.
            apart = abs(process.create_time() - float(self.started_at))
        except psutil.NoSuchProcess:
            return True
        return apart >= CLOCK_CORRECTION_SECONDS


def this_process() -> ProcessIdentity:
    """Return the identity of the process that asks."""
    return ProcessIdentity(socket.gethostname(), os.getpid(), repr(psutil.Process().create_time()))
