"""The linear layer's product, and its bilinear relative.

``linear``, its input's and its weight's gradient contract ``sum x[b, i] w[o, i] u[b, o]`` over two
of its arrays and leave the third open: each one's derivatives are the other two. All leading axes
are one, so that each is a single matrix product.
"""

from __future__ import annotations

from math import prod
from typing import Any

from ..autograd.engine_ops import cast, sum_to
from ..autograd.errors import require_one_dtype, require_tensor
from ..autograd.node_names import named, transformed
from ..autograd.primitive import TensorBase, primitive, write_out
from ..backend.blas import dot
from ..backend.precision import in_float32, is_half
from .reductions import sum_p
from .shape import reshape_p

__all__ = ["bilinear", "linear"]


@primitive(
    grad_fn="AddmmBackward0",
    edge_order=("b", "x", "w"),
    complex="holomorphic",
    min_kind="integer",
)
def linear_p(xp: Any, x: Any, w: Any, b: Any) -> Any:
    """``y[..., o] = b[o] + sum over i of x[..., i] w[o, i]``."""
    if x.dtype.itemsize == 2 and is_half(x.dtype) and not getattr(xp, "multiplies_halves", False):
        return _rounded_once(xp, x, w, b)
    rows = x if x.ndim == 2 else x.reshape(-1 if x.size else prod(x.shape[:-1]), x.shape[-1])
    y = dot(xp, rows, w.T)
    if b is not None:
        y += b
    return y if x.ndim == 2 else y.reshape(*x.shape[:-1], w.shape[0])


_rounded_once = in_float32(lambda xp, x, w, b: linear_p(x, w, b))
linear_p.defvjp(
    x=lambda g, w: linear_input(g, w),
    w=lambda g, x: linear_weight(x, g),
    b=lambda g, b_shape: sum_to(g, shape=b_shape),
)


@primitive(complex="holomorphic")
def linear_input(xp: Any, u: Any, w: Any) -> Any:
    """``x[..., i] = sum over o of u[..., o] w[o, i]``."""
    return linear_p(u, w.T, None)


linear_input.defvjp(u=lambda g, w: linear_p(g, w, None), w=lambda g, u: linear_weight(g, u))


@primitive(complex="holomorphic")
def linear_weight(xp: Any, x: Any, u: Any) -> Any:
    """``w[o, i] = sum over all leading axes of u[..., o] x[..., i]``."""
    if x.ndim != 2:
        count = -1 if x.size and u.size else prod(x.shape[:-1])
        x, u = x.reshape(count, x.shape[-1]), u.reshape(count, u.shape[-1])
    return dot(xp, u.T, x)


linear_weight.defvjp(x=lambda g, u: linear_input(u, g), u=lambda g, x: linear_p(x, g, None))


def linear(input: Any, weight: Any, bias: Any = None, *, out: Any = None) -> Any:
    """``y = x w^T + b``: ``(..., I)`` with weight ``(O, I)`` and bias ``(O,)`` gives ``(..., O)``.

    Raises:
        RuntimeError: shapes or dtypes that don't fit.

    >>> import minitorch_dl as torch
    >>> torch.nn.functional.linear(torch.ones(2, 3), torch.ones(4, 3)).shape
    torch.Size([2, 4])
    """
    if out is not None:
        return write_out("linear", out, linear(input, weight, bias), exact=True)
    if not (isinstance(input, TensorBase) and isinstance(weight, TensorBase)):
        require_tensor("linear", "input", input)
        require_tensor("linear", "weight", weight)
    x, w, b = input.array, weight.array, None if bias is None else bias.array
    if w.ndim == 1 and x.ndim > 0:  # (I,): one output, without an axis for it
        y = linear(input, reshape_p(weight, shape=(1, *w.shape)), None)
        y = named(reshape_p(y, shape=y.array.shape[:-1]), "MvBackward0")
        return y if bias is None else y + bias
    if x.ndim == 0 or w.ndim == 0:
        raise RuntimeError(
            f"linear: both arguments to linear need to be at least 1D, but they are {x.ndim}D and "
            f"{w.ndim}D"
        )
    if w.ndim != 2 or x.shape[-1] != w.shape[1]:
        raise RuntimeError(
            f"linear: mat1 and mat2 shapes cannot be multiplied: input of size {list(x.shape)} "
            "needs a weight of size "
            f"[out_features, {x.shape[-1] if x.ndim else 1}], but got {list(w.shape)}"
        )
    if w.dtype != x.dtype or (b is not None and b.dtype != x.dtype):
        y = transformed(linear, (input, weight, bias), {})
        if y is not NotImplemented:
            return y
        if b is None:
            raise RuntimeError(
                "linear: expected m1 and m2 to have the same dtype, but got: "
                f"{x.dtype} != {w.dtype}"
            )
        raise RuntimeError(
            f"linear: mat1 and mat2 must have the same dtype, but got {x.dtype}, {w.dtype} and "
            f"bias {b.dtype}"
        )
    if b is not None and b.shape != (w.shape[0],):
        if b.ndim > 1 or b.size != 1:
            raise RuntimeError(
                f"linear: expected bias of size [{w.shape[0]}], but got {list(b.shape)}"
            )
        return linear_p(input, weight, None) + bias
    y = linear_p(input, weight, bias)
    if b is None:
        return named(y, "MmBackward0" if x.ndim == 2 else "UnsafeViewBackward0")
    return y if x.ndim == 2 else named(y, "ViewBackward0")


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """``y[..., o] = sum over i, j of x1[..., i] weight[o, i, j] x2[..., j] + bias[o]``.

    Args:
        input1, input2: (..., I) and (..., J), with the same leading axes.
        weight: (O, I, J).
        bias: (O) or None.
    """
    a, b, w = input1.array, input2.array, weight.array
    if w.ndim != 3 or a.shape[:-1] != b.shape[:-1] or (a.shape[-1], b.shape[-1]) != w.shape[1:]:
        raise RuntimeError(
            "bilinear: expected inputs (..., I) and (..., J) and a weight (O, I, J), but got sizes "
            f"{list(a.shape)}, {list(b.shape)} and {list(w.shape)}"
        )
    if bias is not None and bias.array.shape != w.shape[:1]:
        raise RuntimeError(
            f"bilinear: bias size does not match weight size: got bias {list(bias.array.shape)} "
            "and weight "
            f"{list(w.shape)}"
        )
    if (
        a.dtype != w.dtype
        or b.dtype != w.dtype
        or (bias is not None and bias.dtype != weight.dtype)
    ):
        y = transformed(bilinear, (input1, input2, weight, bias), {})
        if y is not NotImplemented:
            return y
        require_one_dtype("bilinear", a, b, w, None if bias is None else bias.array)
    o, i, j = w.shape
    y = linear_p(input2, reshape_p(weight, shape=(o * i, j)), None)
    y = reshape_p(y, shape=(*a.shape[:-1], o, i)) * reshape_p(input1, shape=(*a.shape[:-1], 1, i))
    y = sum_p(y, dims=(a.ndim,), keepdim=False)
    if y.array.dtype != a.dtype:  # integers are summed in int64
        y = cast(y, dtype=input1.dtype.name)
    return y if bias is None else y + bias
