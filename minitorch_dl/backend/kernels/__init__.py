"""Kernels of the GPU's own, where several launches of CuPy's functions would do the same.

Each has a NumPy twin: what runs on every other device, and what the kernel is tested against.
They have been compiled, but not yet run on a GPU, and are therefore off unless the environment has
``MINITORCH_DL_CUDA_KERNELS=1``.
"""

from __future__ import annotations

import functools
import os
from importlib import resources
from typing import Any

import numpy as np

enabled = os.environ.get("MINITORCH_DL_CUDA_KERNELS", "0") not in ("", "0")

_REAL = {"float32": "float", "float64": "double"}
_INTEGERS = frozenset(("int64", "int32", "uint8"))
_THREADS = 256


def source() -> str:
    """The CUDA source of all kernels."""
    return resources.files(__package__).joinpath("kernels.cu").read_text(encoding="utf-8")


def serve(xp: Any, array: Any) -> bool:
    """Whether there are kernels for this floating array."""
    return enabled and xp.__name__ == "cupy" and array.dtype.name in _REAL and array.size > 0


@functools.cache
def _module(xp: Any) -> Any:
    return xp.RawModule(code=source(), options=("-std=c++17",))


def _launch(xp: Any, name: str, blocks: int, args: tuple[Any, ...], shared: int = 0) -> None:
    threads = (_THREADS,)
    _module(xp).get_function(name)((blocks,), threads, args, shared_mem=shared)


def _blocks(size: int) -> int:
    return min(-(-size // _THREADS), 4096)


def normalize(xp: Any, kind: str, a: Any, axis: int) -> Any:
    """``softmax`` or ``log_softmax`` along ``axis``; twins in ``backend/exponentials.py``."""
    moved = xp.ascontiguousarray(xp.moveaxis(a, axis, -1))
    y = xp.empty_like(moved)
    columns = moved.shape[-1]
    name = f"{kind}_{_REAL[a.dtype.name]}"
    shared = _THREADS * a.dtype.itemsize
    _launch(xp, name, moved.size // columns, (moved, y, np.int64(columns)), shared)
    return xp.moveaxis(y, -1, axis)


def note_outside(
    xp: Any, index: Any, low: int, high: int, ignore: int | None, number: int, found: Any
) -> bool:
    """Note a value outside ``low <= index < high`` in ``found``; twin in ``backend/checks.py``.

    Returns:
        Whether there is a kernel for these indices; without one nothing was done.
    """
    if not enabled or xp.__name__ != "cupy" or index.dtype.name not in _INTEGERS:
        return False
    index = xp.ascontiguousarray(index)
    bounds = (np.int64(low), np.int64(high), np.int64(ignore or 0), np.int32(ignore is not None))
    args = (index, np.int64(index.size), *bounds, np.int64(number), found)
    _launch(xp, f"note_outside_{index.dtype.name}", _blocks(index.size), args)
    return True
