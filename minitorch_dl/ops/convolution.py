"""Convolution and transposed convolution over one to three spatial axes.

Three primitives contract ``sum x[n, c, t * stride + k - padding] w[o, c, k] u[n, o, t]`` over two
of its arrays and leave the third open. So each one's derivatives are the other two, to any order.
"""

from __future__ import annotations

import functools
from typing import Any

from ..autograd.engine_ops import sum_to
from ..autograd.errors import require_tensor
from ..autograd.node_names import as_one
from ..autograd.primitive import primitive
from ..backend import convolution
from ..backend.precision import in_float32
from .shape import permute, reshape_p
from .spatial import batched, per_axis

__all__ = [
    "conv1d", "conv2d", "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d",
]  # fmt: skip


@primitive(complex="holomorphic", min_kind="integer")
def convolution_p(xp: Any, x: Any, w: Any, b: Any, *, stride, padding, dilation, groups) -> Any:
    """``y[n, o, t] = b[o] + sum over c, k of x[n, c, t stride + k dilation - pad] w[o, c, k]``."""
    y = in_float32(convolution.correlate, back=0)(
        xp, x, w, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    if b is not None:
        y += b.reshape(-1, *(1,) * len(stride))
    return y if y.dtype == x.dtype else y.astype(x.dtype)


@primitive(grad_fn="ConvolutionBackward0", complex="holomorphic", min_kind="integer")
def convolution_input(
    xp: Any, u: Any, w: Any, b: Any, *, size, stride, padding, dilation, groups
) -> Any:
    """The transposed convolution: the gradient of ``convolution_p``'s input, of ``size``."""
    x = in_float32(convolution.correlate_input, back=0)(
        xp, u, w, size=size, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    if b is not None:
        x += b.reshape(-1, *(1,) * len(stride))
    return x if x.dtype == u.dtype else x.astype(u.dtype)


@primitive(complex="holomorphic")
def convolution_weight(
    xp: Any, x: Any, u: Any, *, kernel, stride, padding, dilation, groups
) -> Any:
    """The gradient of ``convolution_p``'s weight, of size ``kernel``."""
    return in_float32(convolution.correlate_weight)(
        xp, x, u, kernel=kernel, stride=stride, padding=padding, dilation=dilation, groups=groups
    )


def _bias_gradient(g: Any, b_shape: tuple[int, ...], stride: tuple[int, ...]) -> Any:
    return reshape_p(sum_to(g, shape=(*b_shape, *(1,) * len(stride))), shape=b_shape)


convolution_p.defvjp(
    x=lambda g, w, x_shape, stride, padding, dilation, groups: convolution_input(
        g,
        w,
        None,
        size=x_shape[2:],
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
    ),
    w=lambda g, x, w_shape, stride, padding, dilation, groups: convolution_weight(
        x, g, kernel=w_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
    b=_bias_gradient,
)
convolution_input.defvjp(
    u=lambda g, w, stride, padding, dilation, groups: convolution_p(
        g, w, None, stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
    w=lambda g, u, w_shape, stride, padding, dilation, groups: convolution_weight(
        g, u, kernel=w_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
    b=_bias_gradient,
)
convolution_weight.defvjp(
    x=lambda g, u, x_shape, stride, padding, dilation, groups: convolution_input(
        u,
        g,
        None,
        size=x_shape[2:],
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
    ),
    u=lambda g, x, stride, padding, dilation, groups: convolution_p(
        x, g, None, stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
)

# -- the public functions -------------------------------------------------------------------------


@as_one()
def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """1-d convolution of ``(N, C, L)`` or ``(C, L)``; arguments as in ``conv2d``.

    >>> import minitorch_dl as torch
    >>> torch.nn.functional.conv1d(torch.tensor([[[1.0, 2.0, 4.0]]]), torch.tensor([[[1.0, -1.0]]]))
    tensor([[[-1., -2.]]])
    """
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


@as_one()
def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """2-d convolution:
    ``y[n, o, i, j] = bias[o] + sum x[n, c, i s + k d - p, j s + l d - p] w[o, c, k, l]``.

    Args:
        input: ``(N, C, H, W)`` or ``(C, H, W)``.
        weight: ``(O, C / groups, kH, kW)``.
        bias: ``(O,)`` or None.
        stride, dilation: a positive number, or one per spatial axis.
        padding: zeros around the input: a number or one per axis, "valid" (none) or "same" (output
            of the input's size; stride 1 only).
        groups: how many blocks of channels are convolved apart from each other; divides C and O.

    Returns:
        ``(N, O, H', W')`` with ``H' = floor((H + 2 p - d (kH - 1) - 1) / s) + 1``.

    >>> import minitorch_dl as torch
    >>> torch.nn.functional.conv2d(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2)).shape
    torch.Size([1, 1, 2, 2])
    """
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


@as_one()
def conv3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """3-d convolution of ``(N, C, D, H, W)`` or ``(C, D, H, W)``; arguments as in ``conv2d``."""
    return _conv("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


@as_one("ConvTbcBackward0")
def conv_tbc(input: Any, weight: Any, bias: Any, pad: int = 0) -> Any:
    """1-d convolution with time first and channels last: ``(L, N, C)`` with weight ``(kL, C, O)``
    and bias ``(O,)`` gives ``(L', N, O)``; ``pad`` zeros at both ends.
    """
    op = "conv_tbc"
    for name, value, dims in (
        ("input", input, "3 dims: time, batch, in_channel"),
        ("weight", weight, "3 dims: kernel_width, in_channels, out_channels"),
        ("bias", bias, "1 dim: out_channels"),
    ):
        require_tensor(op, name, value)
        if value.array.ndim != int(dims[0]):
            raise RuntimeError(f"{op}: {name} must have {dims}, got size {list(value.array.shape)}")
    x, w = permute(input, (1, 2, 0)), permute(weight, (2, 1, 0))
    return permute(_conv(op, 1, x, w, bias, 1, pad, 1, 1), (2, 0, 1))


@as_one()
def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """1-d transposed convolution of ``(N, C, L)`` or ``(C, L)``; as ``conv_transpose2d``."""
    return _conv_transpose(
        "conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups,
        dilation,
    )  # fmt: skip


@as_one()
def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """2-d transposed convolution: the gradient of ``conv2d`` with respect to its input, as a layer
    of its own.

    Args:
        input: ``(N, C, H, W)`` or ``(C, H, W)``.
        weight: ``(C, O / groups, kH, kW)``.
        output_padding: size added at the end of each spatial axis, below stride or dilation: a
            strided convolution maps several sizes to one.

    Returns:
        ``(N, O, H', W')`` with ``H' = (H - 1) s - 2 p + d (kH - 1) + output_padding + 1``.

    >>> import minitorch_dl as torch
    >>> torch.nn.functional.conv_transpose2d(
    ...     torch.ones(1, 1, 2, 2), torch.ones(1, 1, 3, 3), stride=2
    ... ).shape
    torch.Size([1, 1, 5, 5])
    """
    return _conv_transpose(
        "conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups,
        dilation,
    )  # fmt: skip


@as_one()
def conv_transpose3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """3-d transposed convolution of ``(N, C, D, H, W)`` or ``(C, D, H, W)``."""
    return _conv_transpose(
        "conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups,
        dilation,
    )  # fmt: skip


def _conv(
    op: str,
    dims: int,
    x: Any,
    w: Any,
    b: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    stride = per_axis(op, "stride", stride, dims)
    dilation = per_axis(op, "dilation", dilation, dims)
    kernel = w.array.shape[2:]
    if isinstance(padding, str):
        padding = _named_padding(op, padding, kernel, stride, dilation)
    else:
        padding = tuple([(p, p) for p in per_axis(op, "padding", padding, dims)])
    _check(op, dims, x, w, b, stride, padding, dilation, groups, channel_axis=1)
    return batched(
        x,
        dims,
        lambda x: convolution_p(
            x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups
        ),
    )


def _conv_transpose(
    op: str,
    dims: int,
    x: Any,
    w: Any,
    b: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Any:
    stride = per_axis(op, "stride", stride, dims)
    dilation = per_axis(op, "dilation", dilation, dims)
    padding = per_axis(op, "padding", padding, dims)
    extra = per_axis(op, "output_padding", output_padding, dims)
    # What output_padding adds at the end no window reaches: so much less padding is there.
    pairs = tuple([(p, p - e) for p, e in zip(padding, extra)])
    around = tuple([(p, p) for p in padding])
    _check(op, dims, x, w, b, stride, around, dilation, groups, channel_axis=0)
    if any(e < 0 or (e >= s and e >= d) for e, s, d in zip(extra, stride, dilation)):
        raise RuntimeError(
            f"{op}: output padding must be smaller than either stride or dilation, but got "
            f"output_padding={extra}, stride={stride}, dilation={dilation}"
        )
    size = tuple(
        [
            (n - 1) * s - 2 * p + d * (k - 1) + e + 1
            for n, s, p, d, k, e in zip(
                x.array.shape[-dims:], stride, padding, dilation, w.array.shape[2:], extra
            )
        ]
    )
    if any(n < 1 for n in size):
        raise RuntimeError(
            f"{op}: Given input size per channel: {tuple(x.array.shape[-dims:])}. Calculated "
            f"output size per channel: {size}. Output size is too small"
        )
    return batched(
        x,
        dims,
        lambda x: convolution_input(
            x, w, b, size=size, stride=stride, padding=pairs, dilation=dilation, groups=groups
        ),
    )


def _named_padding(op: str, name: str, kernel: Any, stride: Any, dilation: Any) -> Any:
    if name == "valid":
        return ((0, 0),) * len(stride)
    if name != "same":
        raise RuntimeError(
            f"{op}: Invalid padding string: '{name}'. Use 'same', 'valid' or numbers"
        )
    if any(s != 1 for s in stride):
        raise RuntimeError(f"{op}: padding='same' is not supported for strided convolutions")
    totals = [d * (k - 1) for k, d in zip(kernel, dilation)]
    return tuple((t // 2, t - t // 2) for t in totals)


def _check(
    op: str,
    dims: int,
    x: Any,
    w: Any,
    b: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    channel_axis: int,
) -> None:
    """Refuse what doesn't fit; ``channel_axis`` is the weight's axis of input channels."""
    for name, value in (("input", x), ("weight", w), ("bias", x if b is None else b)):
        require_tensor(op, name, value)
    x, w, b = x.array, w.array, None if b is None else b.array
    _check_kinds(op, dims, x, w, b)
    bias = None if b is None else b.shape
    _check_sizes(
        op, dims, x.shape, w.shape, bias, stride, padding, dilation, groups, channel_axis
    )  # fmt: skip


@functools.lru_cache(maxsize=512)  # a layer meets the same sizes again and again
def _check_sizes(
    op: str,
    dims: int,
    size: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    channel_axis: int,
) -> None:
    _check_windows(op, stride, padding, dilation, groups)
    _check_channels(dims, size, weight, bias, groups, channel_axis)
    if any(k == 0 for k in weight[2:]):
        raise RuntimeError(
            f"{op}: kernel size should be greater than zero, but got weight of size {list(weight)}"
        )
    if channel_axis == 1:
        _check_kernel(op, size[-dims:], weight[2:], padding, dilation)


def _check_kinds(op: str, dims: int, x: Any, w: Any, b: Any) -> None:
    """Refuse other numbers of dims, and several dtypes."""
    if w.ndim < 3:
        raise RuntimeError(
            f"{op}: weight should have at least three dimensions, but got weight of size "
            f"{list(w.shape)}"
        )
    if w.ndim != dims + 2:
        raise RuntimeError(
            f"{op}: Expected {w.ndim}-dimensional input for {w.ndim}-dimensional weight "
            f"{list(w.shape)}, but got {x.ndim}-dimensional input of size {list(x.shape)} instead. "
            f"The weight of {op} has {dims + 2} dimensions"
        )
    if x.ndim not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {op}, but got "
            f"input of size: {list(x.shape)}"
        )
    for name, other in (("weight", w), ("bias", b)):
        if other is not None and other.dtype != x.dtype:
            raise RuntimeError(
                f"{op}: Input type ({x.dtype}) and {name} type ({other.dtype}) should be the same"
            )


def _check_windows(op: str, stride: Any, padding: Any, dilation: Any, groups: int) -> None:
    """Refuse numbers that are too low."""
    if groups < 1:
        raise RuntimeError(f"{op}: non-positive groups is not supported, got groups={groups}")
    if any(s < 1 for s in stride):
        raise RuntimeError(f"{op}: non-positive stride is not supported, got stride={stride}")
    if any(d < 1 for d in dilation):
        raise RuntimeError(f"{op}: dilation should be greater than zero, got dilation={dilation}")
    if any(before < 0 or after < 0 for before, after in padding):
        raise RuntimeError(f"{op}: negative padding is not supported, got padding={padding}")


def _check_channels(
    dims: int, size: Any, weight: Any, bias: Any, groups: int, channel_axis: int
) -> None:
    """Refuse an input or a bias whose channels are not the weight's."""
    if weight[0] < groups or weight[0] % groups or weight[0] == 0:
        wanted = f"at least {groups}" if weight[0] < groups else f"divisible by {groups}"
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be {wanted} at dimension 0, but got "
            f"weight of size {list(weight)} instead"
        )
    channels = size[-dims - 1]
    expected, outputs = weight[1] * groups, weight[0]
    transposed = ""
    if channel_axis == 0:
        expected, outputs, transposed = outputs, expected, ", transposed=True"
    if channels != expected:
        raise RuntimeError(
            f"Given groups={groups}{transposed}, weight of size {list(weight)}, expected "
            f"input{list(size)} to have {expected} channels, but got {channels} channels instead"
        )
    if bias is not None and bias != (outputs,):
        raise RuntimeError(
            f"Given{transposed} weight of size {list(weight)}, expected bias to be 1-dimensional "
            f"with {outputs} elements, but got bias of size {list(bias)} instead"
        )


def _check_kernel(op: str, size: Any, kernel: Any, padding: Any, dilation: Any) -> None:
    """Refuse a kernel that is larger than the padded input."""
    padded = [s + p + q for s, (p, q) in zip(size, padding)]
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
    if any(k > s for k, s in zip(spans, padded)):
        shown = " x ".join
        raise RuntimeError(
            f"{op}: Calculated padded input size per channel: ({shown(map(str, padded))}). "
            f"Kernel size: ({shown(map(str, spans))}). Kernel size can't be greater than "
            "actual input size"
        )
