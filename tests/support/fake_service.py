"""A tiny service: answers on a port, may start a grandchild in a session of its own.

Run as a script: `fake_service.py JOURNAL NAME [--grandchild] [--deaf]`. It appends
`started NAME` and `stopped NAME` to the journal and writes `NAME.pid` beside it once it is up.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    journal, name = Path(sys.argv[1]), sys.argv[2]
    if "--fail" in sys.argv:
        sys.stdout.write("no licence found\n")
        sys.exit(3)
    if "--grandchild" in sys.argv:
        child = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
        )
        journal.with_name(f"{name}.grandchild").write_text(str(child.pid))
    # Before anybody can know that it is up: who is told so may stop it at once.
    if "--deaf" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: leave(journal, name))
    say(journal, f"started {name}")
    journal.with_name(f"{name}.pid").write_text(str(os.getpid()))
    if "--once" in sys.argv:
        return
    while True:
        time.sleep(0.05)


def leave(journal: Path, name: str) -> None:
    say(journal, f"stopped {name}")
    sys.exit(0)


def say(journal: Path, line: str) -> None:
    with journal.open("a") as stream:
        stream.write(line + "\n")


if __name__ == "__main__":
    main()
