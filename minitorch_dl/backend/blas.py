"""NumPy's OpenBLAS: its functions, and the number of threads of its matrix products."""

from __future__ import annotations

import ctypes
import functools
import os
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from .precision import in_float32, is_half
from .threads import share, thread_count

# How builds of OpenBLAS name its functions, and the integers that these take; NumPy's own wheels
# have the first.
_NAMES = (
    ("scipy_{}64_", ctypes.c_int64),
    ("scipy_{}", ctypes.c_int),
    ("{}64_", ctypes.c_int64),
    ("{}", ctypes.c_int),
)


@functools.cache
def library_function(name: str) -> tuple[Any, Any] | None:
    """A function of NumPy's OpenBLAS, and the type of integers that it takes."""
    library = ctypes.CDLL(import_module("numpy._core._multiarray_umath").__file__)
    for form, integer in _NAMES:
        # No other BLAS has the function that sets the number of threads.
        if getattr(library, form.format("openblas_set_num_threads"), None) is not None:
            function = getattr(library, form.format(name), None)
            return None if function is None else (function, integer)
    return None


@functools.cache
def _functions() -> tuple[Callable[[], int], Callable[[Any], None]] | None:
    """What tells the number of threads and what sets it."""
    get, set_ = (library_function(f"openblas_{verb}_num_threads") for verb in ("get", "set"))
    return None if get is None or set_ is None else (get[0], set_[0])


def set_blas_threads(count: int) -> bool:
    """Let matrix products use ``count`` threads; return whether NumPy's BLAS could be told.

    It can where NumPy uses OpenBLAS and the system finds a function in a library's dependencies
    (Linux and other ELF systems); elsewhere nothing changes.
    """
    global _before
    functions = _functions()
    if functions is None:
        return False
    with _lock:
        if _sharing:
            _before = count
        else:
            functions[1](ctypes.c_int(count))
    return True


_lock = threading.Lock()
_sharing = 0  # how many threads are in share_products
_before = 1  # BLAS's threads outside


class _OneThread:
    """A context in which BLAS's products use one thread each.

    Two threads that both ask BLAS for two would wait for each other. And BLAS's own threads wait in
    a loop for more work, some 25 ms, and take a core from ours meanwhile.
    """

    def __enter__(self) -> None:
        global _sharing, _before
        get, set_ = _functions()  # type: ignore[misc]  # not None: see _can_share
        with _lock:
            if not _sharing:
                _before = get()
                if _before != 1:
                    set_(1)
            _sharing += 1

    def __exit__(self, *error: object) -> None:
        global _sharing
        with _lock:
            _sharing -= 1
            if not _sharing and _before != 1:
                _functions()[1](_before)  # type: ignore[index]


one_thread = _OneThread()


def _can_share(xp: Any) -> bool:
    return xp is np and thread_count() > 1 and _functions() is not None


def share_products(xp: Any, work: Callable[[Any], None], parts: list[Any]) -> None:
    """``threads.share`` for parts with matrix products, which use one thread each meanwhile. A GPU
    shares by itself."""
    if not _can_share(xp) or len(parts) == 1:
        for part in parts:
            work(part)
        return
    with one_thread:
        share(work, parts)


ONE_THREAD = 1 << 13
"""Elements of both operands up to which BLAS uses one thread anyway."""

SHARED = 1 << 22
"""Multiplications (70 us of one core) from which waking our own threads pays."""

PART = 1 << 23
"""Multiplications of a part, but for the smallest products that are shared."""

MOST_PARTS = 8
STEP = 16
"""Rows or columns that BLAS works on at once."""


def dot(xp: Any, a: Any, b: Any) -> Any:
    """The product of two matrices, or of a vector and a matrix, halves in float32 (not where
    ``xp.matmul`` takes them); a large one is shared by threads, in parts that don't depend on their
    number."""
    half = a.dtype.itemsize == 2 and is_half(a.dtype)
    if xp is not np and (not half or getattr(xp, "multiplies_halves", False)):
        return xp.matmul(a, b)
    if half:
        return _half_dot(xp, a, b)
    if a.size + b.size <= ONE_THREAD:
        return np.dot(a, b)  # reaches BLAS by a shorter way than matmul
    if a.ndim == b.ndim == 2 and a.size * b.shape[1] >= SHARED and max(len(a), b.shape[1]) > STEP:
        return _shared_dot(a, b)
    if not _can_share(xp):
        return np.dot(a, b)
    with one_thread:
        return np.dot(a, b)


_half_dot = in_float32(dot)


def _shared_dot(a: Any, b: Any) -> Any:
    m, n = len(a), b.shape[1]
    y = np.empty((m, n), np.result_type(a, b))
    parts = min(max(2, a.size * n // PART), MOST_PARTS)
    step = -(-max(m, n) // (STEP * parts)) * STEP

    def work(first: int) -> None:
        some = slice(first, first + step)
        if m >= n:
            np.matmul(a[some], b, out=y[some])
        else:
            np.matmul(a, b[:, some], out=y[:, some])

    share_products(np, work, list(range(0, max(m, n), step)))
    return y


def _forget() -> None:
    """A forked process has none of the threads that may be at it."""
    global _lock, _sharing
    _lock = threading.Lock()
    if _sharing:
        _sharing = 0
        set_blas_threads(_before)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
