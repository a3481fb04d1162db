"""Checking and converting the arguments of metrics: arrays on one device."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import array_module, device_of
from ..tensor import Tensor


def arrays(op: str, **given: Any) -> list[Any]:
    """The raw arrays of tensors, NumPy arrays or lists, on one device.

    Raises:
        TypeError: something that is no array of numbers.
        RuntimeError: different devices.
        ValueError: nothing to measure: no elements.
    """
    found = []
    for name, value in given.items():
        array = value.array if isinstance(value, Tensor) else value
        if not hasattr(array, "dtype"):
            array = np.asarray(array)
        if array.dtype.kind not in "biufV":  # V: bfloat16
            raise TypeError(
                f"{op}: {name} should be a tensor, array or list of numbers, got "
                f"{type(value).__name__} of {array.dtype}"
            )
        if array.size == 0:
            raise ValueError(f"{op}: expected at least one element in {name}, got none")
        found.append(array)
    devices = {str(device_of(array)) for array in found}
    if len(devices) > 1:
        raise RuntimeError(f"{op}: {', '.join(given)} are on different devices: {sorted(devices)}")
    return found


def same_shape(op: str, names: tuple[str, str], a: Any, b: Any) -> None:
    """Raise ValueError unless both have one shape."""
    if a.shape != b.shape:
        raise ValueError(
            f"{op}: expected {names[0]} and {names[1]} of one shape, got {tuple(a.shape)} and "
            f"{tuple(b.shape)}"
        )


def labels(op: str, name: str, array: Any, num_classes: int) -> Any:
    """Class indices, flat, as int64; ValueError for any outside [0, num_classes)."""
    if array.dtype.kind not in "biu":
        raise TypeError(f"{op}: expected integer class labels in {name}, got {array.dtype}")
    flat = array.reshape(-1).astype(np.int64)
    low, high = int(flat.min()), int(flat.max())
    if low < 0 or high >= num_classes:
        raise ValueError(
            f"{op}: expected labels in [0, {num_classes}) in {name}, got {low if low < 0 else high}"
        )
    return flat


def class_count(op: str, num_classes: int | None, *given: Any) -> int:
    """The number of classes, or what the labels show it to be at least."""
    if num_classes is None:
        return max(int(array.max()) for array in given) + 1
    if num_classes < 1:
        raise ValueError(f"{op}: num_classes should be at least 1, got {num_classes}")
    return num_classes


def module_of(*given: Any) -> Any:
    """The array module that serves them."""
    return array_module(given[0])
