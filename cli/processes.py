"""Processes of one stack, found by a mark in their environment and ended without remainder.

A mark is inherited by every descendant, so it also finds those that left their process group or
lost their parent: what process groups and parent links cannot promise.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

import psutil

STACK_VARIABLE = "CONTENDER_STACK"
SERVICE_VARIABLE = "CONTENDER_STACK_SERVICE"
SUPERVISOR = "supervisor"
"""The mark of the supervisor itself, among its services."""


def mark(stack: str, service: str) -> dict[str, str]:
    """Return the environment variables by which a process of a stack is known."""
    return {STACK_VARIABLE: stack, SERVICE_VARIABLE: service}


def marked(stack: str, service: str | None = None) -> list[psutil.Process]:
    """Return the live processes of a stack, or of one of its services."""
    found = []
    # Kept from an earlier look, what has got the id of a process that is gone would pass for it,
    # and be taken for gone when it is to be ended.
    psutil.process_iter.cache_clear()
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            environment = process.environ()
            ended = process.status() == psutil.STATUS_ZOMBIE
        except (psutil.Error, OSError):  # gone meanwhile, or another user's
            continue
        if environment.get(STACK_VARIABLE) != stack or ended:
            continue
        if service is None or environment.get(SERVICE_VARIABLE) == service:
            found.append(process)
    return found


def end(processes: Iterable[psutil.Process], grace_seconds: float) -> None:
    """Ask the processes to end, then kill those that still live after the grace time."""
    listed = list(processes)
    for process in listed:
        _signal(process, terminate=True)
    for process in _still_alive(listed, grace_seconds):
        _signal(process, terminate=False)
    _still_alive(listed, 5.0)


def _still_alive(listed: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait for processes to end without reaping them: a child's exit is its parent's to read."""
    deadline = time.monotonic() + seconds
    while alive := [process for process in listed if _lives(process)]:
        if time.monotonic() > deadline:
            return alive
        time.sleep(0.05)
    return []


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(process: psutil.Process, *, terminate: bool) -> None:
    try:
        process.terminate() if terminate else process.kill()
    except psutil.NoSuchProcess:
        return
