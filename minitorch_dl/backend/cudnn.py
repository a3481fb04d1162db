"""Convolutions by cuDNN, where NVIDIA's frontend package is installed (the extra ``cudnn``).

Each problem (which of the three convolutions, shapes, dtype, stride, ...) becomes a graph that is
built once and kept; one that cuDNN can't build is left to the twins, those of ``convolution``.
Float16 and bfloat16 lie with the channels last, as the tensor cores want them. Graphs have been
validated, but not yet run on a GPU.
"""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .kernels.launching import Kernel, Sample
from .precision import float32_products, is_half
from .windows import Ints, Pairs, window_counts

enabled = True
"""PyTorch's ``backends.cudnn.enabled``."""

_TYPES = {"float16": "HALF", "bfloat16": "BFLOAT16", "float32": "FLOAT", "float64": "DOUBLE"}


@functools.cache
def frontend() -> Any:
    """The package ``nvidia-cudnn-frontend``; None where it, or cuDNN itself, is missing."""
    try:
        cudnn = importlib.import_module("cudnn")
        cudnn.backend_version()  # raises where libcudnn is missing
    except (ImportError, OSError, RuntimeError, AttributeError):
        return None
    return cudnn if hasattr(cudnn, "pygraph") else None


def strides(shape: Ints, channels_last: bool) -> list[int]:
    """Of a tensor (N, C, *S), in elements."""
    order = [0, *range(2, len(shape)), 1] if channels_last else [*range(len(shape))]
    found, step = [0] * len(shape), 1
    for axis in reversed(order):
        found[axis], step = step, step * shape[axis]
    return found


def graph(
    cudnn: Any, kind: str, shapes: tuple[Ints, Ints, Ints], dtype: str, stride: Ints,
    padding: Pairs, dilation: Ints,
) -> tuple[Any, Any, Any, Any]:  # fmt: skip
    """A graph for one of the three convolutions, and its two inputs and its output.

    Args:
        kind: "conv_fprop" of x and w, "conv_dgrad" of g and w, or "conv_wgrad" of x and g.
        shapes: of the inputs and the output.
    """
    types, computed = cudnn.data_type, "DOUBLE" if dtype == "float64" else "FLOAT"
    held, wide = getattr(types, _TYPES[dtype]), getattr(types, computed)
    g = cudnn.pygraph(io_data_type=held, intermediate_data_type=wide, compute_data_type=wide)
    last = dtype in ("float16", "bfloat16")
    first, second = (
        g.tensor(name=name, dim=list(shape), stride=strides(shape, last), data_type=held)
        for name, shape in zip(("first", "second"), shapes)
    )
    names = {"conv_fprop": ("image", "weight"), "conv_dgrad": ("loss", "filter"),
             "conv_wgrad": ("image", "loss")}[kind]  # fmt: skip
    result = getattr(g, kind)(
        **dict(zip(names, (first, second))),
        pre_padding=[p for p, _ in padding],
        post_padding=[p for _, p in padding],
        stride=list(stride),
        dilation=list(dilation),
    )
    result.set_output(True).set_data_type(held)
    result.set_dim(list(shapes[2])).set_stride(strides(shapes[2], last))
    g.validate()
    return g, first, second, result


_graphs: dict[Any, Any] = {}
_handles: dict[int, Any] = {}


def _built(cudnn: Any, handle: Any, kind: str, dtype: str, precise: bool, *problem: Any) -> Any:
    """The graph and its tensors, ready to run; None where cuDNN can't."""
    key = (id(handle), kind, dtype, precise, *problem)
    if key not in _graphs:
        try:
            made = graph(cudnn, kind, problem[0], dtype, *problem[1:])
            g = made[0]
            g.build_operation_graph()
            g.create_execution_plans([cudnn.heur_mode.A, cudnn.heur_mode.FALLBACK])
            if precise:  # no TF32
                g.deselect_numeric_notes([cudnn.numerical_note.TENSOR_CORE])
            g.check_support()
            g.build_plans()
            _graphs[key] = made
        except Exception:  # cuDNN has its own classes, and says so of problems it does not support
            _graphs[key] = None
    return _graphs[key]


def _run(
    xp: Any, kind: str, first: Any, second: Any, shape: Ints, stride: Ints, padding: Pairs,
    dilation: Ints,
) -> Any:  # fmt: skip
    cudnn = frontend() if enabled else None
    if cudnn is None or first.dtype.name not in _TYPES or first.ndim not in (4, 5):
        return None
    if not (first.size and second.size and math.prod(shape)) or first.dtype != second.dtype:
        return None
    index = xp.cuda.Device().id
    if index not in _handles:
        _handles[index] = cudnn.create_handle()
    handle, dtype = _handles[index], first.dtype
    precise = dtype == np.float32 and float32_products() == "highest"
    shapes = (first.shape, second.shape, tuple(shape))
    problem = (shapes, tuple(stride), tuple(padding), tuple(dilation))
    made = _built(cudnn, handle, kind, dtype.name, precise, *problem)
    if made is None:
        return None
    g, *tensors = made
    a, b = _laid_out(xp, first), _laid_out(xp, second)
    if is_half(dtype):
        n, c, *size = shape
        y = xp.moveaxis(xp.empty((n, *size, c), dtype), -1, 1)
    else:
        y = xp.empty(shape, dtype)
    workspace = xp.empty(max(1, g.get_workspace_size()), "uint8")
    cudnn.set_stream(handle=handle, stream=xp.cuda.get_current_stream().ptr)
    buffers = dict(zip(tensors, (array.data.ptr for array in (a, b, y))))
    g.execute(buffers, workspace.data.ptr, handle=handle)
    return y


def _laid_out(xp: Any, a: Any) -> Any:
    if not is_half(a.dtype):
        return xp.ascontiguousarray(a)
    return xp.moveaxis(xp.ascontiguousarray(xp.moveaxis(a, 1, -1)), -1, 1)


# -- the three, as kernels beside their twins in ``convolution`` -----------------------------------


def _correlate(
    xp: Any, x: Any, w: Any, *, stride: Ints, padding: Pairs, dilation: Ints, groups: int
) -> Any:
    out = window_counts(x.shape[2:], w.shape[2:], stride, padding, dilation)
    shape = (x.shape[0], w.shape[0], *out)
    return _run(xp, "conv_fprop", x, w, shape, stride, padding, dilation)


def _correlate_input(
    xp: Any, g: Any, w: Any, *, size: Ints, stride: Ints, padding: Pairs, dilation: Ints,
    groups: int,
) -> Any:  # fmt: skip
    if any(p < 0 for pair in padding for p in pair):
        return None
    shape = (g.shape[0], w.shape[1] * groups, *size)
    return _run(xp, "conv_dgrad", g, w, shape, stride, padding, dilation)


def _correlate_weight(
    xp: Any, x: Any, g: Any, *, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints,
    groups: int,
) -> Any:  # fmt: skip
    if any(p < 0 for pair in padding for p in pair):
        return None
    shape = (g.shape[1], x.shape[1] // groups, *kernel)
    return _run(xp, "conv_wgrad", x, g, shape, stride, padding, dilation)


_WINDOW = {"stride": (2, 1), "padding": ((1, 1), (0, 1)), "dilation": (1, 1)}


def _samples(random: np.random.Generator, dtype: str) -> Iterator[Any]:
    """Convolutions of (2, 8, 7, 6) with 8 kernels of (3, 2), in 1 and in 2 groups."""
    for groups in (1, 2):
        shapes = ((2, 8, 7, 6), (8, 8 // groups, 3, 2), (2, 8, 4, 6))
        x, w, g = (random.normal(size=s).astype(dtype) for s in shapes)
        yield x, w, g, _WINDOW | {"groups": groups}


def _forward_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for x, w, _, window in _samples(random, dtype):
        yield (x, w), window


def _input_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for x, w, g, window in _samples(random, dtype):
        yield (g, w), {"size": x.shape[2:]} | window


def _weight_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for x, w, g, window in _samples(random, dtype):
        yield (x, g), {"kernel": w.shape[2:]} | window


correlate = Kernel("cuDNN's convolution", _correlate, _forward_samples)
correlate_input = Kernel("cuDNN's gradient of the input", _correlate_input, _input_samples)
correlate_weight = Kernel("cuDNN's gradient of the weight", _correlate_weight, _weight_samples)
