"""The number of threads of NumPy's matrix products."""

from __future__ import annotations

import ctypes
import functools
import os
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from .threads import share, thread_count

# OpenBLAS's functions as builds name them; NumPy's own wheels have the first.
_NAMES = (
    "scipy_openblas_{}_num_threads64_",
    "scipy_openblas_{}_num_threads",
    "openblas_{}_num_threads64_",
    "openblas_{}_num_threads",
)


@functools.cache
def _functions() -> tuple[Callable[[], int], Callable[[Any], None]] | None:
    """What tells the number of threads and what sets it."""
    library = ctypes.CDLL(import_module("numpy._core._multiarray_umath").__file__)
    for name in _NAMES:
        get, set_ = (getattr(library, name.format(verb), None) for verb in ("get", "set"))
        if get is not None and set_ is not None:
            return get, set_
    return None


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


def share_products(xp: Any, work: Callable[[Any], None], parts: list[Any]) -> None:
    """``threads.share`` for parts with matrix products, which use one thread each meanwhile: two
    threads that both ask BLAS for two would wait for each other. A GPU shares by itself."""
    global _sharing, _before
    functions = _functions()
    if xp is not np or functions is None or thread_count() == 1 or len(parts) == 1:
        for part in parts:
            work(part)
        return
    with _lock:
        if not _sharing:
            _before = functions[0]()
            functions[1](ctypes.c_int(1))
        _sharing += 1
    try:
        share(work, parts)
    finally:
        with _lock:
            _sharing -= 1
            if not _sharing:
                functions[1](ctypes.c_int(_before))


def _forget() -> None:
    """A forked process has none of the threads that may be at it."""
    global _lock, _sharing
    _lock = threading.Lock()
    if _sharing:
        _sharing = 0
        set_blas_threads(_before)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
