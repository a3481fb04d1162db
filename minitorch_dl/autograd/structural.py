"""The primitives that the engine itself inserts: dtype matching, broadcasting and its reverse, and
a second name for a tensor."""

from __future__ import annotations

from typing import Any

from ..backend import dtypes
from .base import late
from .primitive import primitive


@primitive(grad_fn="ToCopyBackward0")
def cast(xp: Any, a: Any, *, dtype: str) -> Any:
    """The same values in another dtype (its name)."""
    return a.astype(dtypes.as_dtype(dtype).numpy)


cast.defvjp(a=lambda g, a_dtype: cast(g, dtype=dtypes.from_numpy(a_dtype).name))


@primitive(view=True)
def expand(xp: Any, a: Any, *, shape: tuple[int, ...]) -> Any:
    """``a`` repeated along new and size-1 axes, without a copy."""
    return xp.broadcast_to(a, shape)


@primitive
def sum_to(xp: Any, a: Any, *, shape: tuple[int, ...]) -> Any:
    """``a`` summed over the axes along which ``shape`` was expanded to ``a.shape``: the reverse of
    ``expand``."""
    extra = a.ndim - len(shape)
    axes = (
        *range(extra),
        *(i + extra for i, n in enumerate(shape) if n == 1 and a.shape[i + extra] != 1),
    )
    return a.sum(axis=axes, dtype=a.dtype).reshape(shape) if axes else a.reshape(shape)


expand.defvjp(a=lambda g, a_shape: sum_to(g, shape=a_shape))
sum_to.defvjp(a=lambda g, a_shape: expand(g, shape=a_shape))


@primitive(view=True)
def alias(xp: Any, a: Any) -> Any:
    """The same tensor under a node of its own."""
    return a.view()


alias.defvjp(a=lambda g: g)

late.cast, late.alias = cast, alias
