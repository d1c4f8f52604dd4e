"""Stochastic gradient descent over one epoch, compiled by numba when first called.

Compiled anew in each process that fits (about a second): a cache on disk needs a place that can
be written, which an installed package is not, and outlives the machine it was compiled for. One
thread, so that the same rows and seed give the same factors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]
compiled = njit(nogil=True, fastmath=True)


class Rows(NamedTuple):
    """The ratings, sorted by user, and the order in which the users are visited."""

    order: NDArray[np.int32]
    offsets: NDArray[np.int64]
    item: NDArray[np.int32]
    rating: Floats


class State(NamedTuple):
    """What is learnt, changed in place; `implicit` has no rows for plain SVD."""

    user_bias: Floats
    item_bias: Floats
    user: Floats
    item: Floats
    implicit: Floats


@compiled
def epoch(rows: Rows, state: State, mean: float, rate: float, decay: float) -> float:
    """Visit each rating once and return the mean squared error met on the way.

    SVD: r = mean + b_u + b_i + q_i . p_u (Koren, Bell and Volinsky 2009). SVD++, where `state`
    has implicit factors y: q_i . (p_u + |N(u)|^-1/2 sum of y_j over N(u)) (Koren 2008), but that y
    moves, and shrinks, once a user and not once a rating (see `_spread`). `rate` is the step,
    `decay` the L2 penalty of every parameter.
    """
    width = state.user.shape[1]
    implied, moved = np.zeros(width, np.float32), np.zeros(width, np.float32)
    plus = len(state.implicit) > 0
    total = 0.0
    for u in rows.order:
        start, end = rows.offsets[u], rows.offsets[u + 1]
        if plus and end > start:
            _imply(rows.item[start:end], state.implicit, implied)
            moved[:] = 0
        for row in range(start, end):
            i = rows.item[row]
            guess = mean + state.user_bias[u] + state.item_bias[i]
            guess += _dot(state.user[u], implied, state.item[i])
            error = rows.rating[row] - guess
            total += error * error
            state.user_bias[u] += rate * (error - decay * state.user_bias[u])
            state.item_bias[i] += rate * (error - decay * state.item_bias[i])
            _step(state.user[u], state.item[i], implied, moved, rate * error, rate * decay)
        if plus and end > start:
            _spread(rows.item[start:end], state.implicit, moved, rate * decay)
    return total / max(len(rows.item), 1)


@compiled
def _dot(user: Floats, implied: Floats, item: Floats) -> float:
    total = np.float32(0)
    for f in range(len(user)):
        total += (user[f] + implied[f]) * item[f]
    return float(total)


@compiled
def _step(
    user: Floats, item: Floats, implied: Floats, moved: Floats, step: float, shrink: float
) -> None:
    """Move both factors along the error; `moved` collects what the implicit ones are owed."""
    s, d = np.float32(step), np.float32(shrink)
    for f in range(len(user)):
        p, q = user[f], item[f]
        moved[f] += s * q
        user[f] += s * q - d * p
        item[f] += s * (p + implied[f]) - d * q


@compiled
def _imply(items: NDArray[np.int32], implicit: Floats, implied: Floats) -> None:
    implied[:] = 0
    for i in items:
        for f in range(len(implied)):
            implied[f] += implicit[i, f]
    implied /= np.float32(np.sqrt(len(items)))


@compiled
def _spread(items: NDArray[np.int32], implicit: Floats, moved: Floats, shrink: float) -> None:
    """Move the implicit factors of a user's items once, by the sum of what each rating owes them.

    In the place of once a rating: an epoch stays linear in the number of ratings.
    """
    share, d = np.float32(1 / np.sqrt(len(items))), np.float32(shrink)
    for i in items:
        for f in range(len(moved)):
            implicit[i, f] += share * moved[f] - d * implicit[i, f]
