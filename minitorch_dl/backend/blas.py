"""The number of threads of NumPy's matrix products."""

from __future__ import annotations

import ctypes
from importlib import import_module

# OpenBLAS's function under the names that builds give it; NumPy's own wheels have the first.
_SETTERS = (
    "scipy_openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "openblas_set_num_threads",
)


def set_blas_threads(count: int) -> bool:
    """Let matrix products use ``count`` threads; return whether NumPy's BLAS could be told.

    It can where NumPy uses OpenBLAS and the system finds a function in a library's dependencies
    (Linux and other ELF systems); elsewhere nothing changes.
    """
    library = ctypes.CDLL(import_module("numpy._core._multiarray_umath").__file__)
    for name in _SETTERS:
        setter = getattr(library, name, None)
        if setter is not None:
            setter(ctypes.c_int(count))
            return True
    return False
