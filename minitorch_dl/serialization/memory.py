"""The memory that saved tensors lie in, cut into storages: tensors that overlap share one."""

from __future__ import annotations

import sys
from bisect import bisect_right
from math import prod
from typing import Any

import numpy as np

from ..backend import array_module, device_of, to_host
from ..backend.dtypes import from_numpy
from ..ops.storage import UntypedStorage
from .names import STORAGE_OF


class Stored:
    """A storage of the file: ``numel`` elements from the address ``start`` on."""

    def __init__(self, key: str, device: str, start: int, stop: int, arrays: list[Any]) -> None:
        self.key, self.location = key, sys.intern(device)
        self.start, self.stop = start, stop
        self.dtype = arrays[0].dtype
        if any(array.dtype != self.dtype for array in arrays):
            raise RuntimeError(
                "save: Cannot save multiple tensors or storages that view the same data as "
                "different types; clone() one of them"
            )
        self.itemsize = self.dtype.itemsize
        self.kind = STORAGE_OF.get(from_numpy(self.dtype), UntypedStorage)
        self._first = min(arrays, key=_address)
        self.packed = len(arrays) == 1 and arrays[0].nbytes < stop - start
        self.numel = self._first.size if self.packed else (stop - start) // self.itemsize

    @property
    def nbytes(self) -> int:
        return self.numel * self.itemsize

    def persistent_id(self) -> tuple[Any, ...]:
        """How a file's pickle refers to the storage."""
        numel = self.numel * (self.itemsize if self.kind is UntypedStorage else 1)
        return "storage", self.kind, self.key, self.location, numel

    def place(self, array: Any) -> tuple[int, tuple[int, ...]]:
        """Where in the storage the array lies: its offset and its strides, in elements."""
        n = self.itemsize
        if self.packed:
            return 0, tuple(prod(array.shape[d + 1 :]) for d in range(array.ndim))
        offset = (_address(array) - self.start) // n if array.size else 0
        return offset, tuple(step // n for step in array.strides)

    def content(self) -> np.ndarray:
        """The bytes, on the host."""
        array = self._first
        if not self.packed:
            xp = array_module(array)
            array = xp.lib.stride_tricks.as_strided(array, (self.numel,), (self.itemsize,))
        return np.ascontiguousarray(to_host(array)).reshape(-1).view(np.uint8)


class Memory:
    """Finds the storage of each array that is to be saved.

    An array alone in its memory is packed where it has gaps: a column takes no more room than its
    own numbers. First all arrays are :meth:`note`-d, then :meth:`cut` makes the storages.
    """

    def __init__(self) -> None:
        self._noted: dict[tuple[Any, ...], Any] = {}
        self._starts: dict[str, list[int]] = {}  # by device
        self._storages: dict[str, list[Stored]] = {}
        self.used: dict[str, Stored] = {}  # by key

    def __bool__(self) -> bool:
        return bool(self._noted)

    def note(self, array: Any) -> None:
        """Have the memory of an array be part of a storage."""
        key = str(device_of(array)), *_extent(array), array.shape, array.strides, array.dtype
        self._noted.setdefault(key, array)

    def cut(self) -> None:
        """Make a storage of every piece of memory that arrays have in common."""
        self._starts, self._storages, self.used = {}, {}, {}
        group: list[Any] = []
        device, start, end = "", 0, 0
        for key in sorted((k for k in self._noted if k[1] < k[2]), key=lambda key: key[:3]):
            if group and (key[0] != device or key[1] >= end):
                self._add(device, start, end, group)
                group = []
            if not group:
                device, start, end = key[:3]
            end = max(end, key[2])
            group.append(self._noted[key])
        if group:
            self._add(device, start, end, group)

    def _add(self, device: str, start: int, stop: int, group: list[Any]) -> None:
        stored = Stored("", device, start, stop, group)
        self._starts.setdefault(device, []).append(start)
        self._storages.setdefault(device, []).append(stored)

    def find(self, array: Any) -> Stored:
        """The storage that the array lies in; a new one for an array that was not noted."""
        device = str(device_of(array))
        start, stop = _extent(array)
        place = bisect_right(self._starts.get(device, ()), start) - 1
        found = self._storages[device][place] if place >= 0 else None
        if not array.size or found is None or stop > found.stop or found.dtype != array.dtype:
            found = Stored("", device, start, stop, [array])
        if not found.key:
            found.key = str(len(self.used))
            self.used[found.key] = found
        return found


def _address(array: Any) -> int:
    """Where an array's first element lies."""
    return array.ctypes.data if isinstance(array, np.ndarray) else array.data.ptr


def _extent(array: Any) -> tuple[int, int]:
    """The addresses of the first byte and of the one after the last."""
    start = _address(array)
    if not array.size:
        return start, start
    return start, start + array.itemsize + sum(
        (n - 1) * step for n, step in zip(array.shape, array.strides)
    )
