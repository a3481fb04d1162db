"""Activation functions, under the names of ``torch.nn.functional``.

In a formula ``g`` is the gradient of the output, ``y`` the output, ``a`` the input.
``inplace=True`` writes the result to the input's memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.engine_ops import cast
from ..autograd.errors import require_kind
from ..autograd.inplace import inplace as in_place, write
from ..autograd.modes import may_record
from ..autograd.node_names import as_one
from ..autograd.primitive import TensorBase, fused, primitive, write_out
from ..backend import activations as kernels, array_module, dtypes, random as draw
from ..backend.expm1_log1p import expm1, log1p
from ..backend.selection import choose, clip
from .creation import empty, ones_like
from .elementwise import abs, exp
from .inspection import finfo
from .selection import clamp, keep, keep_nonzero, select
from .special import erf, sigmoid
from .trigonometric import tanh

__all__ = [
    "celu", "celu_", "elu", "elu_", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish",
    "hardtanh", "hardtanh_", "leaky_relu", "leaky_relu_", "logsigmoid", "mish", "prelu", "relu",
    "relu6", "relu_", "rrelu", "rrelu_", "selu", "selu_", "silu", "softplus", "softshrink",
    "softsign", "tanhshrink", "threshold", "threshold_",
]  # fmt: skip


_IN_PLACE_NODES = {
    "celu_": "CeluBackward1",
    "elu_": "EluBackward1",
    "hardsigmoid_": "HardsigmoidBackward0",
    "leaky_relu_": "LeakyReluBackward1",
    "mish_": "MishBackward0",
    "rrelu_": "RreluWithNoiseBackward1",
    "selu_": "EluBackward1",
    "threshold_": "ThresholdBackward1",
}
"""What the node of an op in place is called, where that isn't its primitive's name."""


def _in_place_node(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    node = _IN_PLACE_NODES.get(name)
    return function if node is None else as_one(node)(function)


def _apply(op: str, function: Callable[[Any], Any], input: Any, inplace: bool) -> Any:
    if not inplace:
        return function(input)
    function = _in_place_node(f"{op}_", function)
    return write(f"{op}_", input, lambda: function(input))


# -- piecewise linear ------------------------------------------------------------------------------


@primitive
def relu_p(xp: Any, a: Any) -> Any:
    if a.dtype.kind == "b":
        raise RuntimeError("relu: boolean inputs are not supported")
    return kernels.relu(xp, a)


relu_p.defvjp(a=lambda g, y: keep_nonzero(g, y))  # y is positive, 0 or NaN: that lets g through


def relu(input: Any, inplace: bool = False) -> Any:
    """``max(0, input)``.

    >>> import minitorch_dl as torch
    >>> torch.nn.functional.relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return _apply("relu", relu_p, input, True) if inplace else relu_p(input)


@primitive(promotes="same", min_kind="integer")
def hardtanh_p(xp: Any, a: Any, *, low: float, high: float) -> Any:
    return clip(xp, a, low, high)


hardtanh_p.defvjp(a=lambda g, a, low, high: keep(g, (a > low) & (a < high)))


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """``input`` limited to ``[min_val, max_val]``; the derivative is 0 at both ends."""
    if min_val > max_val:
        raise ValueError(
            f"hardtanh: min_val cannot be greater than max_val, got {min_val} and {max_val}"
        )
    if input.array.dtype.kind in "iu":
        min_val, max_val = int(min_val), int(max_val)
    return _apply("hardtanh", lambda x: hardtanh_p(x, low=min_val, high=max_val), input, inplace)


def relu6(input: Any, inplace: bool = False) -> Any:
    """``min(max(0, input), 6)``."""
    return hardtanh(input, 0.0, 6.0, inplace)


@primitive(min_kind="float", blocks=True, wide=True)
def hardsigmoid_p(xp: Any, a: Any) -> Any:
    y = clip(xp, a + 3, 0, 6)
    y /= 6
    return y


hardsigmoid_p.defvjp(a=lambda g, a: keep(g / 6, (a > -3) & (a < 3)))


def hardsigmoid(input: Any, inplace: bool = False) -> Any:
    """``relu6(input + 3) / 6``."""
    return _apply("hardsigmoid", hardsigmoid_p, input, inplace)


@primitive(min_kind="float", blocks=True, wide=True)
def hardswish_p(xp: Any, a: Any) -> Any:
    y = clip(xp, a + 3, 0, 6)
    y *= a
    y /= 6
    return y


hardswish_p.defvjp(
    a=lambda g, a: select(a >= 3, g, keep(g * (2 * a + 3) / 6, a > -3)),
)


def hardswish(input: Any, inplace: bool = False) -> Any:
    """``input * relu6(input + 3) / 6`` (Howard et al., "Searching for MobileNetV3", 2019)."""
    return _apply("hardswish", hardswish_p, input, inplace)


def _is_slope(xp: Any, a: Any, b: Any) -> bool:
    """Whether ``b``, a number or a few, is known to be above 0 and up to 1."""
    if not hasattr(b, "dtype"):
        return 0 < b <= 1
    return xp is np and 0 < 4 * b.size <= a.size and b.min() > 0 and b.max() <= 1


@primitive(broadcasts=True, promotes="same", min_kind="float", blocks=True)
def leaky_relu_p(xp: Any, a: Any, b: Any) -> Any:
    if _is_slope(xp, a, b):
        y = a * b
        return xp.maximum(a, y, out=y if y.ndim else None)
    return choose(xp, a > 0, a, a * b)


leaky_relu_p.defvjp(
    a=lambda g, a, b: select(a > 0, g, b * g),
    b=lambda g, a: keep(g * a, ~(a > 0)),
)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """``max(0, input) + negative_slope * min(0, input)``."""
    return _apply("leaky_relu", lambda x: leaky_relu_p(x, negative_slope), input, inplace)


@as_one("PreluKernelBackward0")
def prelu(input: Any, weight: Any) -> Any:
    """``leaky_relu`` with a learned slope per channel (dim 1), or one for all (He et al., 2015)."""
    count, channels = weight.array.size, input.array.shape[1] if input.array.ndim > 1 else 1
    if weight.array.ndim > 1:
        raise RuntimeError(
            "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = "
            f"{weight.array.ndim}"
        )
    if count != 1 and not input.array.ndim:
        raise RuntimeError(
            f"prelu: Not allow zero-dim input tensor with {count} slopes: one is expected."
        )
    if weight.array.dtype != input.array.dtype:
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {input.dtype} and {weight.dtype}: convert "
            "one of them with .to()"
        )
    if count not in (1, channels):
        raise RuntimeError(
            "prelu: Mismatch of parameter numbers and input channel size. Found parameter numbers "
            f"= {count} and channel size = {channels}."
        )
    if input.array.ndim > 1:
        weight = weight.reshape(-1, *(1,) * (input.array.ndim - 2))
    elif input.array.ndim == 0:
        weight = weight.reshape(())
    return leaky_relu_p(input, weight)


@as_one("RreluWithNoiseBackward0")
def rrelu(
    input: Any,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Any:
    """``leaky_relu`` with slopes drawn from ``U(lower, upper)`` in training, and their mean
    otherwise (Xu et al., 2015).
    """
    if lower > upper:
        raise RuntimeError(
            "rrelu: Lower bound should be less than or equal to the upper bound, got "
            f"{lower} and {upper}"
        )
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    negative = input.array <= 0
    generator = draw.default_generator(input.device.type)
    if isinstance(generator, draw.CounterGenerator):  # the host need not know how many there are
        x = input.array
        drawn = draw.uniform(x.shape, lower, upper, x.dtype, generator, array_module(x))
        slopes = TensorBase.wrap(array_module(x).where(negative, drawn, 1).astype(x.dtype))
        return _apply("rrelu", lambda x: leaky_relu_p(x, slopes), input, inplace)
    slopes = ones_like(input)  # a NaN is not negative
    slopes.array[negative] = (
        empty(int(negative.sum()), dtype="float64", device=input.device)
        .uniform_(lower, upper)
        .array
    )
    return _apply("rrelu", lambda x: leaky_relu_p(x, slopes), input, inplace)


@as_one("ThresholdBackward0")
def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Any:
    """``input`` where it is above ``threshold``, else ``value``."""
    require_kind("threshold", "integer", input)

    def kept(x: Any) -> Any:
        wide = cast(x, dtype="float32") if x.dtype is dtypes.bfloat16 else x  # as in PyTorch
        low = wide <= threshold
        return keep(x, ~low) if wrapped == 0 else select(low, wrapped, x)

    wrapped = value
    if input.array.dtype.kind in "iu" and math.isfinite(value):  # as C++ converts it
        wrapped = int(np.array(int(value)).astype(input.array.dtype))
    return _apply("threshold", kept, input, inplace)


@as_one("HardshrinkBackward0")
def hardshrink(input: Any, lambd: float = 0.5, *, out: Any = None) -> Any:
    """``input`` where ``|input| > lambd``, else 0."""
    require_kind("hardshrink", "float", input)
    y = keep(input, ~(abs(input.detach()) <= lambd))
    return y if out is None else write_out("hardshrink", out, y, exact=True)


@as_one("SoftshrinkBackward0")
def softshrink(input: Any, lambd: float = 0.5, *, out: Any = None) -> Any:
    """``input`` moved towards 0 by ``lambd``: ``input - clamp(input, -lambd, lambd)``."""
    require_kind("softshrink", "float", input)
    if not 0 <= lambd < math.inf:
        raise RuntimeError(
            f"softshrink: lambda must be in range [0, {finfo(input.dtype).max:g}] for input dtype "
            f"{input.dtype}, but found {lambd}"
        )
    y = input - clamp(input, -lambd, lambd)
    return y if out is None else write_out("softshrink", out, y, exact=True)


# -- exponential linear ----------------------------------------------------------------------------


@primitive(promotes="float", min_kind="float", blocks=True)
def elu_p(xp: Any, a: Any, *, alpha: float, scale: float, rate: float) -> Any:
    negative = expm1(xp, clip(xp, a, None, 0) * rate) * (alpha * scale)
    return clip(xp, a, 0, None) * scale + negative


def _d_elu(g: Any, a: Any, alpha: float, scale: float, rate: float) -> Any:
    slope = exp(clamp(a, max=0.0) * rate) * (alpha * scale * rate)
    return keep(g * scale, a > 0) + keep(g * slope, ~(a > 0))


elu_p.defvjp(a=_d_elu)


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """``input`` where positive, else ``alpha * (exp(input) - 1)`` (Clevert et al., 2015)."""
    return _apply("elu", lambda x: elu_p(x, alpha=alpha, scale=1.0, rate=1.0), input, inplace)


@as_one("CeluBackward0")
def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """``input`` where positive, else ``alpha * (exp(input / alpha) - 1)`` (Barron, 2017)."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: celu: alpha cannot be 0")
    return _apply(
        "celu", lambda x: elu_p(x, alpha=alpha, scale=1.0, rate=1 / alpha), input, inplace
    )


_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def selu(input: Any, inplace: bool = False) -> Any:
    """``scale * elu(input, alpha)`` with the constants that keep mean 0 and variance 1 (Klambauer
    et al., 2017).
    """
    return _apply(
        "selu", lambda x: elu_p(x, alpha=_SELU_ALPHA, scale=_SELU_SCALE, rate=1.0), input, inplace
    )


# -- smooth ----------------------------------------------------------------------------------------


@primitive(promotes="float", min_kind="float", blocks=True)
def softplus_p(xp: Any, a: Any, *, beta: float, threshold: float) -> Any:
    scaled = a * beta
    y = log1p(xp, xp.exp(-xp.absolute(scaled))) + clip(xp, scaled, 0, None)
    y = y if beta == 1 else y / beta
    return y if threshold == math.inf else choose(xp, scaled > threshold, a, y)


softplus_p.defvjp(
    a=lambda g, a, beta, threshold: g * select(a * beta > threshold, 1, sigmoid(a * beta)),
)


def softplus(input: Any, beta: float = 1, threshold: float = 20, *, out: Any = None) -> Any:
    """``log(1 + exp(beta * input)) / beta``; the identity where ``beta * input > threshold``."""
    y = softplus_p(input, beta=beta, threshold=threshold)
    return y if out is None else write_out("softplus", out, y, exact=True)


@as_one("LogSigmoidBackward0")
def logsigmoid(input: Any, *, out: Any = None) -> Any:
    """``log(sigmoid(input))`` without overflow or underflow."""
    y = -softplus_p(-input, beta=1, threshold=math.inf)
    return y if out is None else write_out("logsigmoid", out, y, exact=True)


@primitive(promotes="float", min_kind="float", blocks=True)
def mish_p(xp: Any, a: Any) -> Any:
    return a * _tanh_of_softplus(xp.exp(clip(xp, a, None, _large(a))))


def _tanh_of_softplus(e: Any) -> Any:
    """``tanh(log(1 + e))``, which is ``((1 + e)^2 - 1) / ((1 + e)^2 + 1)``."""
    n = e * (e + 2)
    return n / (n + 2)


def _large(a: Any) -> float:
    """Where the tanh is 1, and the square of exp finite, in the precision of ``a``."""
    return 5.0 if a.dtype.itemsize == 2 else 40.0


def _d_mish(g: Any, a: Any) -> Any:
    t = _tanh_of_softplus(exp(clamp(a, max=_large(a))))
    return g * (t + a * (1 - t * t) * sigmoid(a))


mish_p.defvjp(a=_d_mish)


def mish(input: Any, inplace: bool = False) -> Any:
    """``input * tanh(softplus(input))`` (Misra, 2019)."""
    return _apply("mish", mish_p, input, inplace)


def softsign(input: Any) -> Any:
    """``input / (1 + |input|)``."""
    return input / (1 + abs(input))


def tanhshrink(input: Any) -> Any:
    """``input - tanh(input)``."""
    return input - tanh(input)


@primitive(grad_fn="GluBackward0", promotes="float", min_kind="float", blocks=True)
def glu_p(xp: Any, a: Any, b: Any) -> Any:
    return a * sigmoid(b)


glu_p.defvjp(
    a=lambda g, b: g * sigmoid(b),
    b=lambda g, y, b: g * y * sigmoid(-b),  # sigmoid' = sigmoid(b) sigmoid(-b)
)


def glu(input: Any, dim: int = -1) -> Any:
    """``a * sigmoid(b)`` of the two halves of ``input`` along ``dim`` (Dauphin et al., 2016).

    >>> import minitorch_dl as torch
    >>> torch.nn.functional.glu(torch.tensor([1.0, 2.0, 0.0, 0.0]))
    tensor([0.5000, 1.0000])
    """
    if input.array.ndim == 0:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    size = input.size(dim)
    if size % 2:
        raise RuntimeError(
            f"glu: Halving dimension must be even, but dimension {dim} is size {size}"
        )
    return glu_p(input.narrow(dim, 0, size // 2), input.narrow(dim, size // 2, size // 2))


def _silu_composite(x: Any) -> Any:
    return x * sigmoid(x)


@fused(
    composite=_silu_composite,
    aux=("slope",),
    promotes="float",
    complex=True,
    min_kind="float",
)
def silu_p(xp: Any, a: Any) -> Any:
    return kernels.silu(xp, a, may_record())


@silu_p.defbackward
def _silu_backward(g: Any, xp: Any, slope: Any) -> Any:
    return (kernels.times(xp, g, slope),)


def silu(input: Any, inplace: bool = False) -> Any:
    """``input * sigmoid(input)``, also called swish (Elfwing et al., 2017)."""
    return _apply("silu", silu_p, input, inplace)


_SQRT_HALF, _SQRT_2_PI = math.sqrt(0.5), math.sqrt(2 / math.pi)


def _gelu_composite(x: Any, *, approximate: str) -> Any:
    if approximate == "tanh":
        return 0.5 * x * (1 + tanh(_SQRT_2_PI * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + erf(x * _SQRT_HALF))


@fused(composite=_gelu_composite, aux=("slope",), promotes="float", min_kind="float")
def gelu_p(xp: Any, a: Any, *, approximate: str) -> Any:
    return kernels.gelu(xp, a, approximate=approximate, sloped=may_record())


@gelu_p.defbackward
def _gelu_backward(g: Any, xp: Any, slope: Any) -> Any:
    return (kernels.times(xp, g, slope),)


def gelu(input: Any, approximate: str = "none", *, out: Any = None) -> Any:
    """``input * P(X <= input)`` for a standard normal X:
    ``0.5 * input * (1 + erf(input / sqrt(2)))``.

    ``approximate="tanh"``:
    ``0.5 * input * (1 + tanh(sqrt(2 / pi) * (input + 0.044715 * input**3)))`` (Hendrycks and
    Gimpel, 2016).
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(
            f"gelu: approximate argument must be either none or tanh, got {approximate!r}"
        )
    y = gelu_p(input, approximate=approximate)
    return y if out is None else write_out("gelu", out, y, exact=True)


relu_, elu_, celu_, selu_, hardtanh_, leaky_relu_, rrelu_, threshold_ = (
    in_place(_in_place_node(name, function), name)
    for function, name in (
        (relu, "relu_"), (elu, "elu_"), (celu, "celu_"), (selu, "selu_"), (hardtanh, "hardtanh_"),
        (leaky_relu, "leaky_relu_"), (rrelu, "rrelu_"), (threshold, "threshold_"),
    )
)  # fmt: skip
