"""Dropout: elements, or whole channels, set to zero at random while training.

On the CPU the masks are PyTorch's for the same seed. Srivastava et al., 2014.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..autograd.errors import require_kind, require_tensor
from ..autograd.inplace import write
from ..autograd.node_names import as_one
from ..autograd.primitive import TensorBase, primitive
from ..backend import array_module, device_of, random as draw
from ..backend.random import counter
from ..backend.row_major import made_like
from ..backend.warning import warn
from .convolution import batched
from .creation import ones_like

__all__ = [
    "alpha_dropout", "alpha_dropout_", "dropout", "dropout_", "feature_alpha_dropout",
    "feature_alpha_dropout_", "feature_dropout", "feature_dropout_", "native_dropout",
]  # fmt: skip

_SATURATION = 1.7580993408473766
"""SELU's scale * alpha: minus this is what alpha dropout sets elements to."""


# -- by a device's counter: the mask is a function of the draw, so none is kept -------------------


@primitive(grad_fn="NativeDropoutBackward0")
def counted_dropout(xp: Any, a: Any, base: Any, *, seed: int, number: int, p: float) -> Any:
    """``a`` times the mask of a draw, whose seed and number are counted from ``base`` if given."""
    return counter.dropout(xp, a, (seed, number, base), p)


counted_dropout.defvjp(
    a=lambda g, base, seed, number, p: counted_dropout(g, base, seed=seed, number=number, p=p)
)

# -- the public functions -------------------------------------------------------------------------


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Each element zero with probability ``p``, else divided by ``1 - p``; unchanged unless
    ``training``.

    >>> import minitorch_dl as torch
    >>> torch.nn.functional.dropout(torch.ones(2), 0.5, training=False)
    tensor([1., 1.])
    """
    return _dropout("dropout", input, p, training, inplace, _every)


def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Whole channels of (N, C, L) or (C, L) zero with probability ``p``, else over ``1 - p``."""
    dims = input.array.ndim
    if dims not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {dims}D input. Note that "
            "dropout1d exists to provide channel-wise dropout on inputs with 1 spatial dimension, "
            "a channel dimension, and an optional batch dimension"
        )
    return _channel_dropout("dropout1d", 1, input, p, training, inplace)


def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Whole channels of (N, C, H, W) zero with probability ``p``, else divided by ``1 - p``.

    As in PyTorch, three axes mean (N, C, L) here.
    """
    dims = input.array.ndim
    if dims not in (3, 4):
        warn(
            f"dropout2d: Received a {dims}-D input to dropout2d, which is deprecated and will "
            "result in an error in a future release.",
        )
    if dims == 3:
        warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout "
            "behavior is desired - input is interpreted as shape (N, C, L), where C is the "
            "channel dim.",
        )
    return feature_dropout(input, p, training, inplace)


def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Whole channels of (N, C, D, H, W) or (C, D, H, W) zero with probability ``p``."""
    dims = input.array.ndim
    if dims not in (4, 5):
        warn(
            f"dropout3d: Received a {dims}-D input to dropout3d, which is deprecated and will "
            "result in an error in a future release.",
        )
    if dims == 4:
        return _channel_dropout("dropout3d", 3, input, p, training, inplace)
    return feature_dropout(input, p, training, inplace)


def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Dropout that keeps mean 0 and variance 1, to go with SELU (Klambauer et al., 2017)."""
    if training:
        require_kind("alpha_dropout", "float", input)
    return _dropout("alpha_dropout", input, p, training, inplace, _every, _rescaled)


def feature_alpha_dropout(
    input: Any, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Any:
    """``alpha_dropout`` of whole channels of (N, C, ...)."""
    if training:
        require_kind("feature_alpha_dropout", "float", input)
    return _dropout("feature_alpha_dropout", input, p, training, inplace, _channels, _rescaled)


def feature_dropout(
    input: Any, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Any:
    """``dropout`` of whole channels of (N, C, ...)."""
    return _dropout("feature_dropout", input, p, training, inplace, _channels)


def _channel_dropout(
    op: str, dims: int, input: Any, p: float, training: bool, inplace: bool
) -> Any:
    call = lambda x: feature_dropout(x, p, training)  # noqa: E731
    if inplace and training and p:
        return write(f"{op}_", input, lambda: batched(input, dims, call))
    y = batched(input, dims, call)
    return input if inplace else y


def _every(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape


def _channels(shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) < 2:
        raise RuntimeError(
            "Feature dropout requires at least 2 dimensions in the input, but got size "
            f"{list(shape)}"
        )
    return (*shape[:2], *(1,) * (len(shape) - 2))


def _scaled(input: Any, mask: Any, p: float) -> Any:
    mask /= 1 - p
    return input * TensorBase.wrap(mask)


def _rescaled(input: Any, mask: Any, p: float) -> Any:
    a = 1 / math.sqrt((_SATURATION * _SATURATION * p + 1) * (1 - p))
    shift = (mask - 1) * (_SATURATION * a) + _SATURATION * a * p
    dtype = input.array.dtype
    return input * TensorBase.wrap((mask * a).astype(dtype)) + TensorBase.wrap(shift.astype(dtype))


def _dropout(
    op: str,
    input: Any,
    p: float,
    training: bool,
    inplace: bool,
    mask_shape: Callable[[tuple[int, ...]], tuple[int, ...]],
    apply: Callable[[Any, Any, float], Any] = _scaled,
) -> Any:
    require_tensor(op, "input", input)
    if not 0 <= p <= 1:
        raise ValueError(f"{op}: dropout probability has to be between 0 and 1, but got {p}")
    x = input.array
    if p == 0 or not training or not x.size:
        return input  # in place, too: nothing is written, so what saved it stays right
    require_kind(op, "float", input)
    if inplace:
        return write(
            f"{op}_", input, lambda: _dropout(op, input, p, training, False, mask_shape, apply)
        )
    if p == 1:
        return input * 0.0
    generator = draw.default_generator(device_of(x).type)
    if (
        op == "dropout"
        and isinstance(generator, draw.CounterGenerator)
        and input.dtype.is_floating_point
    ):
        seed, number, base = generator.draw()
        base = None if base is None else TensorBase.wrap(base)
        return counted_dropout(input, base, seed=seed, number=number, p=p)
    xp = array_module(x)
    if mask_shape is _every:
        mask = made_like(x, lambda size: draw.bernoulli(1 - p, size, x.dtype, generator, xp))
    else:
        mask = draw.bernoulli(1 - p, mask_shape(x.shape), x.dtype, generator, xp)
    return apply(input, mask, p)


def dropout_(input: Any, p: float, train: bool) -> Any:
    """``dropout`` in place."""
    return dropout(input, p, train, True)


def alpha_dropout_(input: Any, p: float, train: bool) -> Any:
    """``alpha_dropout`` in place."""
    return alpha_dropout(input, p, train, True)


def feature_dropout_(input: Any, p: float, train: bool) -> Any:
    """``feature_dropout`` in place."""
    return feature_dropout(input, p, train, True)


def feature_alpha_dropout_(input: Any, p: float, train: bool) -> Any:
    """``feature_alpha_dropout`` in place."""
    return feature_alpha_dropout(input, p, train, True)


@as_one("NativeDropoutBackward0")
def native_dropout(input: Any, p: float, train: bool | None) -> tuple[Any, Any]:
    """``(dropout, mask)``: also which elements were kept; ``train`` None means to drop."""
    factor = dropout(ones_like(input.detach()), p, train is None or train)
    return input * factor, factor != 0
