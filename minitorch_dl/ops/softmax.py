"""Softmax and its relatives along one dim.

In a formula ``g`` is the gradient of the output, ``y`` the output.
"""

from __future__ import annotations

from typing import Any

from ..autograd.engine_ops import cast
from ..autograd.primitive import TensorBase, primitive, write_out
from ..backend import array_module, device_of, dtypes, random as draw, softmax as kernels
from ..backend.precision import in_float32
from ..backend.sums import dot_over
from ..backend.warning import warn
from .dims import wrap_dim
from .elementwise import exp, log
from .reductions import sum_p
from .shape import reshape_p

__all__ = ["log_softmax", "softmax"]


@primitive
def softmax_p(xp: Any, a: Any, *, dim: int) -> Any:
    """``exp(a) / sum(exp(a))``."""
    return in_float32(kernels.softmax)(xp, a, axis=dim) if a.size else a.copy()


softmax_p.defvjp(a=lambda g, y, dim: softmax_backward(g, y, dim=dim))


@primitive
def log_softmax_p(xp: Any, a: Any, *, dim: int) -> Any:
    """``a - log(sum(exp(a)))``."""
    return in_float32(kernels.log_softmax)(xp, a, axis=dim) if a.size else a.copy()


log_softmax_p.defvjp(a=lambda g, y, dim: log_softmax_backward(g, y, dim=dim))


@primitive
def dot_along(xp: Any, a: Any, b: Any, *, dim: int) -> Any:
    """The sum of ``a * b`` over ``dim``, which is kept with size 1."""
    return in_float32(_dot)(xp, a, b, dim=dim)


def _dot(xp: Any, a: Any, b: Any, *, dim: int) -> Any:
    return dot_over(xp, a, b, (dim,))


dot_along.defvjp(a=lambda g, b: g * b, b=lambda g, a: g * a)


@primitive
def softmax_backward(xp: Any, d: Any, p: Any, *, dim: int) -> Any:
    """The gradient of softmax's input, ``(d - sum(d p)) p``; ``d`` is that of its output ``p``."""
    return in_float32(kernels.softmax_backward)(xp, d, p, axis=dim) if d.size else d.copy()


softmax_backward.defvjp(
    d=lambda g, p, dim: softmax_backward(g, p, dim=dim),
    p=lambda g, d, p, dim: g * (d - dot_along(d, p, dim=dim)) - d * dot_along(g, p, dim=dim),
)


@primitive
def log_softmax_backward(xp: Any, d: Any, q: Any, *, dim: int) -> Any:
    """The gradient of log_softmax's input, ``d - exp(q) sum(d)``; ``d`` is that of its output
    ``q``."""
    return in_float32(kernels.log_softmax_backward)(xp, d, q, axis=dim) if d.size else d.copy()


log_softmax_backward.defvjp(
    d=lambda g, q, dim: g - sum_p(g * exp(q), dims=(dim,), keepdim=True),
    q=lambda g, d, q, dim: -g * exp(q) * sum_p(d, dims=(dim,), keepdim=True),
)


def softmax(
    input: Any,
    dim: int | None = None,
    _stacklevel: Any = 3,
    dtype: Any = None,
    *,
    out: Any = None,
) -> Any:
    """``exp(x) / sum exp(x)`` along ``dim``: positive numbers that add up to 1.

    Args:
        dim: the dim to normalise along; left out, 0 for inputs of 0, 1 or 3 dims and else 1, with a
            warning.
        dtype: what to convert the input to first; may also stand third.

    >>> import minitorch_dl as torch
    >>> torch.softmax(torch.zeros(2), dim=0)
    tensor([0.5000, 0.5000])
    """
    y = _along(softmax_p, input, dim, dtype or _stacklevel)
    return y if out is None else write_out("softmax", out, y, exact=True)


def log_softmax(
    input: Any,
    dim: int | None = None,
    _stacklevel: Any = 3,
    dtype: Any = None,
    *,
    out: Any = None,
) -> Any:
    """``x - log(sum exp(x))`` along ``dim``: the logarithm of ``softmax``, without its rounding."""
    y = _along(log_softmax_p, input, dim, dtype or _stacklevel)
    return y if out is None else write_out("log_softmax", out, y, exact=True)


def softmin(input: Any, dim: int | None = None, _stacklevel: Any = 3, dtype: Any = None) -> Any:
    """``softmax(-x)`` along ``dim``."""
    return _along(softmax_p, -input, dim, dtype or _stacklevel)


def gumbel_softmax(
    logits: Any, tau: Any = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Any:
    """A sample of the Gumbel-softmax distribution: ``softmax((logits + Gumbel noise) / tau)``.

    Args:
        tau: the temperature.
        hard: give a one-hot vector, with the soft sample's gradient.
        eps: without effect.

    Source: Jang et al., 2017; Maddison et al., 2017.
    """
    a = logits.array
    generator = draw.default_generator(device_of(a).type)
    noise = draw.exponential(a.shape, 1.0, a.dtype, generator, array_module(a))
    y = softmax((logits - TensorBase.wrap(log(noise))) / tau, dim)
    if not hard:
        return y
    dim = wrap_dim(dim, a.ndim)
    p = y.array
    xp = array_module(p)
    one_hot = xp.zeros_like(p)
    if p.ndim:
        xp.put_along_axis(one_hot, p.argmax(axis=dim, keepdims=True), 1, dim)
    else:
        one_hot += 1
    return TensorBase.wrap(one_hot) - TensorBase.wrap(p) + y


def _along(op: Any, input: Any, dim: int | None, dtype: Any) -> Any:
    if dtype.__class__ is not int:  # the default stack level otherwise
        input = cast(input, dtype=dtypes.as_dtype(dtype).name)
    a = input.array
    if dim is None:
        dim = 0 if a.ndim in (0, 1, 3) else 1
        warn(
            f"Implicit dimension choice for {op.__name__} has been deprecated. Change the call to "
            "include dim=X as an argument.",
        )
    if a.dtype.kind in "iub":
        raise NotImplementedError(
            f"{op.__name__}: not implemented for {a.dtype}. Pass dtype=torch.float32, or convert "
            "the input with .float()"
        )
    dim = wrap_dim(dim, a.ndim)
    if not a.ndim:
        return reshape_p(op(reshape_p(input, shape=(1,)), dim=0), shape=())
    return op(input, dim=dim)
