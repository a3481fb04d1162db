"""Norms of vectors and matrices."""

from __future__ import annotations

import math
from typing import Any

from ...autograd.engine_ops import cast, zero
from ...autograd.node_names import as_one
from ...autograd.primitive import primitive, write_out
from ...backend import dtypes
from ...backend.precision import in_float32
from ...backend.sums import dot_over, sum_of_squares
from ..dims import normalize_dims, several, wrap_dims
from ..elementwise import abs, div_or_zero, sgn
from ..extrema import amax_p, amin_p
from ..reductions import spread, sum_p
from ..selection import keep
from ..shape import permute, reshape_p
from .factorizations import svdvals

__all__ = ["frobenius_norm", "norm", "nuclear_norm"]

# -- vectors ---------------------------------------------------------------------------------------


def _root_of_powers(xp: Any, a: Any, *, ord: float, dims: Any, keepdim: bool) -> Any:
    if ord == 2 and a.dtype.kind == "f" and a.flags.c_contiguous:
        if dims is None:
            return xp.sqrt(sum_of_squares(xp, a)).reshape((1,) * a.ndim if keepdim else ())
        if dims == (a.ndim - 1,):
            y = xp.sqrt(dot_over(xp, a, a, dims))
            return y if keepdim else y[..., 0]
    if ord == 2:
        squares = a.real**2 + a.imag**2 if a.dtype.kind == "c" else a * a
        return xp.sqrt(squares.sum(dims, squares.dtype, None, keepdim))
    if ord == 0:
        return (a != 0).sum(dims, a.real.dtype, None, keepdim)
    powers = xp.abs(a) ** ord
    return powers.sum(dims, powers.dtype, None, keepdim) ** (1 / ord)


@primitive(complex=True)
def vector_norm_p(
    xp: Any, a: Any, *, ord: float, dims: tuple[int, ...] | None, keepdim: bool
) -> Any:
    """``sum(|a|^p)^(1/p)``; how many are not 0 for p = 0."""
    return in_float32(_root_of_powers)(xp, a, ord=ord, dims=dims, keepdim=keepdim)


def _d_vector_norm(g: Any, a: Any, y: Any, ord: float, dims: Any, keepdim: bool) -> Any:
    """``a |a|^(p-2) y^(1-p) g``, and 0 where the norm is 0."""
    full = {"dims": dims, "keepdim": keepdim, "shape": a.shape}
    if ord == 2:
        return a * spread(div_or_zero(g, y), **full)
    if ord == 0:
        return zero(a)
    size = abs(a)
    powers = size ** (ord - 1)
    if ord < 1:
        powers = keep(powers, size != 0)
    return sgn(a) * powers * spread(div_or_zero(g, y ** (ord - 1)), **full)


vector_norm_p.defvjp(a=_d_vector_norm)


def _float_matrix(op: str, x: Any, dtype: Any) -> Any:
    if x.dtype.kind < dtypes.FLOAT:
        raise RuntimeError(
            f"{op}: Expected a floating point or complex tensor as input. Got {x.dtype}"
        )
    if dtype is None:
        return x
    dtype = dtypes.as_dtype(dtype)
    if dtype.kind < dtypes.FLOAT or dtypes.promote_types(x.dtype, dtype) is not dtype:
        raise RuntimeError(
            f"{op}: the dtype of the input ({x.dtype}) should be convertible without narrowing "
            f"to the specified dtype ({dtype})"
        )
    return cast(x, dtype=dtype.name)


@as_one("LinalgVectorNormBackward0")
def vector_norm(
    x: Any,
    ord: float = 2,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
) -> Any:
    """The norm ``sum(|x|^ord)^(1/ord)`` over ``dim`` (all unless given); ``inf`` and ``-inf`` are
    the extremes of ``|x|``, 0 counts.

    >>> import minitorch_dl as torch
    >>> torch.linalg.vector_norm(torch.tensor([3.0, -4.0]))
    tensor(5.)
    """
    if isinstance(ord, complex):
        raise RuntimeError(
            f"linalg.vector_norm: Expected a non-complex scalar as the order of norm, got {ord}"
        )
    x = _float_matrix("linalg.vector_norm", x, dtype)
    dims = None if dim is None else normalize_dims(dim, x.ndim)
    reduced = {"dims": dims, "keepdim": keepdim}
    if (ord < 0 or ord == math.inf) and not x.array.size:
        for i in range(x.ndim) if dims is None else dims:
            if not x.shape[i]:
                raise RuntimeError(
                    f"linalg.vector_norm cannot compute the {ord} norm on an empty dimension "
                    "because the operation does not have an identity"
                )
    if ord == math.inf:
        y = amax_p(abs(x), **reduced)
    elif ord == -math.inf:
        y = amin_p(abs(x), **reduced)
    elif ord == 1:
        y = sum_p(abs(x), **reduced)
    else:
        y = vector_norm_p(x, ord=float(ord), **reduced)
    return y if out is None else write_out("linalg.vector_norm", out, y, exact=True)


# -- matrices --------------------------------------------------------------------------------------


@as_one()
def matrix_norm(
    A: Any,
    ord: Any = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
) -> Any:
    """A norm of the matrices in the dims ``dim``.

    ``"fro"``: the root of the sum of squares; ``"nuc"``: the sum of the singular values; 2 and -2:
    the largest and the smallest of them; ``inf`` and ``-inf``: of the rows' sums of absolute
    values; 1 and -1: of the columns'.

    >>> import minitorch_dl as torch
    >>> torch.linalg.matrix_norm(torch.tensor([[1.0, -2.0], [3.0, 4.0]]), 1)
    tensor(6.)
    """
    if A.ndim < 2:
        raise RuntimeError(
            "linalg.matrix_norm: The input tensor A must have at least 2 dimensions."
        )
    A = _float_matrix("linalg.matrix_norm", A, dtype)
    if not hasattr(dim, "__len__") or len(dim) != 2:
        raise RuntimeError("linalg.matrix_norm: dim must be a 2-tuple.")
    rows, columns = axes = wrap_dims(dim, A.ndim)
    if ord == "fro":
        y = vector_norm(A, 2, axes, keepdim)
    elif ord in ("nuc", 2, -2):
        rest = [i for i in range(A.ndim) if i not in axes]
        s = svdvals(permute(A, (*rest, rows, columns)))
        last: dict[str, Any] = {"dims": (s.ndim - 1,), "keepdim": False}
        y = sum_p(s, **last) if ord == "nuc" else _extreme(ord, s, **last)
    elif ord in (1, -1, math.inf, -math.inf):
        inner, over = (rows, columns) if ord in (1, -1) else (columns, rows)
        y = _extreme(ord, sum_p(abs(A), dims=(inner,), keepdim=True), dims=(over,), keepdim=True)
        y = reshape_p(y, shape=[n for i, n in enumerate(A.shape) if i not in axes])
    else:
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    if keepdim and ord != "fro":
        y = reshape_p(y, shape=tuple([1 if i in axes else n for i, n in enumerate(A.shape)]))
    return y if out is None else write_out("linalg.matrix_norm", out, y, exact=True)


def _extreme(ord: float, x: Any, *, dims: tuple[int, ...], keepdim: bool) -> Any:
    if not x.shape[dims[0]]:
        if ord > 0:
            return sum_p(x, dims=dims, keepdim=keepdim)
        raise IndexError(
            f"linalg.matrix_norm: Expected reduction dim {dims[0]} to have non-zero size."
        )
    return (amax_p if ord > 0 else amin_p)(x, dims=dims, keepdim=keepdim)


# -- either ----------------------------------------------------------------------------------------


def linalg_norm(
    A: Any,
    ord: Any = None,
    dim: Any = None,
    keepdim: bool = False,
    *,
    out: Any = None,
    dtype: Any = None,
) -> Any:
    """A vector or a matrix norm: of vectors when ``dim`` is one dim, of matrices when it is two, of
    all elements without ``ord``.

    >>> import minitorch_dl as torch
    >>> torch.linalg.norm(torch.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor(5.)
    """
    if dim is not None:
        dim = several(dim)
        if len(dim) not in (1, 2):
            raise RuntimeError(
                f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dim)}"
            )
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype, out=out)
    if dim is None:
        if A.ndim not in (1, 2):
            raise RuntimeError(
                "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. "
                f"Got {A.ndim}D."
            )
        dim = tuple(range(A.ndim))
    if len(dim) == 2:
        return matrix_norm(A, ord, dim, keepdim, dtype=dtype, out=out)
    if isinstance(ord, str):
        raise RuntimeError(f"linalg.norm: order {ord!r} needs two dims, got dim={tuple(dim)}")
    return vector_norm(A, ord, dim, keepdim, dtype=dtype, out=out)


@as_one()
def norm(
    input: Any,
    p: Any = "fro",
    dim: Any = None,
    keepdim: bool = False,
    out: Any = None,
    dtype: Any = None,
) -> Any:
    """The ``p``-norm over ``dim``, or of all elements: a vector's, unless ``p`` is "nuc"; "fro" is
    2.

    >>> import minitorch_dl as torch
    >>> torch.norm(torch.tensor([[3.0, 0.0], [0.0, 4.0]]), dim=0)
    tensor([3., 4.])
    """
    if p == "nuc":
        dim = tuple(range(input.array.ndim)) if dim is None else dim
        return matrix_norm(input, "nuc", dim, keepdim, dtype=dtype, out=out)
    if p in ("fro", None):
        p = 2
    elif isinstance(p, str):
        raise RuntimeError(f"norm: Order {p} not supported. Give a number, 'fro' or 'nuc'")
    return vector_norm(input, p, dim, keepdim, dtype=dtype, out=out)


@as_one("NormBackward1")
def frobenius_norm(input: Any, dim: Any, keepdim: bool = False, *, out: Any = None) -> Any:
    """The root of the sum of squares over ``dim``; see ``linalg.vector_norm``."""
    return vector_norm(input, 2.0, None if dim == [] else dim, keepdim, out=out)


def nuclear_norm(input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The sum of the singular values of the matrices in ``dim``; see ``linalg.matrix_norm``.
    ``nuclear_norm(x, keepdim)`` takes the last two dims."""
    if isinstance(dim, bool):
        dim, keepdim = None, dim
    return matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim, out=out)
