"""The network as arrays: what Keras fitted, answered by numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.families.fashion_recommendations.taste import Inputs

Floats = NDArray[np.floating]

BLOCK = 512
"""Items answered together."""


@dataclass(frozen=True)
class Network:
    """Two towers whose product, beside the context, goes through one hidden layer.

    left = customer / scale @ taste, right = item / scale @ look + shift, x = [left * right,
    (context - centre) / scale], answer = [x, relu(x @ hidden + bias)] @ out + offset: by how much
    the rating exceeds what the biases expect.
    """

    customer_scale: Floats
    item_scale: Floats
    context_centre: Floats
    context_scale: Floats
    taste: Floats
    """(customer inputs, factors)"""
    look: Floats
    """(item inputs, factors)"""
    shift: Floats
    """(factors,)"""
    hidden: Floats
    """(factors + context, hidden)"""
    bias: Floats
    out: Floats
    """(factors + context + hidden, 1)"""
    offset: Floats
    """(1,)"""

    def scaled(self, inputs: Inputs) -> Inputs:
        """Return inputs of length about one in each number."""
        return Inputs(
            inputs.customer / self.customer_scale,
            inputs.item / self.item_scale,
            (inputs.context - self.context_centre) / self.context_scale,
        )

    def __call__(self, inputs: Inputs) -> Floats:
        """Return the answers, (n,); in blocks, so that what is between stays in the cache."""
        taste, look, shown, steps = self._folded
        left = inputs.customer @ taste
        found = np.empty(len(inputs.item))
        for start in range(0, len(found), BLOCK):
            block = slice(start, start + BLOCK)
            mine = left if len(left) == 1 else left[block]
            product = mine * (inputs.item[block] @ look + self.shift)
            context = inputs.context[block] @ shown + steps
            hidden = product @ self._inner + context[:, 1:]
            np.maximum(hidden, 0, out=hidden)
            found[block] = product @ self._outer + context[:, 0] + hidden @ self._last
        return found

    @cached_property
    def _folded(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the weights on inputs as they come, in double precision; context with its bias.

        The context's columns: what it adds to the answer, then to each hidden unit.
        """
        factors, wide = self.taste.shape[1], len(self.context_scale)
        weights = np.hstack([self.out[: factors + wide], self.hidden])[factors:].astype(np.float64)
        shown = weights / self.context_scale[:, np.newaxis]
        steps = np.concatenate([self.offset, self.bias]) - self.context_centre @ shown
        taste = self.taste / self.customer_scale[:, np.newaxis].astype(np.float64)
        look = self.look / self.item_scale[:, np.newaxis].astype(np.float64)
        return taste, look, shown, steps

    @cached_property
    def _inner(self) -> Floats:
        return self.hidden[: self.taste.shape[1]].astype(np.float64)

    @cached_property
    def _outer(self) -> Floats:
        return self.out[: self.taste.shape[1], 0].astype(np.float64)

    @cached_property
    def _last(self) -> Floats:
        return self.out[len(self.hidden) :, 0].astype(np.float64)

    @property
    def weights(self) -> list[Floats]:
        """What Keras fits, in its order."""
        return [getattr(self, field.name) for field in fields(self)[4:]]


def mean_answer(networks: Sequence[Network], inputs: Inputs) -> Floats:
    """Return the mean of the networks' answers, (n,)."""
    answers = [network(inputs) for network in networks]
    return np.asarray(np.mean(answers, axis=0))


def save(networks: Sequence[Network], directory: Path) -> None:
    """Write each network as a file."""
    for place, network in enumerate(networks):
        arrays = {field.name: getattr(network, field.name) for field in fields(network)}
        np.savez(directory / f"network-{place}.npz", **arrays, allow_pickle=False)


def opened(directory: Path) -> list[Network]:
    """Read what `save` wrote, in its order."""
    networks = []
    for place in range(len(list(directory.glob("network-*.npz")))):
        with np.load(directory / f"network-{place}.npz", allow_pickle=False) as file:
            networks.append(Network(**{field.name: file[field.name] for field in fields(Network)}))
    return networks
