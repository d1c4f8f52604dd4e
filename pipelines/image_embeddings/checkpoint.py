"""Reads the tensors of a PyTorch checkpoint (legacy format) without PyTorch.

The format is a pickle stream, and a pickle may call anything. This reader lets through what a
dictionary of tensors is made of, and nothing else.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
ELEMENTS = {"FloatStorage": "<f4", "LongStorage": "<i8"}


class CheckpointRefused(ValueError):
    """A file is no checkpoint of plain tensors; the message says what it holds instead."""


@dataclass(frozen=True)
class _Storage:
    """Where a tensor's numbers lie: read after the dictionary."""

    key: str
    element: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensor(
    storage: _Storage,
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    _requires_gradient: bool,
    _hooks: object,
) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Callable[..., object] | str:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in ELEMENTS:
            return ELEMENTS[name]
        raise CheckpointRefused(f"a checkpoint of tensors does not need {module}.{name}")

    def persistent_load(self, pid: object) -> _Storage:
        match pid:
            case ("storage", str() as element, str() as key, _, int() as count, None):
                return _Storage(key, element, count)
        raise CheckpointRefused(f"no storage that is known here: {pid!r}")


def read_tensors(path: Path) -> dict[str, NDArray[np.float32] | NDArray[np.int64]]:
    """Return the tensors of the checkpoint by name.

    Raises `CheckpointRefused`, also for a file that is cut short.
    """
    with path.open("rb") as file:
        try:
            if (_Reader(file).load(), _Reader(file).load()) != (MAGIC, PROTOCOL):
                raise CheckpointRefused(f"{path} is no checkpoint of PyTorch's legacy format")
            _Reader(file).load()  # sizes of the writer's numbers, which the counts below repeat
            tensors = _Reader(file).load()
            keys = _Reader(file).load()
        except (pickle.UnpicklingError, EOFError, TypeError, AttributeError) as error:
            raise CheckpointRefused(f"{path} is damaged: {error}") from error
        storages = _storages(file, keys, tensors)
    return {
        name: _strided(tensor, storages[tensor.storage.key]) for name, tensor in tensors.items()
    }


def _storages(
    file: BinaryIO, keys: list[str], tensors: dict[str, _Tensor]
) -> dict[str, NDArray[np.float32]]:
    declared = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    numbers = {}
    for key in keys:
        count = int.from_bytes(file.read(8), "little")
        if key not in declared or declared[key].count != count:
            raise CheckpointRefused(f"storage {key} holds {count} numbers, which no tensor expects")
        numbers[key] = np.frombuffer(
            file.read(count * np.dtype(declared[key].element).itemsize), declared[key].element
        )
        if len(numbers[key]) != count:
            raise CheckpointRefused(f"storage {key} is cut short")
    return numbers


def _strided(tensor: _Tensor, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    # A tensor need not lie in the order of its shape: these checkpoints keep the layout of the
    # library they were converted from, and a mere reshape would scramble every kernel.
    last = tensor.offset + sum(
        (size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True)
    )
    if tensor.offset < 0 or min(tensor.strides, default=0) < 0 or last >= len(numbers):
        raise CheckpointRefused("a tensor reaches beyond its storage")
    view = np.lib.stride_tricks.as_strided(
        numbers[tensor.offset :],
        tensor.shape,
        [stride * numbers.itemsize for stride in tensor.strides],
        writeable=False,
    )
    return np.ascontiguousarray(view)
