"""The draw of a campaign: of a pool in its random order, who is asked for a label.

Pure, so that a replay draws again from the recorded seed.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from pipelines.gate.labelled import disagreeing

AGREEING_SHARE = 0.2
"""Part of the labels that is asked for among questions which the models answer alike."""


def drawn(rows: pd.DataFrame, limit: int, seed: str) -> pd.DataFrame:
    """Return the pool with who is asked for: `asked`, `queue` (the turn), `stratum`, `weight`.

    The questions on which the challenger stands alone are asked for from the first on, others too
    for a fifth of the labels. `weight` says how many questions one that is asked for stands for.
    Both kinds are mixed at random: a reviewer's screen does not betray which is which.
    """
    differ = disagreeing(rows)
    agreeing = min(int((~differ).sum()), max(1, round(AGREEING_SHARE * limit)))
    wanted = min(int(differ.sum()), limit - agreeing)
    agreeing = min(agreeing, max(1, round(wanted * AGREEING_SHARE / (1 - AGREEING_SHARE))))
    chosen = [np.flatnonzero(differ)[:wanted], np.flatnonzero(~differ)[:agreeing]]
    asked = np.zeros(len(rows), dtype=bool)
    asked[np.concatenate(chosen)] = True
    counts = {True: max(wanted, 1), False: max(agreeing, 1)}
    sizes = {True: int(differ.sum()), False: int((~differ).sum())}
    return rows.assign(
        asked=asked,
        queue=_queue(chosen, len(rows), seed),
        stratum=np.where(differ, "disagree", "agree"),
        weight=[sizes[bool(each)] / counts[bool(each)] for each in differ],
    )


def _queue(
    chosen: list[np.ndarray[tuple[int], np.dtype[np.intp]]], rows: int, seed: str
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return each row's turn, -1 for those that are not asked for; either kind keeps its order."""
    kinds = np.repeat(np.arange(len(chosen)), [len(each) for each in chosen])
    rng = np.random.default_rng(int(turn(seed, "queue")[:16], 16))
    rng.shuffle(kinds)
    queue = np.full(rows, -1, dtype=np.int64)
    for kind, each in enumerate(chosen):
        queue[each] = np.flatnonzero(kinds == kind)
    return queue


def turn(seed: str, question: str) -> str:
    """Return what questions are put in order by: random, and the same for a seed for ever."""
    return hashlib.sha256(f"{seed}\0{question}".encode("utf-8", "surrogatepass")).hexdigest()
