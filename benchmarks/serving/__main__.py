"""The server measured: `python -m benchmarks.serving`, from the project's folder.

    cp -r HOME /tmp/copy && .venv/bin/python -m benchmarks.serving --quick --home /tmp/copy \
        [--only product_codes ...] [--connections 1 64] [--rounds 2] [--seconds 1.5]

One core serves, another asks. `req/CPU s` is answers for each second of processor time of the
server: what a busy machine takes away is not in it. `others on core` is what else ran on the
server's core meanwhile; where that is more than a few percent, ratios say more than figures.
"""

from __future__ import annotations

import argparse
import signal
from pathlib import Path

from benchmarks.serving import quick


def main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # no server is left behind
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a home's own champions, no peers")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--connections", nargs="+", type=int, default=[1, 64])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1.5)
    given = parser.parse_args()
    quick.run(given.home.resolve(), given.only, given.connections, given.rounds, given.seconds)


if __name__ == "__main__":
    main()
