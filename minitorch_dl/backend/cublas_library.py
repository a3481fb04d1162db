"""cuBLAS by its C interface, for steps that are captured: CuPy's own binding refuses there.

A handle of ours has a workspace of ours: what cuBLAS would allocate by itself could not be part of
a graph. Each pool of memory for graphs has its own, for graphs of two pools may be replayed at the
same time, each on a stream, and would write over each other's. Not yet run on a GPU.
"""

from __future__ import annotations

import ctypes
import threading
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


class _Kept(threading.local):
    """What a thread's captures use: two threads may capture at the same time."""

    def __init__(self) -> None:
        self.handles: dict[int, Any] = {}
        self.workspace: Any = None


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
        self._kept = _Kept()

    def _call(self, name: str, *args: Any) -> None:
        status = getattr(self._library, name)(*args)
        if status:
            raise RuntimeError(f"{name} failed with status {status} of cuBLAS")

    def prepare(self, workspace: Any) -> None:
        """Let the products of a capture that is about to begin use ``WORKSPACE`` bytes here; this
        makes the current device's handle, which can't be done in a capture."""
        self._kept.workspace = workspace
        index = self._cupy.cuda.Device().id
        if index not in self._kept.handles:
            made = _POINTER()
            self._call("cublasCreate_v2", ctypes.byref(made))
            self._kept.handles[index] = made

    def handle(self) -> Any:
        """The current device's handle, at work on the current stream."""
        handle = self._kept.handles[self._cupy.cuda.Device().id]
        self._call("cublasSetStream_v2", handle, self._cupy.cuda.get_current_stream().ptr)
        # The workspace goes last: setting the stream brings cuBLAS's own back.
        self._call("cublasSetWorkspace_v2", handle, self._kept.workspace.ptr, WORKSPACE)
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
