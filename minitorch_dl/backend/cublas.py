"""Matrix products on a GPU through cuBLAS's strided batched product, without copies.

CuPy's own ``matmul`` copies transposed operands of more than two dims, computes their float16 in
float32, fails on their bfloat16, and heeds TF32 in two dims only. The NumPy twin is
``numpy.matmul``. Not yet run on a GPU: the arguments are checked against NumPy by a stand-in for
cuBLAS that computes on host memory.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .cublas_library import CublasLibrary
from .graph_capture import capturing
from .precision import float32_products


class Operand(NamedTuple):
    """How a batch of row-major matrices lies in memory, in elements.

    Attributes:
        transposed: the columns are contiguous instead of the rows.
        leading: from one row (or column) to the next.
        stride: from one matrix to the next.
    """

    transposed: bool
    leading: int
    stride: int


def describe_operand(
    shape: tuple[int, ...], strides: tuple[int, ...], itemsize: int
) -> Operand | None:
    """The operand ``(*B, N, M)`` as cuBLAS can read it; None when it must be copied first."""
    if any(s % itemsize for s in strides):
        return None
    *lead, down, right = (s // itemsize for s in strides)
    *batch, rows, columns = shape
    stride = one_step(batch, lead)
    if stride is None:
        return None
    if columns == 1 or right == 1:
        if rows == 1:
            return Operand(False, columns, stride)
        if down >= columns:
            return Operand(False, down, stride)
    if rows == 1 or down == 1:
        if columns == 1:
            return Operand(True, rows, stride)
        if right >= rows:
            return Operand(True, right, stride)
    return None


def one_step(shape: Sequence[int], strides: Sequence[int]) -> int | None:
    """The one step through all these dims; None when there is none, 0 through a single element."""
    dims = [(n, s) for n, s in zip(shape, strides) if n != 1]
    if not dims:
        return 0
    for (_, outer), (n, inner) in itertools.pairwise(dims):
        if outer != n * inner:
            return None
    return dims[-1][1] if dims[-1][1] >= 0 else None


_MOST_CALLS = 4
"""Of cuBLAS, in the place of one call and the copy of an operand."""


class Matmul:
    """``matmul(a, b, out=None)`` for arrays of a GPU.

    Args:
        xp: CuPy.
        blas: the module with ``gemmStridedBatchedEx`` and its constants.
        kinds: cuBLAS's number of each floating dtype, by name.
        handle: gives cuBLAS's handle of the current device.
        pointer: gives an array's address.
        library: makes what serves while a step is captured, with ``gemmStridedBatchedEx`` and
            ``handle``; None where nothing can be captured.
    """

    def __init__(
        self,
        xp: Any,
        blas: Any,
        kinds: dict[str, int],
        handle: Callable[[], int],
        pointer: Callable[[Any], int] = lambda array: array.data.ptr,
        library: Callable[[], Any] | None = None,
    ) -> None:
        self.xp, self.blas, self.kinds = xp, blas, kinds
        self._make_library, self._library = library, None
        self.handle, self.pointer = handle, pointer
        # cuBLAS reads the factors of the product and of the old result from host memory.
        self.one = {t: np.ones((), t) for t in ("float32", "float64")}
        self.zero = {t: np.zeros((), t) for t in ("float32", "float64")}
        self.float32 = {
            "highest": blas.CUBLAS_COMPUTE_32F,
            "high": blas.CUBLAS_COMPUTE_32F_FAST_TF32,
            "medium": blas.CUBLAS_COMPUTE_32F_FAST_16BF,
        }

    def prepare_capture(self, workspace: Any) -> None:
        """Make what serves in a capture that is about to begin, with this memory to work in."""
        if self._library is None and self._make_library is not None:
            self._library = self._make_library()
        if self._library is not None:
            self._library.prepare(workspace)

    def __call__(self, a: Any, b: Any, out: Any = None) -> Any:
        if a.dtype != b.dtype or a.dtype.name not in self.kinds or not (a.ndim and b.ndim):
            return self.xp.matmul(a, b) if out is None else self.xp.matmul(a, b, out=out)
        row, column = a.ndim == 1, b.ndim == 1
        a, b = a[None] if row else a, b[:, None] if column else b
        n, k, m = a.shape[-2], a.shape[-1], b.shape[-1]
        if b.shape[-2] != k:
            raise ValueError(f"matmul: {k} columns meet {b.shape[-2]} rows")
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        shape = (*batch, n, m)
        fits = out is not None and not (row or column) and out.flags.c_contiguous
        fits = fits and out.shape == shape and out.dtype == a.dtype
        y = out if fits else self.xp.empty(shape, a.dtype)
        if k == 0:
            y[...] = 0
        elif y.size:
            self._run(a, b, y, batch)
        if row:
            y = y[..., 0, :]
        if column:
            y = y[..., 0]
        if out is None or fits:
            return y
        out[...] = y
        return out

    def _run(self, a: Any, b: Any, y: Any, batch: tuple[int, ...]) -> None:
        """Fill ``y`` (*batch, N, M), which is contiguous, in one call, or in a few where a batch of
        an operand is not evenly spaced: heads beside features are so for each image."""
        a, b = (
            x if x.shape[:-2] == batch else self.xp.broadcast_to(x, (*batch, *x.shape[-2:]))
            for x in (a, b)
        )
        of_a, of_b = (describe_operand(x.shape, x.strides, x.dtype.itemsize) for x in (a, b))
        if of_a is not None and of_b is not None:
            self._call(a, of_a, b, of_b, y)
            return
        if len(batch) > 1 and batch[0] <= _MOST_CALLS and self._readable_within(a, b):
            for i in range(batch[0]):
                self._run(a[i], b[i], y[i], batch[1:])
            return
        a, b = (x if of else self.xp.ascontiguousarray(x) for x, of in ((a, of_a), (b, of_b)))
        self._run(a, b, y, batch)

    def _readable_within(self, *operands: Any) -> bool:
        """Whether what each element of the first axis holds can be read without a copy."""
        return all(describe_operand(x.shape[1:], x.strides[1:], x.dtype.itemsize) for x in operands)

    def _call(self, a: Any, of_a: Operand, b: Any, of_b: Operand, y: Any) -> None:
        n, k, m = a.shape[-2], a.shape[-1], b.shape[-1]
        blas, kind = self.blas, self.kinds[a.dtype.name]
        if a.dtype == np.float64:
            factor, compute = "float64", blas.CUBLAS_COMPUTE_64F
        else:
            factor, compute = "float32", blas.CUBLAS_COMPUTE_32F
            if a.dtype == np.float32:
                compute = self.float32[float32_products()]
        # To cuBLAS, which counts columns first, row-major y = a b is the matrix y' = b' a'.
        flag = (blas.CUBLAS_OP_N, blas.CUBLAS_OP_T)
        library, handle = blas, self.handle
        if self._library is not None and capturing():
            library, handle = self._library, self._library.handle
        library.gemmStridedBatchedEx(
            handle(), flag[of_b.transposed], flag[of_a.transposed], m, n, k,
            self.one[factor].ctypes.data,
            self.pointer(b), kind, of_b.leading, of_b.stride,
            self.pointer(a), kind, of_a.leading, of_a.stride,
            self.zero[factor].ctypes.data,
            self.pointer(y), kind, m, n * m,
            math.prod(a.shape[:-2]), compute, blas.CUBLAS_GEMM_DEFAULT,
        )  # fmt: skip


def for_cupy(cupy: Any) -> Matmul:
    """The products of CuPy's arrays."""
    from cupy_backends.cuda.libs import cublas  # this form loads the library too

    runtime = cupy.cuda.runtime
    kinds = {
        "float16": runtime.CUDA_R_16F,
        "bfloat16": runtime.CUDA_R_16BF,
        "float32": runtime.CUDA_R_32F,
        "float64": runtime.CUDA_R_64F,
    }
    return Matmul(
        cupy, cublas, kinds, cupy.cuda.get_cublas_handle, library=lambda: CublasLibrary(cupy)
    )
