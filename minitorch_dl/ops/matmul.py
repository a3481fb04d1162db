"""Matrix products: one closed family of primitives, and everything that is a matrix product in
disguise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.engine_ops import alias, conj, is_complex
from ..autograd.errors import require_kind, require_one_dtype, require_tensor
from ..autograd.node_names import as_one, named
from ..autograd.primitive import TensorBase, primitive, write_out
from ..backend import blas
from ..backend.precision import in_float32, is_half, summed_in
from ..backend.warning import warn_once
from .deprecated import deprecated
from .diagonals import diagonal_p
from .dims import wrap_dim, wrap_dims
from .shape import owned, permute, reshape_p

__all__ = [
    "bmm", "chain_matmul", "cross", "dot", "ger",
    "inner", "kron", "matmul", "mm", "mv", "outer", "tensordot", "trace", "vdot",
]  # fmt: skip

# -- the primitives --------------------------------------------------------------------------------


def product(xp: Any, a: Any, b: Any) -> Any:
    """``a @ b`` on arrays of at least one dim, as few and as large products as possible."""
    if is_half(a.dtype) and not getattr(xp, "multiplies_halves", False):
        return in_float32(product)(xp, a, b)
    if a.ndim > 2 and b.ndim == 2 and a.flags.c_contiguous:
        y = product(xp, a.reshape(math.prod(a.shape[:-1]), a.shape[-1]), b)
        return y.reshape(*a.shape[:-1], b.shape[-1])
    if a.ndim == b.ndim == 2 and xp is np:
        return blas.dot(xp, a, b)
    return xp.matmul(a, b)


@primitive(grad_fn="MmBackward0", complex="holomorphic", min_kind="integer")
def matmul_p(xp: Any, a: Any, b: Any) -> Any:
    if not (hasattr(a, "dtype") and hasattr(b, "dtype")):
        raise TypeError("expected two tensors")
    if a.dtype != b.dtype:
        raise ValueError(
            f"expected m1 and m2 to have the same dtype, but got: {a.dtype} != {b.dtype}"
        )
    if not (a.ndim and b.ndim):
        raise ValueError(
            f"both arguments to matmul need to be at least 1D, but they are {a.ndim}D and {b.ndim}D"
        )
    k = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.shape[-1] != k:
        raise ValueError(
            f"mat1 and mat2 shapes cannot be multiplied ({'x'.join(map(str, a.shape))} and "
            f"{'x'.join(map(str, b.shape))}): "
            f"the last dim of the first, {a.shape[-1]}, must equal the second's {k}"
        )
    return product(xp, a, b)


@primitive(complex="holomorphic")
def matmul_to(xp: Any, a: Any, b: Any, *, ta: bool, tb: bool, shape: tuple[int, ...]) -> Any:
    """``op(a) @ op(b)`` summed or repeated over its leading dims to ``shape``; ``ta``, ``tb`` say
    which matrices are transposed.

    The derivative of every matrix product is one of these, theirs too.
    """
    if ta and not tb and len(shape) == 2 and a.ndim > 2 and a.shape[:-1] == b.shape[:-1]:
        rows = math.prod(a.shape[:-1])  # batch * K: the sum over the batch is part of one product
        a, b = a.reshape(rows, a.shape[-1]), b.reshape(rows, b.shape[-1])
    y = product(xp, a.swapaxes(-1, -2) if ta else a, b.swapaxes(-1, -2) if tb else b)
    if y.shape == shape:
        return y
    extra = y.ndim - len(shape)
    axes = (
        *range(extra),
        *(i for i in range(max(extra, 0), y.ndim) if shape[i - extra] == 1 != y.shape[i]),
    )
    if axes:
        y = y.sum(axes, summed_in(y.dtype), None, True).astype(y.dtype, copy=False)
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
    d = matmul_to(reshape_p(g, shape=as_g), reshape_p(b, shape=as_b), ta=False, tb=True, shape=as_a)
    return reshape_p(d, shape=a_shape)


def _d_right(g: Any, a: Any, b_shape: Any) -> Any:
    if len(a.shape) > 1 and len(b_shape) > 1:
        return matmul_to(a, g, ta=True, tb=False, shape=b_shape)
    as_a, as_b, as_g = _as_matrices(a.shape, b_shape, g.shape)
    d = matmul_to(reshape_p(a, shape=as_a), reshape_p(g, shape=as_g), ta=True, tb=False, shape=as_b)
    return reshape_p(d, shape=b_shape)


matmul_p.defvjp(a=_d_left, b=_d_right)

_NODES = {(1, 1): "DotBackward0", (2, 1): "MvBackward0", (1, 2): "SqueezeBackward4"}


def matmul(input: Any, other: Any, *, out: Any = None) -> Any:
    """The matrix product of ``(..., N, K)`` and ``(..., K, M)``, leading dims broadcast; vectors as
    in PyTorch.

    A first operand ``(K,)`` is a row, a second one a column, and the dim added for that is dropped
    again.

    >>> import minitorch_dl as torch
    >>> torch.matmul(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    y = matmul_p(input, other)
    if getattr(y, "_node", None) is not None:
        ndims = tuple([getattr(x, "array", x).ndim for x in (input, other)])  # or x overrides
        if ndims != (2, 2):
            named(y, _NODES.get(ndims, "UnsafeViewBackward0"))
    return y if out is None else write_out("matmul", out, y, exact=True)


# -- by number of dims -----------------------------------------------------------------------------


def _check_dims(op: str, **operands: tuple[Any, int]) -> None:
    for name, (x, ndim) in operands.items():
        require_tensor(op, name, x)
        if x.ndim != ndim:
            kind = {1: "a vector", 2: "a matrix", 3: "a 3D tensor"}[ndim]
            expected = "1D tensors expected" if ndim == 1 else f"expected {kind}"
            raise RuntimeError(
                f"{op}(): {expected}: argument '{name}' must be {kind}, got shape {tuple(x.shape)}"
            )


@as_one("MmBackward0")
def mm(input: Any, mat2: Any, *, out: Any = None) -> Any:
    """The product of the matrices ``(N, K)`` and ``(K, M)``; no broadcasting.

    >>> import minitorch_dl as torch
    >>> torch.mm(torch.tensor([[1, 2]]), torch.tensor([[3], [4]]))
    tensor([[11]])
    """
    _check_dims("mm", input=(input, 2), mat2=(mat2, 2))
    return matmul(input, mat2, out=out)


@as_one("BmmBackward0")
def bmm(input: Any, mat2: Any, *, out: Any = None) -> Any:
    """The products of ``(B, N, K)`` and ``(B, K, M)``, matrix by matrix; no broadcasting.

    >>> import minitorch_dl as torch
    >>> torch.bmm(torch.ones(2, 3, 4), torch.ones(2, 4, 5)).shape
    torch.Size([2, 3, 5])
    """
    _check_dims("bmm", input=(input, 3), mat2=(mat2, 3))
    if input.shape[0] != mat2.shape[0]:
        raise RuntimeError(
            f"bmm(): expected the same batch size in both, got {tuple(input.shape)} and "
            f"{tuple(mat2.shape)}"
        )
    return matmul(input, mat2, out=out)


@as_one("MvBackward0")
def mv(input: Any, vec: Any, *, out: Any = None) -> Any:
    """The product of the matrix ``(N, K)`` and the vector ``(K,)``."""
    _check_dims("mv", input=(input, 2), vec=(vec, 1))
    return matmul(input, vec, out=out)


@as_one("DotBackward0")
def dot(input: Any, tensor: Any, *, out: Any = None) -> Any:
    """The sum of the products of two vectors of the same length."""
    _check_vectors("dot", input=input, tensor=tensor)
    return matmul(input, tensor, out=out)


def _check_vectors(op: str, **operands: Any) -> None:
    _check_dims(op, **{name: (x, 1) for name, x in operands.items()})
    a, b = (x.array for x in operands.values())
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"{op} : expected both vectors to have same dtype, but found {a.dtype} and {b.dtype}"
        )
    if a.size != b.size:
        raise RuntimeError(f"{op}: inconsistent tensor size, got {a.size} and {b.size} elements")


@as_one("VdotBackward0")
def vdot(input: Any, other: Any, *, out: Any = None) -> Any:
    """The dot product ``sum(conj(input) * other)`` of two vectors."""
    _check_vectors("vdot", input=input, other=other)
    return matmul(conj(input) if is_complex(input) else input, other, out=out)


@as_one()
def chain_matmul(*matrices: Any, out: Any = None) -> Any:
    """The product of several matrices, in the order that takes the fewest multiplications; see
    ``linalg.multi_dot``."""
    deprecated("chain_matmul", "linalg.multi_dot", "several matrices pass a list of them")
    if len(matrices) == 1 and isinstance(matrices[0], (tuple, list)):
        matrices = tuple(matrices[0])
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    for i, x in enumerate(matrices):
        _check_dims("chain_matmul", **{f"matrices[{i}]": (x, 2)})
    y = multi_dot(matrices) if len(matrices) > 1 else alias(matrices[0])
    return y if out is None else write_out("chain_matmul", out, y)


@as_one()
def multi_dot(tensors: Any, *, out: Any = None) -> Any:
    """The product of two or more matrices, in the order that takes the fewest multiplications.

    The first may be a vector, as a row, and the last one, as a column. The order is found by
    dynamic programming (Cormen et al., Introduction to Algorithms, 15.2).

    >>> import minitorch_dl as torch
    >>> torch.linalg.multi_dot([torch.ones(2, 3), torch.ones(3, 4), torch.ones(4)])
    tensor([12., 12.])
    """
    tensors = list(tensors)
    n = len(tensors)
    if n < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {n}")
    for i, x in enumerate(tensors):
        if x.ndim != 2 and not (x.ndim == 1 and i in (0, n - 1)):
            raise RuntimeError(
                f"multi_dot(): tensor {i} must be 2D{' or 1D' if i in (0, n - 1) else ''} but "
                f"got {x.ndim}D"
            )
        if x.dtype is not tensors[0].dtype:
            raise RuntimeError(
                f"multi_dot(): all tensors must have the same dtype, got {tensors[0].dtype} and "
                f"{x.dtype}"
            )
    row, column = tensors[0].ndim == 1, tensors[-1].ndim == 1
    shapes = [tuple(x.shape) for x in tensors]
    shapes[0] = (1, *shapes[0]) if row else shapes[0]
    shapes[-1] = (*shapes[-1], 1) if column else shapes[-1]
    for i in range(n - 1):
        left, right = shapes[i], shapes[i + 1]
        if left[1] != right[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {i} and {i + 1} with shapes {list(tensors[i].shape)} and "
                f"{list(tensors[i + 1].shape)} cannot be multiplied"
            )
    sizes = [s[0] for s in shapes] + [shapes[-1][1]]
    cost = {(i, i): (0, i) for i in range(n)}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i, j] = min(
                (cost[i, k][0] + cost[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            )

    def product_of(i: int, j: int) -> Any:
        if i == j:
            return tensors[i]
        k = cost[i, j][1]
        return matmul(product_of(i, k), product_of(k + 1, j))

    y = product_of(0, n - 1)
    return y if out is None else write_out("multi_dot", out, y, exact=True)


# -- products over other dims ----------------------------------------------------------------------


def outer(input: Any, vec2: Any, *, out: Any = None) -> Any:
    """``y[i, j] = input[i] * vec2[j]``.

    >>> import minitorch_dl as torch
    >>> torch.outer(torch.tensor([1, 2]), torch.tensor([3, 4]))
    tensor([[3, 4],
            [6, 8]])
    """
    _check_dims("outer", input=(input, 1), vec2=(vec2, 1))
    y = reshape_p(input, shape=(input.shape[0], 1)) * vec2
    return y if out is None else write_out("outer", out, y)


ger = outer


@as_one("ViewBackward0")
def inner(input: Any, other: Any, *, out: Any = None) -> Any:
    """The sum of products over the last dim of both; a product with a 0-d tensor."""
    if not (input.ndim and other.ndim):
        y = input * other
        return y if out is None else write_out("inner", out, y)
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    return tensordot(input, other, ([-1], [-1]), out=out)


@as_one("ViewBackward0")
def tensordot(a: Any, b: Any, dims: Any = 2, out: Any = None) -> Any:
    """The sum of products over pairs of dims: the last ``dims`` of ``a`` with the first of ``b``,
    or two lists of dims.

    >>> import minitorch_dl as torch
    >>> torch.tensordot(torch.ones(2, 3, 4), torch.ones(3, 4, 5), dims=2).shape
    torch.Size([2, 5])
    """
    if isinstance(dims, TensorBase):
        dims = dims.array.tolist()
    if not hasattr(dims, "__len__"):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        dims = (range(a.ndim - dims, a.ndim), range(dims))
    of_a, of_b = (d if hasattr(d, "__len__") else (d,) for d in dims)
    if len(of_a) != len(of_b):
        raise RuntimeError("both dimension lists should have same length")
    of_a, of_b = wrap_dims(of_a, a.ndim), wrap_dims(of_b, b.ndim)
    for i, j in zip(of_a, of_b, strict=True):
        n, m = a.shape[i], b.shape[j]
        if n == 1 != m:
            b = b.sum(j, keepdim=True, dtype=b.dtype)
        elif m == 1 != n:
            a = a.sum(i, keepdim=True, dtype=a.dtype)
        elif n != m:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {n} in dim {i} and "
                f"second has size {m} in dim {j}"
            )
    left = [i for i in range(a.ndim) if i not in of_a]
    right = [j for j in range(b.ndim) if j not in of_b]
    rows, columns = [a.shape[i] for i in left], [b.shape[j] for j in right]
    k = math.prod([a.shape[i] for i in of_a])
    a, b = permute(a, (*left, *of_a)), permute(b, (*of_b, *right))
    if math.prod(rows) == 1 == math.prod(columns):
        y = dot(reshape_p(a, shape=(k,)), reshape_p(b, shape=(k,)))
    else:
        y = matmul(
            reshape_p(a, shape=(math.prod(rows), k)), reshape_p(b, shape=(k, math.prod(columns)))
        )
    y = reshape_p(y, shape=(*rows, *columns))
    return y if out is None else write_out("tensordot", out, y, exact=True)


@as_one("UnsafeViewBackward0")
def kron(input: Any, other: Any, *, out: Any = None) -> Any:
    """The Kronecker product: each element of ``input`` times all of ``other``, laid out block by
    block.

    >>> import minitorch_dl as torch
    >>> torch.kron(torch.eye(2), torch.tensor([[1.0, 2.0]]))
    tensor([[1., 2., 0., 0.],
            [0., 0., 1., 2.]])
    """
    ndim = max(input.ndim, other.ndim)
    a = (1,) * (ndim - input.ndim) + tuple(input.shape)
    b = (1,) * (ndim - other.ndim) + tuple(other.shape)
    blocks = reshape_p(input, shape=tuple([n for size in a for n in (size, 1)]))
    inside = reshape_p(other, shape=tuple([n for size in b for n in (1, size)]))
    y = owned(reshape_p(blocks * inside, shape=tuple([n * m for n, m in zip(a, b, strict=True)])))
    return y if out is None else write_out("kron", out, y)


@as_one("TraceBackward0")
def trace(input: Any) -> Any:
    """The sum of a matrix's diagonal."""
    require_kind("trace", "integer", input)
    _check_dims("trace", input=(input, 2))
    return diagonal_p(input, offset=0, dim1=0, dim2=1).sum()


@primitive(
    grad_fn="LinalgCrossBackward0",
    broadcasts=True,
    complex="holomorphic",
)
def cross_p(xp: Any, a: Any, b: Any, *, dim: int) -> Any:
    require_one_dtype("linalg.cross", a, b)
    return xp.ascontiguousarray(xp.cross(a, b, axis=dim))


cross_p.defvjp(
    a=lambda g, b, dim: cross_p(b, g, dim=dim), b=lambda g, a, dim: cross_p(g, a, dim=dim)
)


def cross(input: Any, other: Any, dim: int | None = None, *, out: Any = None) -> Any:
    """The vector product of vectors of 3 along ``dim`` (the first dim of size 3 unless given).

    >>> import minitorch_dl as torch
    >>> torch.cross(torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0]), dim=0)
    tensor([0., 0., 1.])
    """
    if input.ndim != other.ndim:
        raise RuntimeError(
            f"linalg.cross: inputs must have the same number of dimensions, got {input.ndim} and "
            f"{other.ndim}"
        )
    if dim is None:
        warn_once(
            "Using torch.cross without specifying the dim arg is deprecated. Pass dim, or use "
            "torch.linalg.cross, whose dim is -1 unless given"
        )
        dim = next(
            (i for i, (n, m) in enumerate(zip(input.shape, other.shape)) if n == m == 3), None
        )
        if dim is None:
            raise RuntimeError("no dimension of size 3 in input")
    named, dim = dim, wrap_dim(dim, input.ndim)
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {named} must have length 3. Got {input.shape[dim]} "
            f"and {other.shape[dim]}"
        )
    y = cross_p(input, other, dim=dim)
    return y if out is None else write_out("cross", out, y, exact=True)
