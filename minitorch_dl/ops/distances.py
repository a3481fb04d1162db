"""Distances and similarities of vectors."""

from __future__ import annotations

from typing import Any

from ..autograd.engine_ops import cast
from ..autograd.errors import refuse_complex, require_one_dtype
from ..autograd.node_names import as_one, named
from ..autograd.primitive import TensorBase, primitive, write_out
from ..backend import array_module, dtypes, pairs
from .dims import common_shape, normalize_dims, wrap_dim
from .linalg.norms import vector_norm
from .powers import sqrt
from .reductions import sum_p
from .selection import where
from .shape import expand, transpose, unsqueeze

__all__ = ["cdist", "cosine_similarity", "dist", "pairwise_distance", "pdist", "renorm"]


@as_one()
def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """``x1 . x2 / (max(||x1||, eps) max(||x2||, eps))`` along ``dim``; the shapes broadcast.

    >>> import minitorch_dl as torch
    >>> torch.cosine_similarity(torch.tensor([1.0, 0.0]), torch.tensor([1.0, 1.0]), dim=0)
    tensor(0.7071)
    """
    dtype = dtypes.result_type(x1.array, x2.array)
    if not dtype.is_floating_point:
        raise RuntimeError(
            "cosine_similarity: expected common dtype to be floating point, yet common dtype is "
            f"{dtype}"
        )
    x1, x2 = (x if x.array.dtype == dtype.numpy else cast(x, dtype=dtype.name) for x in (x1, x2))
    shape = common_shape("cosine_similarity", x1.array.shape, x2.array.shape)
    dims = normalize_dims(dim, len(shape))
    x1, x2 = (_whole_along(dims, x, shape) for x in (x1, x2))
    product = (x1 / _norm(x1, dims, eps)) * (x2 / _norm(x2, dims, eps))
    return named(sum_p(product, dims=dims, keepdim=False), "SumBackward1")


def _whole_along(dims: tuple[int, ...], x: Any, shape: tuple[int, ...]) -> Any:
    """``x`` with its elements repeated along ``dims`` as in ``shape``; along the others it need not
    be, since the norm is the same."""
    own = (1,) * (len(shape) - x.array.ndim) + x.array.shape
    wanted = tuple([n if d in dims else m for d, (n, m) in enumerate(zip(shape, own))])
    return x if x.array.shape == wanted else expand(x, wanted)


def _norm(x: Any, dims: tuple[int, ...], eps: float) -> Any:
    """The norm over ``dims``, at least ``eps``, with the norm's own gradient."""
    n = vector_norm(x, 2, dims or None, True)
    a = n.array
    return n + TensorBase.wrap((array_module(a).maximum(a, eps) - a).astype(a.dtype))


@as_one("NormBackward1")
def pairwise_distance(
    x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Any:
    """``||x1 - x2 + eps||_p`` along the last axis; the shapes broadcast."""
    return vector_norm(x1 - x2 + eps, p, -1, keepdim)


@primitive
def pair_differences(xp: Any, a: Any) -> Any:
    """The differences of every two rows of (N, M): (N (N - 1) / 2, M)."""
    return pairs.differences(xp, a)


pair_differences.defvjp(a=lambda g, a_shape: from_pair_differences(g, rows=a_shape[0]))


@primitive
def from_pair_differences(xp: Any, a: Any, *, rows: int) -> Any:
    """The transpose: each row of ``a`` added to the pair's first row, and taken from the other."""
    return pairs.from_differences(xp, a, rows)


from_pair_differences.defvjp(a=lambda g: pair_differences(g))


@as_one("PdistBackward0")
def pdist(input: Any, p: float = 2.0) -> Any:
    """The p-norm distances of every two of the rows of (N, M): (N (N - 1) / 2)."""
    refuse_complex("pdist", input)
    a = input.array
    if a.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {a.ndim}D")
    if p < 0:
        raise RuntimeError(f"pdist only supports non-negative p values, got {p}")
    return vector_norm(pair_differences(input), p, -1)


@as_one("DistBackward0")
def dist(input: Any, other: Any, p: float = 2) -> Any:
    """The p-norm of ``input - other``, whose shapes broadcast.

    >>> import minitorch_dl as torch
    >>> torch.dist(torch.tensor([3.0, 4.0]), torch.tensor(0.0))
    tensor(5.)
    """
    return vector_norm(input - other, p)


_COMPUTE_MODES = (
    "use_mm_for_euclid_dist_if_necessary",
    "use_mm_for_euclid_dist",
    "donot_use_mm_for_euclid_dist",
)


@as_one("CdistBackward0")
def cdist(
    x1: Any, x2: Any, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary"
) -> Any:
    """The p-norm distance of every row of ``x1`` (..., P, M) to every row of ``x2`` (..., R, M).

    Args:
        compute_mode: whether Euclidean distances come from the matrix product ``x1 @ x2.T``, which
            is faster and less exact; "if necessary" is where P or R is above 25.

    Returns:
        (..., P, R)

    >>> import minitorch_dl as torch
    >>> torch.cdist(torch.zeros(1, 2), torch.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5., 1.]])
    """
    for name, x in (("X1", x1), ("X2", x2)):
        if x.array.dtype.kind not in "fV":
            raise RuntimeError(f"cdist only supports floating-point dtypes, {name} got: {x.dtype}")
        if x.array.ndim < 2:
            raise RuntimeError(
                f"cdist only supports at least 2D tensors, {name} got: {x.array.ndim}D"
            )
    if x1.array.shape[-1] != x2.array.shape[-1]:
        raise RuntimeError(
            "X1 and X2 must have the same number of columns. "
            f"X1: {x1.array.shape[-1]} X2: {x2.array.shape[-1]}"
        )
    require_one_dtype("cdist", x1.array, x2.array)
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    if compute_mode not in _COMPUTE_MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode: {_COMPUTE_MODES}")
    many = max(x1.array.shape[-2], x2.array.shape[-2]) > 25
    if p == 2 and compute_mode in (_COMPUTE_MODES[:2] if many else _COMPUTE_MODES[1:2]):
        return _euclidean(x1, x2)
    return vector_norm(unsqueeze(x1, -2) - unsqueeze(x2, -3), p, -1)


def _euclidean(x1: Any, x2: Any) -> Any:
    """``sqrt(|a|^2 - 2 a . b + |b|^2)``; distances of 0 have the gradient 0."""
    n1, n2 = (sum_p(x * x, dims=(x.array.ndim - 1,), keepdim=True) for x in (x1, x2))
    squared = n1 + transpose(n2, -2, -1) - 2 * (x1 @ transpose(x2, -2, -1))  # (..., P, R)
    apart = squared > 0
    return sqrt(where(apart, squared, 1.0)) * apart


@as_one("RenormBackward0")
def renorm(input: Any, p: float, dim: int, maxnorm: float, *, out: Any = None) -> Any:
    """``input`` with each slice along ``dim`` whose p-norm is above ``maxnorm`` scaled down to it.

    >>> import minitorch_dl as torch
    >>> torch.renorm(torch.tensor([[3.0, 4.0], [0.3, 0.4]]), p=2, dim=0, maxnorm=1)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    if input.array.ndim < 2:
        raise RuntimeError(
            f"renorm: input needs at least 2 dimensions, got {input.array.ndim} dimensions"
        )
    if p <= 0:
        raise RuntimeError(f"renorm: non-positive-norm not supported, got p={p}")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    dim = wrap_dim(dim, input.array.ndim)
    others = tuple(d for d in range(input.array.ndim) if d != dim)
    n = vector_norm(input, p, others, True)
    y = input * where(n > maxnorm, maxnorm / (n + 1e-7), 1.0)
    return y if out is None else write_out("renorm", out, y, exact=True)
