"""Hypothesis strategies for tensors and for the arguments of common ops.

Needs Hypothesis: ``pip install minitorch-dl[test]``. A property of one's own op in five lines::

    from hypothesis import given
    from minitorch_dl.testing import strategies as st


    @given(st.tensors(domain=(0.1, 3.0)))
    def test_log_inverts_exp(x):
        assert_close(x.exp().log(), x)

What is drawn shrinks towards few elements, few dims and plain numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

try:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as hnp
    from hypothesis.strategies import SearchStrategy
except ImportError as error:
    raise ImportError(
        "minitorch_dl.testing.strategies needs Hypothesis, which is not installed: "
        "pip install minitorch-dl[test]"
    ) from error

from ..backend import dtypes
from ..ops import from_numpy
from ..tensor import Tensor

__all__ = [
    "ConvGeometry", "SequenceBatch", "arrays", "axes", "broadcastable", "broadcastable_shapes",
    "conv_geometry", "indices", "pool_geometry", "sequence_batches", "shapes", "tensors",
]  # fmt: skip

T = TypeVar("T")
Shape = tuple[int, ...]
Draw = Callable[[SearchStrategy[T]], T]
LAYOUTS = ("contiguous", "transposed", "strided", "reversed")


def shapes(
    min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = 4
) -> SearchStrategy[Shape]:
    """Shapes, 0-d and empty ones among them unless ``min_dims`` and ``min_side`` say otherwise."""
    return hnp.array_shapes(
        min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side
    )


def broadcastable_shapes(
    n: int = 2, *, max_dims: int = 3, min_side: int = 0, max_side: int = 3
) -> SearchStrategy[tuple[Shape, ...]]:
    """``n`` shapes that broadcast together."""
    drawn = hnp.mutually_broadcastable_shapes(
        num_shapes=n, max_dims=max_dims, min_side=min_side, max_side=max_side
    )
    return drawn.map(lambda found: found.input_shapes)


@st.composite
def arrays(
    draw: Draw[Any],
    shape: Shape | SearchStrategy[Shape] | None = None,
    dtype: dtypes.dtype = dtypes.float64,
    domain: tuple[float, float] = (-2.0, 2.0),
    *,
    avoid: Sequence[float] = (),
    distinct: bool = False,
    contiguity: str | None = None,
) -> np.ndarray:
    """NumPy arrays; the arguments are those of ``tensors``."""
    if shape is None:
        shape = shapes()
    sizes = draw(shape) if isinstance(shape, SearchStrategy) else shape
    found = draw(hnp.arrays(dtype.numpy, sizes, elements=_elements(dtype, domain, avoid),
                            unique=distinct))  # fmt: skip
    layout = draw(st.sampled_from(LAYOUTS)) if contiguity is None else contiguity
    return laid_out(found, layout)


def _elements(
    dtype: dtypes.dtype, domain: tuple[float, float], avoid: Sequence[float]
) -> SearchStrategy[Any]:
    low, high = domain
    if dtype is dtypes.bool:
        return st.booleans()
    if dtype.is_complex:
        parts = _elements(dtypes.float64, domain, avoid)
        return st.builds(complex, parts, parts)
    if not dtype.is_floating_point:
        return st.integers(math.ceil(low), math.floor(high))
    # Steps of 1/64: exact in every float dtype, and plain when printed.
    margin = 2
    steps = st.integers(math.ceil(low * 64) + margin, math.floor(high * 64) - margin)
    values = steps.map(lambda k: k / 64)
    if avoid:
        values = values.filter(lambda x: all(abs(x - point) > 1 / 32 for point in avoid))
    return values


def laid_out(array: np.ndarray, layout: str) -> np.ndarray:
    """The same values in other places of memory: "contiguous", "transposed" (the dims in reverse
    order), "strided" (every second element) or "reversed" (from the back).
    """
    if layout == "contiguous" or array.ndim == 0:
        return array.copy()
    if layout == "transposed":
        return array.T.copy().T
    step = 2 if layout == "strided" else -1
    room = np.zeros((*array.shape[:-1], array.shape[-1] * abs(step)), array.dtype)
    view = room[..., ::step]
    view[...] = array
    return view


def tensors(
    shape: Shape | SearchStrategy[Shape] | None = None,
    dtype: dtypes.dtype = dtypes.float64,
    domain: tuple[float, float] = (-2.0, 2.0),
    *,
    avoid: Sequence[float] = (),
    distinct: bool = False,
    contiguity: str | None = "contiguous",
    requires_grad: bool = False,
) -> SearchStrategy[Tensor]:
    """Tensors.

    Args:
        shape: one shape, or a strategy (default ``shapes()``).
        domain: the values lie inside this interval, off its ends; of complex numbers, both parts.
        avoid: values to keep away from, such as a function's kinks.
        distinct: no value twice, so that a maximum is attained once.
        contiguity: "contiguous", "transposed", "strided", "reversed", or None for any of them.
        requires_grad: as the tensor's attribute.

    >>> import minitorch_dl as torch
    >>> from hypothesis import given, settings
    >>> from minitorch_dl.testing import strategies
    >>> @settings(deadline=None)  # at first, Hypothesis reads the sources of a checkout
    ... @given(strategies.tensors((2, 3), domain=(0.1, 3.0)))
    ... def test_log_inverts_exp(x):
    ...     torch.testing.assert_close(x.exp().log(), x)
    >>> test_log_inverts_exp()
    """
    drawn = arrays(shape, dtype, domain, avoid=avoid, distinct=distinct, contiguity=contiguity)
    return drawn.map(lambda a: _tensor(a, requires_grad))


def _tensor(array: np.ndarray, requires_grad: bool = False) -> Tensor:
    return Tensor.wrap(array).requires_grad_(requires_grad)


@st.composite
def broadcastable(
    draw: Draw[Any],
    n: int = 2,
    dtype: dtypes.dtype = dtypes.float64,
    domain: tuple[float, float] = (-2.0, 2.0),
    *,
    max_dims: int = 3,
    min_side: int = 0,
    max_side: int = 3,
    **options: Any,
) -> tuple[Tensor, ...]:
    """``n`` tensors that broadcast together; ``options`` as for ``tensors``."""
    found = draw(broadcastable_shapes(n, max_dims=max_dims, min_side=min_side, max_side=max_side))
    return tuple(draw(tensors(shape, dtype, domain, **options)) for shape in found)


@st.composite
def axes(
    draw: Draw[Any], ndim: int, *, several: bool = False, none: bool = False
) -> int | tuple[int, ...] | None:
    """A dim of a tensor of ``ndim`` dims, counted from either end; with ``several`` also tuples of
    different dims, with ``none`` also None."""
    one = st.integers(-max(ndim, 1), max(ndim, 1) - 1)
    choices: list[SearchStrategy[Any]] = [one]
    if none:
        choices.insert(0, st.none())
    if several and ndim:
        choices.append(
            st.lists(one, min_size=1, max_size=ndim, unique_by=lambda d: d % ndim).map(tuple)
        )
    return draw(st.one_of(choices))


@st.composite
def indices(draw: Draw[Any], shape: Shape, *, arrays_too: bool = True) -> Any:
    """What may stand between brackets for a tensor of this shape: integers, slices, ``...``, None,
    and with ``arrays_too`` integer and bool tensors."""
    basic = hnp.basic_indices(shape, allow_newaxis=True)
    index = draw(basic)
    parts = index if isinstance(index, tuple) else (index,)
    if any(isinstance(p, slice) and (p.step or 1) < 0 for p in parts):
        positive = [slice(None) if isinstance(p, slice) and (p.step or 1) < 0 else p for p in parts]
        index = tuple(positive) if isinstance(index, tuple) else positive[0]
    if not arrays_too or not shape or not math.prod(shape):
        return index
    kind = draw(st.sampled_from(("basic", "integers", "mask")))
    if kind == "integers":
        positions = st.integers(-shape[0], shape[0] - 1)
        return from_numpy(draw(hnp.arrays(np.int64, shapes(0, 2, 1, 3), elements=positions)))
    if kind == "mask":
        return from_numpy(draw(hnp.arrays(np.bool_, shape)))
    return index


@dataclass(frozen=True)
class ConvGeometry:
    """A convolution that has an output: shapes ``(N, C, *size)``, ``(O, C / groups, *kernel)``."""

    input_shape: Shape
    weight_shape: Shape
    stride: Shape
    padding: Shape
    dilation: Shape
    groups: int

    @property
    def output_shape(self) -> Shape:
        sizes = zip(self.input_shape[2:], self.weight_shape[2:], self.stride, self.padding,
                    self.dilation)  # fmt: skip
        spatial = tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in sizes)
        return (self.input_shape[0], self.weight_shape[0], *spatial)

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments of ``conv1d``, ``conv2d`` and ``conv3d``."""
        return {
            "stride": self.stride,
            "padding": self.padding,
            "dilation": self.dilation,
            "groups": self.groups,
        }


@st.composite
def conv_geometry(
    draw: Draw[Any], dims: int = 2, *, max_size: int = 6, max_kernel: int = 3
) -> ConvGeometry:
    """Shapes, stride, padding, dilation and groups of a convolution over ``dims`` dims.

    >>> import minitorch_dl as torch
    >>> from hypothesis import given, settings
    >>> from minitorch_dl.testing import strategies
    >>> @settings(deadline=None)  # at first, Hypothesis reads the sources of a checkout
    ... @given(strategies.conv_geometry(2))
    ... def test_output_shape(g):
    ...     x, w = torch.ones(g.input_shape), torch.ones(g.weight_shape)
    ...     assert torch.conv2d(x, w, **g.options).shape == g.output_shape
    >>> test_output_shape()
    """
    each = range(dims)
    kernel = tuple(draw(st.integers(1, max_kernel)) for _ in each)
    dilation = tuple(draw(st.integers(1, 2)) for _ in each)
    padding = tuple(draw(st.integers(0, 2)) for _ in each)
    stride = tuple(draw(st.integers(1, 3)) for _ in each)
    needed = [max(d * (k - 1) + 1 - 2 * p, 1) for k, d, p in zip(kernel, dilation, padding)]
    size = tuple(draw(st.integers(n, max(n, max_size))) for n in needed)
    groups = draw(st.integers(1, 2))
    per_group, outputs = draw(st.integers(1, 2)), draw(st.integers(1, 2)) * groups
    return ConvGeometry(
        (draw(st.integers(1, 2)), per_group * groups, *size),
        (outputs, per_group, *kernel), stride, padding, dilation, groups,
    )  # fmt: skip


@st.composite
def pool_geometry(
    draw: Draw[Any], dims: int = 2, *, max_size: int = 6, max_kernel: int = 3
) -> tuple[Shape, dict[str, Any]]:
    """An input shape ``(N, C, *size)`` and the arguments ``kernel_size``, ``stride``, ``padding``
    and ``ceil_mode`` of a pooling over ``dims`` dims."""
    kernel = tuple(draw(st.integers(1, max_kernel)) for _ in range(dims))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    size = tuple(draw(st.integers(max(k - 2 * p, 1), max_size)) for k, p in zip(kernel, padding))
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 2)), *size)
    stride = tuple(draw(st.integers(1, 3)) for _ in range(dims))
    return shape, {
        "kernel_size": kernel,
        "stride": stride,
        "padding": padding,
        "ceil_mode": draw(st.booleans()),
    }


@dataclass(frozen=True)
class SequenceBatch:
    """Padded sequences: ``data`` of shape ``(T, N, *features)``, or ``(N, T, *features)``, and
    the length of each."""

    data: Tensor
    lengths: tuple[int, ...]
    batch_first: bool


@st.composite
def sequence_batches(
    draw: Draw[Any],
    features: Shape = (2,),
    dtype: dtypes.dtype = dtypes.float64,
    *,
    max_length: int = 4,
    max_batch: int = 3,
    sorted_lengths: bool = False,
) -> SequenceBatch:
    """Batches of sequences of different lengths, zero beyond each sequence's end."""
    lengths = draw(st.lists(st.integers(1, max_length), min_size=1, max_size=max_batch))
    if sorted_lengths:
        lengths = sorted(lengths, reverse=True)
    data = draw(arrays((max(lengths), len(lengths), *features), dtype, contiguity="contiguous"))
    for i, length in enumerate(lengths):
        data[length:, i] = 0
    batch_first = draw(st.booleans())
    if batch_first:
        data = np.ascontiguousarray(np.swapaxes(data, 0, 1))
    return SequenceBatch(_tensor(data), tuple(lengths), batch_first)
