"""Matrix products: one closed family of primitives, and everything that is a matrix product in disguise."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.primitive import primitive
from ..backend import dtypes
from .shape import _reshape as reshape

__all__ = ["bmm", "dot", "matmul", "mm", "mv"]

# -- the primitives ----------------------------------------------------------------------------------------------------

_HALF = frozenset(d._numpy for d in (dtypes.float16, dtypes.bfloat16) if d._numpy is not None)


def _product(xp: Any, a: Any, b: Any) -> Any:
    """``a @ b`` on arrays of at least one dim, as few and as large products as possible."""
    if a.dtype in _HALF:  # NumPy has no BLAS for these: 300 times slower than float32
        return _product(xp, a.astype(xp.float32), b.astype(xp.float32)).astype(a.dtype)
    if a.ndim > 2 and b.ndim == 2 and a.flags.c_contiguous:
        y = a.reshape(math.prod(a.shape[:-1]), a.shape[-1]) @ b
        return y.reshape(*a.shape[:-1], b.shape[-1])
    return xp.matmul(a, b)


@primitive
def matmul(xp: Any, a: Any, b: Any) -> Any:
    """The matrix product of ``(..., N, K)`` and ``(..., K, M)``, leading dims broadcast; vectors as in PyTorch.

    A first operand ``(K,)`` is a row, a second one a column, and the dim added for that is dropped again.

    >>> import minitorch_dl as torch
    >>> torch.matmul(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    if not (hasattr(a, "dtype") and hasattr(b, "dtype")):
        raise TypeError("expected two tensors")
    if a.dtype != b.dtype:
        raise ValueError(f"expected m1 and m2 to have the same dtype, but got: {a.dtype} != {b.dtype}")
    if not (a.ndim and b.ndim):
        raise ValueError(
            f"both arguments to matmul need to be at least 1D, but they are {a.ndim}D and {b.ndim}D"
        )
    k = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.shape[-1] != k:
        raise ValueError(
            f"mat1 and mat2 shapes cannot be multiplied ({'x'.join(map(str, a.shape))} and {'x'.join(map(str, b.shape))}): "
            f"the last dim of the first, {a.shape[-1]}, must equal the second's {k}"
        )
    return _product(xp, a, b)


@primitive
def matmul_to(xp: Any, a: Any, b: Any, *, ta: bool, tb: bool, shape: tuple[int, ...]) -> Any:
    """``op(a) @ op(b)`` summed or repeated over its leading dims to ``shape``; ``ta``, ``tb`` say which matrices are transposed.

    The derivative of every matrix product is one of these, theirs too.
    """
    if ta and not tb and len(shape) == 2 and a.ndim > 2 and a.shape[:-1] == b.shape[:-1]:
        rows = math.prod(a.shape[:-1])  # batch * K: the sum over the batch is part of one product
        a, b = a.reshape(rows, a.shape[-1]), b.reshape(rows, b.shape[-1])
    y = _product(xp, a.swapaxes(-1, -2) if ta else a, b.swapaxes(-1, -2) if tb else b)
    if y.shape == shape:
        return y
    extra = y.ndim - len(shape)
    axes = (*range(extra), *(i for i in range(max(extra, 0), y.ndim) if shape[i - extra] == 1 != y.shape[i]))
    if axes:
        y = y.sum(axes, y.dtype, None, True)
    if extra > 0:
        y = y.reshape(y.shape[extra:])
    return y if y.shape == shape else xp.broadcast_to(y, shape)


def _d_first(g: Any, b: Any, a_shape: Any, ta: bool, tb: bool) -> Any:
    if ta:
        return matmul_to(b, g, ta=tb, tb=True, shape=a_shape)
    return matmul_to(g, b, ta=False, tb=not tb, shape=a_shape)


def _d_second(g: Any, a: Any, b_shape: Any, ta: bool, tb: bool) -> Any:
    if tb:
        return matmul_to(g, a, ta=True, tb=ta, shape=b_shape)
    return matmul_to(a, g, ta=not ta, tb=False, shape=b_shape)


matmul_to.defvjp(a=_d_first, b=_d_second)


def _as_matrices(a: Any, b: Any, g: Any) -> tuple[Any, Any, Any]:
    """The shapes of the operands and the result of a product, its vectors as a row and a column."""
    n, m = a[-2:-1], b[-1:] if len(b) > 1 else ()
    batch = g[: len(g) - len(n) - len(m)]
    return a if n else (1, *a), b if m else (*b, 1), (*batch, *(n or (1,)), *(m or (1,)))


def _d_left(g: Any, b: Any, a_shape: Any) -> Any:
    if len(a_shape) > 1 and len(b.shape) > 1:
        return matmul_to(g, b, ta=False, tb=True, shape=a_shape)
    as_a, as_b, as_g = _as_matrices(a_shape, b.shape, g.shape)
    d = matmul_to(reshape(g, shape=as_g), reshape(b, shape=as_b), ta=False, tb=True, shape=as_a)
    return reshape(d, shape=a_shape)


def _d_right(g: Any, a: Any, b_shape: Any) -> Any:
    if len(a.shape) > 1 and len(b_shape) > 1:
        return matmul_to(a, g, ta=True, tb=False, shape=b_shape)
    as_a, as_b, as_g = _as_matrices(a.shape, b_shape, g.shape)
    d = matmul_to(reshape(a, shape=as_a), reshape(g, shape=as_g), ta=True, tb=False, shape=as_b)
    return reshape(d, shape=b_shape)


matmul.defvjp(a=_d_left, b=_d_right)

# -- by number of dims -------------------------------------------------------------------------------------------------


def _check_dims(op: str, **operands: tuple[Any, int]) -> None:
    for name, (x, ndim) in operands.items():
        if x.ndim != ndim:
            kind = {1: "a vector", 2: "a matrix", 3: "a 3D tensor"}[ndim]
            raise RuntimeError(f"{op}(): argument '{name}' must be {kind}, got shape {tuple(x.shape)}")


def mm(input: Any, mat2: Any, *, out: Any = None) -> Any:
    """The product of the matrices ``(N, K)`` and ``(K, M)``; no broadcasting."""
    _check_dims("mm", input=(input, 2), mat2=(mat2, 2))
    return matmul(input, mat2, out=out)


def bmm(input: Any, mat2: Any, *, out: Any = None) -> Any:
    """The products of ``(B, N, K)`` and ``(B, K, M)``, matrix by matrix; no broadcasting."""
    _check_dims("bmm", input=(input, 3), mat2=(mat2, 3))
    if input.shape[0] != mat2.shape[0]:
        raise RuntimeError(
            f"bmm(): expected the same batch size in both, got {tuple(input.shape)} and {tuple(mat2.shape)}"
        )
    return matmul(input, mat2, out=out)


def mv(input: Any, vec: Any, *, out: Any = None) -> Any:
    """The product of the matrix ``(N, K)`` and the vector ``(K,)``."""
    _check_dims("mv", input=(input, 2), vec=(vec, 1))
    return matmul(input, vec, out=out)


def dot(input: Any, tensor: Any, *, out: Any = None) -> Any:
    """The sum of the products of two vectors of the same length."""
    _check_dims("dot", input=(input, 1), tensor=(tensor, 1))
    return matmul(input, tensor, out=out)
