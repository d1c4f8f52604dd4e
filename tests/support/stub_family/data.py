"""Rows with a known difficulty: words of a topic, words of no topic, and some wrong labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

TOPICS = ("pintura", "herramienta", "plomería", "eléctrico")
OWN_WORDS = 12
SHARED_WORDS = 15
LENGTH = 6


def texts(rows: int = 600, *, seed: int = 5, noise: float = 0.05) -> pd.DataFrame:
    """Return `rows` texts with their topic, of which a share `noise` carries a wrong one."""
    rng = np.random.default_rng(seed)
    topics = rng.integers(len(TOPICS), size=rows)
    own = rng.random((rows, LENGTH)) < 0.3
    numbers = np.where(
        own,
        rng.integers(OWN_WORDS, size=(rows, LENGTH)),
        rng.integers(SHARED_WORDS, size=(rows, LENGTH)),
    )
    lines = [
        " ".join(
            f"{TOPICS[topic][:4]}{number}" if is_own else f"común{number}"
            for number, is_own in zip(line, marks, strict=True)
        )
        for topic, line, marks in zip(topics, numbers, own, strict=True)
    ]
    wrong = rng.random(rows) < noise
    shown = np.where(wrong, rng.integers(len(TOPICS), size=rows), topics)
    return pd.DataFrame({"text": lines, "topic": [TOPICS[topic] for topic in shown]})


def write_texts(path: Path, rows: int = 600, *, seed: int = 5, noise: float = 0.05) -> Path:
    """Write such rows as CSV and return where they are."""
    texts(rows, seed=seed, noise=noise).to_csv(path, index=False)
    return path
