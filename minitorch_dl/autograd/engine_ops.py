"""The primitives that the engine itself inserts: casts, broadcasting and its reverse, aliases,
zeros."""

from __future__ import annotations

from typing import Any

from ..backend import dtypes
from ..backend.precision import is_half, summed_in, widened
from ..backend.strides import expanded
from ..backend.sums import SOME, sum_by_products
from .base import TensorBase, late_bound
from .primitive import primitive


@primitive(grad_fn="ToCopyBackward0", complex=True)
def cast(xp: Any, a: Any, *, dtype: str) -> Any:
    """The same values in another dtype (its name); of complex numbers a real one takes the real
    parts."""
    wanted = dtypes.as_dtype(dtype)
    if a.dtype.kind == "c" and wanted.kind < dtypes.COMPLEX:
        a = a != 0 if wanted is dtypes.bool else a.real
    if wanted is dtypes.float32 and is_half(a.dtype) and a.flags.c_contiguous:
        return widened(a)
    # An expanded array's own order would spread the copies' memory.
    return a.astype(wanted.numpy, order="C" if 0 in a.strides else "K")


cast.defvjp(a=lambda g, a_dtype: cast(g, dtype=dtypes.from_numpy(a_dtype).name))


@primitive(complex=True)
def conj(xp: Any, a: Any) -> Any:
    """The complex conjugate."""
    return xp.conjugate(a)


conj.defvjp(a=lambda g: conj(g))


def is_complex(x: Any) -> bool:
    """Whether an array or a Tensor holds complex numbers; for formulas."""
    return (x.array if isinstance(x, TensorBase) else x).dtype.kind == "c"


@primitive(view=True)
def expand_p(xp: Any, a: Any, *, shape: tuple[int, ...]) -> Any:
    """``a`` repeated along new and size-1 axes, without a copy."""
    return expanded(xp, a, shape)


@primitive(complex=True)
def sum_to(xp: Any, a: Any, *, shape: tuple[int, ...]) -> Any:
    """``a`` summed over the axes along which ``shape`` was expanded to ``a.shape``: the reverse of
    ``expand``."""
    extra = a.ndim - len(shape)
    axes = (
        *range(extra),
        *(i + extra for i, n in enumerate(shape) if n == 1 and a.shape[i + extra] != 1),
    )
    if not axes:
        return a.reshape(shape)
    if a.size >= SOME and (y := sum_by_products(xp, a, axes)) is not None:
        return y.reshape(shape)
    if a.dtype.itemsize != 2:
        return a.sum(axis=axes, dtype=a.dtype).reshape(shape)
    return a.sum(axis=axes, dtype=summed_in(a.dtype)).reshape(shape).astype(a.dtype)


expand_p.defvjp(a=lambda g, a_shape: sum_to(g, shape=a_shape))
sum_to.defvjp(a=lambda g, a_shape: expand_p(g, shape=a_shape))


@primitive(view=True)
def alias(xp: Any, a: Any) -> Any:
    """The same tensor under a node of its own."""
    return a.view()


alias.defvjp(a=lambda g: g)


@primitive(complex=True)
def zero(xp: Any, a: Any) -> Any:
    """Zeros of the shape and dtype of ``a``: the derivative of a step function, and of what is
    overwritten."""
    return xp.zeros_like(a)


late_bound.cast, late_bound.alias, late_bound.conj = cast, alias, conj
