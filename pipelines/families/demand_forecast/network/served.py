"""The compiled network: ONNX Runtime on one thread, numpy before and after it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines.families.demand_forecast.columns import Array
from pipelines.families.demand_forecast.estimators import Forecast
from pipelines.families.demand_forecast.impressions import WIDTH, Impression, ahead
from pipelines.families.demand_forecast.network.answering import Answer, Feeds, Knowledge
from pipelines.families.demand_forecast.panel import Windows
from pipelines.families.demand_forecast.windows import anchor_of, seen

if TYPE_CHECKING:
    import onnxruntime

ENCODER, DECODER, KNOWLEDGE = "encoder.onnx", "decoder.onnx", "network.json"
WHOLE = "network.onnx"
"""How networks were compiled before: both halves in one graph."""
AHEAD = ("future", "anchor")
"""Inputs that have a column for each day asked about."""


class ServedNetwork:
    """A forecaster that says what the Keras form says, within 1e-5 of the scale.

    Where fewer days are wanted than there are, it answers as few.
    """

    def __init__(self, knowledge: Knowledge, answer: Answer) -> None:
        self._knowledge, self._answer = knowledge, answer

    def forecast(self, windows: Windows) -> Forecast:
        """Forecast at most `HORIZON` days; each row's answer depends on that row alone."""
        return self._knowledge.forecast(windows, self._answer)


class Halves:
    """Encoders and decoders: where a past comes again, what the encoders made of it is kept."""

    def __init__(
        self,
        knowledge: Knowledge,
        encoder: onnxruntime.InferenceSession,
        decoder: onnxruntime.InferenceSession,
    ) -> None:
        self._vocabulary = knowledge.vocabulary
        self._encoder, self._decoder = encoder, decoder

    def answer(self, windows: Windows) -> tuple[Array, Array, Array]:
        """Return mean and quantiles of the days that are wanted, and each window's scale."""
        kept = self._kept(windows)
        told, days = Impression(kept[:, :WIDTH]), windows.wanted
        future, base = ahead(windows, told, self._vocabulary.season_of(windows))
        feeds = {
            **self._identity(windows, told),
            "state": kept[None, :, WIDTH:].astype(np.float32),
            # The decoder walks from day to day, and none looks at a later one's answer.
            "future": future[:, :days],
            "anchor": anchor_of(base[:, :days]),
        }
        mean, quantiles = self._decoder.run(["mean", "quantiles"], feeds)
        return mean, quantiles, told.scale

    def _kept(self, windows: Windows) -> Array:
        """Return what is kept of each past, (n, WIDTH + states); what is not, is made and kept."""
        margins = windows.margins or (None,) * len(windows)
        keys = list(zip(windows.ids, windows.groups, strict=True))
        found = [
            None if margin is None else margin.read(key)
            for margin, key in zip(margins, keys, strict=True)
        ]
        missing = [place for place, kept in enumerate(found) if kept is None]
        if not missing:
            return np.stack([kept for kept in found if kept is not None])
        some = windows if len(missing) == len(found) else windows.take(np.array(missing))
        made = self._made(some)
        for place, values in zip(missing, made, strict=True):
            if (margin := margins[place]) is not None:
                margin.note(keys[place], values)
            found[place] = values
        return made if some is windows else np.stack([kept for kept in found if kept is not None])

    def _made(self, windows: Windows) -> Array:
        history, told = seen(windows, self._vocabulary.season_of(windows))
        feeds = {"history": history, **self._identity(windows, told)}
        (state,) = self._encoder.run(["state"], feeds)
        return np.concatenate([told.values, state[0]], axis=1)

    def _identity(self, windows: Windows, told: Impression) -> Mapping[str, Array]:
        return {
            "static": told.static,
            "product": self._vocabulary.products_of(windows),
            "group": self._vocabulary.groups_of(windows),
        }


def open_network(directory: Path) -> ServedNetwork:
    """Open what `KerasNetwork.compile` wrote."""
    knowledge = Knowledge.load(directory / KNOWLEDGE)
    if (directory / WHOLE).is_file():
        return ServedNetwork(knowledge, _whole(knowledge, _session(directory / WHOLE)))
    encoder, decoder = _session(directory / ENCODER), _session(directory / DECODER)
    return ServedNetwork(knowledge, Halves(knowledge, encoder, decoder).answer)


def _whole(knowledge: Knowledge, session: onnxruntime.InferenceSession) -> Answer:
    shapes = {given.name: given.shape for given in session.get_inputs()}
    # The oldest answer for the whole horizon alone.
    any_days = isinstance(shapes["anchor"][1], str)

    def compute(feeds: Feeds, days: int | None) -> tuple[Array, Array]:
        fed = {**feeds, **{name: feeds[name][:, :days] for name in AHEAD}}
        mean, quantiles = session.run(["mean", "quantiles"], fed)
        return mean, quantiles

    def answer(windows: Windows) -> tuple[Array, Array, Array]:
        days = windows.wanted if any_days else None
        return knowledge.fed(windows, partial(compute, days=days))

    return answer


def _session(graph: Path) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
