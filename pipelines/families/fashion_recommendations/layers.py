"""The network as arrays: what Keras fitted, answered by numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.families.fashion_recommendations.taste import Inputs

Floats = NDArray[np.floating]


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
        """Return the answers, (n,)."""
        seen = self.scaled(inputs)
        product = (seen.customer @ self.taste) * (seen.item @ self.look + self.shift)
        x = np.concatenate([product, seen.context], axis=1)
        hidden = np.maximum(x @ self.hidden + self.bias, 0)
        answer = np.concatenate([x, hidden], axis=1) @ self.out + self.offset
        return np.asarray(answer[:, 0])

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
