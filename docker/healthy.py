"""A container's health check: `healthy.py URL`, or `healthy.py FILE` that holds a process's id.

Exits 0 when the address answers 200, or when that process lives. Needs nothing but Python.
"""

import os
import sys
import urllib.request
from pathlib import Path

TIMEOUT_SECONDS = 4


def main(what: str) -> int:
    """Return 0 where `what` is well; raises `OSError` or `ValueError` where it is not."""
    if what.startswith("http://"):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(what, timeout=TIMEOUT_SECONDS) as answer:
            return 0 if answer.status == 200 else 1
    os.kill(int(Path(what).read_text(encoding="utf-8")), 0)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except (OSError, ValueError) as error:  # an HTTP error is an OSError, too
        sys.exit(f"{sys.argv[1]}: {error}")
