"""cuBLAS by its C interface, for steps that are captured: CuPy's own binding refuses there.

A handle of ours has a workspace of ours: what cuBLAS would allocate by itself could not be part of
a graph. Not yet run on a GPU.
"""

from __future__ import annotations

import ctypes
from typing import Any

WORKSPACE = 32 << 20
"""Bytes: what NVIDIA recommends for Hopper, and more than older GPUs need."""

_INT, _LONG, _POINTER = ctypes.c_int, ctypes.c_longlong, ctypes.c_void_p
_MATRIX = (_POINTER, _INT, _INT, _LONG)  # address, dtype, leading dim, from one matrix to the next
_SIGNATURES = {
    "cublasCreate_v2": (_POINTER,),
    "cublasSetStream_v2": (_POINTER, _POINTER),
    "cublasSetWorkspace_v2": (_POINTER, _POINTER, ctypes.c_size_t),
    "cublasGemmStridedBatchedEx": (
        _POINTER, _INT, _INT, _INT, _INT, _INT, _POINTER, *_MATRIX, *_MATRIX, _POINTER, *_MATRIX,
        _INT, _INT, _INT,
    ),
}  # fmt: skip


class CublasLibrary:
    """The part of CuPy's ``cublas`` module that products need.

    Args:
        cupy: for the current device, its stream and its memory.
        library: the loaded library; by default the one that CuPy uses.
    """

    def __init__(self, cupy: Any, library: Any = None) -> None:
        self._cupy = cupy
        self._library = _load() if library is None else library
        for name, types in _SIGNATURES.items():
            function = getattr(self._library, name)
            function.argtypes, function.restype = types, _INT
        self._handles: dict[int, tuple[Any, Any]] = {}

    def _call(self, name: str, *args: Any) -> None:
        status = getattr(self._library, name)(*args)
        if status:
            raise RuntimeError(f"{name} failed with status {status} of cuBLAS")

    def handle(self) -> Any:
        """The current device's handle, at work on the current stream; made on first use, which must
        be before a capture."""
        index = self._cupy.cuda.Device().id
        if index not in self._handles:
            made = _POINTER()
            self._call("cublasCreate_v2", ctypes.byref(made))
            self._handles[index] = made, self._cupy.cuda.alloc(WORKSPACE)
        handle, workspace = self._handles[index]
        self._call("cublasSetStream_v2", handle, self._cupy.cuda.get_current_stream().ptr)
        # The workspace goes last: setting the stream brings cuBLAS's own back.
        self._call("cublasSetWorkspace_v2", handle, workspace.ptr, WORKSPACE)
        return handle

    def gemmStridedBatchedEx(self, *args: Any) -> None:
        """As CuPy's."""
        self._call("cublasGemmStridedBatchedEx", *args)


def _load() -> Any:
    try:
        from cuda import pathfinder

        path = pathfinder.load_nvidia_dynamic_lib("cublas").abs_path
    except (ImportError, RuntimeError) as error:
        raise RuntimeError(
            "capturing a step with matrix products needs cuBLAS and cuda-pathfinder, which come "
            f"with pip install minitorch-dl[cuda13] (or [cuda12]): {error}"
        ) from error
    return ctypes.CDLL(path)
