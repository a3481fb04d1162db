"""How a list of samples becomes a batch."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from ...backend.dtypes import float64
from ...ops import as_tensor, stack, tensor
from ...tensor import Tensor

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]

np_str_obj_array_pattern = re.compile(r"[SaUO]")
"""Found in the type codes of NumPy arrays of text or objects, which stay as they are."""

CollateMap = dict[Any, Callable[..., Any]]


def default_convert(data: Any) -> Any:
    """``data`` with every NumPy array and number in it made a tensor; containers keep their type.

    >>> import numpy as np
    >>> from minitorch_dl.utils.data import default_convert
    >>> default_convert({"x": np.array([1, 2]), "name": "a"})
    {'x': tensor([1, 2]), 'name': 'a'}
    """
    if isinstance(data, Tensor):
        return data
    if isinstance(data, (np.ndarray, np.generic)):
        return as_tensor(data) if data.dtype.kind in "biufc" else data
    if isinstance(data, Mapping):
        return _mapping_like(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(default_convert, data))
    if isinstance(data, tuple):
        return [default_convert(item) for item in data]
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _sequence_like(data, [default_convert(item) for item in data])
    return data


def default_collate(batch: Sequence[Any]) -> Any:
    """Stack a list of samples along a new first dimension.

    Tensors, arrays and numbers become tensors ``(N, ...)``, Python floats in float64; strings stay
    a list; dicts, named tuples, lists and tuples are collated member by member, where a tuple
    becomes a list.

    >>> from minitorch_dl.utils.data import default_collate
    >>> default_collate([(1, "a"), (2, "b")])
    [tensor([1, 2]), ('a', 'b')]
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def collate(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    """:func:`default_collate` with its own functions for types of samples.

    ``collate_fn_map``: from a type (or a tuple of types) to a function of ``batch`` and
    ``collate_fn_map``. An exact match comes first, then the first one by ``isinstance``.
    """
    first = batch[0]
    if collate_fn_map is not None:
        chosen = collate_fn_map.get(type(first))
        if chosen is None:
            fits = (fn for kind, fn in collate_fn_map.items() if isinstance(first, kind))
            chosen = next(fits, None)
        if chosen is not None:
            return chosen(batch, collate_fn_map=collate_fn_map)

    def each(samples: Sequence[Any]) -> Any:
        return collate(samples, collate_fn_map=collate_fn_map)

    if isinstance(first, Mapping):
        return _mapping_like(first, {key: each([d[key] for d in batch]) for key in first})
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*map(each, zip(*batch)))
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError(
                "each element in list of batch should be of equal size, got lengths "
                f"{[len(sample) for sample in batch]}"
            )
        members = [each(samples) for samples in zip(*batch)]
        return members if isinstance(first, tuple) else _sequence_like(first, members)
    raise _unsupported(type(first))


def collate_tensor_fn(batch: Sequence[Tensor], *, collate_fn_map: Any = None) -> Tensor:
    return stack(list(batch), 0)


def collate_numpy_array_fn(batch: Sequence[np.ndarray], *, collate_fn_map: Any = None) -> Any:
    if batch[0].dtype.kind not in "biufc":
        raise _unsupported(batch[0].dtype)
    return collate([as_tensor(array) for array in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch: Sequence[np.generic], *, collate_fn_map: Any = None) -> Tensor:
    return as_tensor(np.asarray(batch))


def collate_float_fn(batch: Sequence[float], *, collate_fn_map: Any = None) -> Tensor:
    return tensor(batch, dtype=float64)


def collate_int_fn(batch: Sequence[int], *, collate_fn_map: Any = None) -> Tensor:
    return tensor(batch)


def collate_str_fn(batch: Sequence[Any], *, collate_fn_map: Any = None) -> Sequence[Any]:
    return batch


default_collate_fn_map: CollateMap = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


def _mapping_like(like: Mapping, items: dict) -> Any:
    """``items`` in a mapping of the type of ``like``, or the dict itself where that fails."""
    try:
        if isinstance(like, MutableMapping):
            clone = copy.copy(like)  # keeps what else the mapping holds, as a default factory
            clone.update(items)
            return clone
        return type(like)(items)  # type: ignore[call-arg]
    except TypeError:
        return items


def _sequence_like(like: Sequence, items: list) -> Any:
    """``items`` in a sequence of the type of ``like``, or the list itself where that fails."""
    try:
        if isinstance(like, MutableSequence):
            clone = copy.copy(like)
            for i, item in enumerate(items):
                clone[i] = item
            return clone
        return type(like)(items)  # type: ignore[call-arg]
    except TypeError:
        return items


def _unsupported(found: Any) -> TypeError:
    return TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
        f"found {found}"
    )
