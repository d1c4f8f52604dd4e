"""What the review desk's doubts are worth: on the demo shop's orders, whose true codes are known.

Asks a running server: `python -m benchmarks.review_doubts --url http://127.0.0.1:8000`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import httpx

from features.demo.catalogue import variants
from features.demo.orders import order_lines
from features.demo.stock import CODED_VARIANTS, Demand

Line = dict[str, Any]
DOUBTS = ("unsure", "close", "category", "challenger", "refused")


def main(arguments: list[str] | None = None) -> int:
    """Print how many lines are doubted and how many of those are wrong; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--seed", type=int, default=7, help="of `contender demo-data`")
    asked = parser.parse_args(arguments)
    meant = true_codes(asked.seed)
    document = httpx.get(f"{asked.url}/v1/review/lines", timeout=60).raise_for_status().json()
    lines = [
        {
            **line,
            "wrong": line["code"]["value"] != meant[message["message_id"], line["description"]],
        }
        for message in document["messages"]
        for line in message["lines"]
        if line["code"] and not line["code"]["confirmed"]
    ]
    sys.stdout.write("| lines | how many | wrong |\n| --- | --- | --- |\n")
    for name, some in groups(lines):
        sys.stdout.write(f"| {name} | {len(some)} | {sum(line['wrong'] for line in some)} |\n")
    return 0


def true_codes(seed: int) -> dict[tuple[str, str], str]:
    """Return what was meant, by message and description."""
    demand = Demand(variants(), Random(f"{seed} demand")).best_sellers(CODED_VARIANTS)
    lines = order_lines(demand, Random(f"{seed} orders"))
    return {(line.message_id, line.description): line.code for line in lines}


def groups(lines: Sequence[Line]) -> list[tuple[str, Sequence[Line]]]:
    """Return named parts of the lines: by doubt, and the first quarter in two orders."""
    quarter = len(lines) // 4

    def first(key: Callable[[Line], float]) -> Sequence[Line]:
        return sorted(lines, key=key)[:quarter]

    return [
        ("all", lines),
        *((doubt, [line for line in lines if doubt in line["doubts"]]) for doubt in DOUBTS),
        ("any doubt", [line for line in lines if line["doubts"]]),
        ("no doubt", [line for line in lines if not line["doubts"]]),
        ("first quarter by priority", first(lambda line: -line["priority"])),
        ("first quarter by confidence", first(lambda line: line["code"]["confidence"])),
    ]


if __name__ == "__main__":
    sys.exit(main())
