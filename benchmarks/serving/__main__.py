"""The server measured, from the project's folder: quickly, or the whole of docs/performance.md.

    cp -r HOME /tmp/copy && .venv/bin/python -m benchmarks.serving --quick --home /tmp/copy \
        [--only product_codes ...] [--connections 1 64] [--rounds 2] [--seconds 1.5]
    .venv/bin/python -m benchmarks.serving [--parts swaps growth] [--minutes 8] [--fresh] [--write]

One core serves, another asks. `req/CPU s` is answers for each second of processor time of the
server: what a busy machine takes away is not in it. `others on core` is what else ran on the
server's core meanwhile; where that is more than a few percent, ratios say more than figures.

The whole run makes a home of its own in var/bench (once, some ten minutes), installs the peers in
environments of their own, keeps what it finds in var/bench/results, and with --write puts that into
the page and draws its picture. With --parts and no name it only writes.
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
    _arguments(parser)
    given = parser.parse_args()
    if given.quick:
        home = given.home.resolve()
        quick.run(home, given.only, given.connections, given.rounds, given.seconds)
        return
    from benchmarks.serving import whole  # noqa: PLC0415 - the quick look waits for no MLflow

    limits = whole.Limits(given.requests, given.swaps, given.minutes)
    if given.parts == []:
        whole.write_page()
        return
    whole.run(given.parts or (), limits, fresh=given.fresh, write=given.write)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="a home's own champions, no peers")
    parser.add_argument("--home", type=Path, help="what --quick serves; it is written to")
    parser.add_argument("--only", nargs="+", default=[], help="models of --quick")
    parser.add_argument("--connections", nargs="+", type=int, default=[1, 64])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--parts", nargs="*", help="parts of the whole run; default: all")
    parser.add_argument("--requests", type=int, default=2_000_000, help="of the long run")
    parser.add_argument("--swaps", type=int, default=500, help="during the long run")
    parser.add_argument("--minutes", type=float, default=8.0, help="at most, of the long run")
    parser.add_argument("--fresh", action="store_true", help="train the models again")
    parser.add_argument("--write", action="store_true", help="fill docs/performance.md")


if __name__ == "__main__":
    main()
