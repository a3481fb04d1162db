"""Padding tensors at their edges."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..autograd.errors import require_kind
from ..autograd.node_names import as_one, named
from ..backend import array_module, constant
from .indexing import index_p
from .joining import cat_p
from .movement import clone_p
from .slicing import Pads, pad_p, slice_along, slice_p

__all__ = ["constant_pad_nd"]  # ``pad`` is public as nn.functional.pad


def pad(input: Any, pad: Any, mode: str = "constant", value: float | None = None) -> Any:
    """``input`` with more elements before and after its last axes.

    Args:
        pad: (before, after) of the last axis, then of the one before it, and so on; negative
            numbers cut elements off
            (not in the modes "reflect" and "replicate").
        mode: "constant" fills with ``value``; "reflect" mirrors at the edge element, "replicate"
            repeats it, "circular" wraps
            around; these three take the last 1, 2 or 3 axes of a tensor with one or two more axes.

    >>> import minitorch_dl as torch
    >>> torch.nn.functional.pad(torch.tensor([[1, 2, 3]]), (2, 1), mode="reflect")
    tensor([[3, 2, 1, 2, 3, 2]])
    """
    widths = tuple(map(operator.index, pad))
    shape = input.array.shape
    if len(widths) % 2:
        raise RuntimeError(f"Padding length must be divisible by 2, got {len(widths)} numbers")
    axes = len(widths) // 2
    if axes > len(shape):
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got "
            f"padding length {len(widths)} and input of dimension {len(shape)}"
        )
    pads = ((0, 0),) * (len(shape) - axes) + tuple(zip(widths[::2], widths[1::2]))[::-1]
    if mode == "constant":
        return _constant(input, pads, value or 0)
    if value not in (None, 0):
        raise ValueError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if mode not in _SOURCES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if not (axes in (1, 2, 3) and axes + 1 <= len(shape) <= axes + 2):
        raise NotImplementedError(
            "Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now: "
            f"got {len(widths)} numbers for a tensor of shape {list(shape)}"
        )
    if mode != "circular":
        if 0 in shape[len(shape) - axes - 1 :]:
            raise RuntimeError(
                f"Expected {axes + 1}D or {axes + 2}D (batch mode) tensor with possibly 0 batch "
                f"size and other non-zero dimensions for input, but got: {list(shape)}"
            )
        require_kind(f"pad with mode={mode!r}", "integer", input)
    if mode == "circular":
        return named(_edges(input, pads, mode), "torch::autograd::CopySlices")
    return named(pad_edges(input, pads, mode), f"{_KINDS[mode]}Pad{axes}DBackward0")


def _edges(input: Any, pads: Pads, mode: str) -> Any:
    y = input
    for d, (before, after) in enumerate(pads):
        if before or after:
            y = _edge(y, d, before, after, mode)
    if all(n <= 0 for pair in pads for n in pair):  # what was cut out shares memory
        y = clone_p(y)
    return y


@as_one()
def pad_edges(input: Any, pads: Pads, mode: str) -> Any:
    """``input`` mirrored at its edges or with its edges repeated: what PyTorch has ops of its own
    for, one for each number of axes."""
    return _edges(input, pads, mode)


_pad_with = pad


def constant_pad_nd(input: Any, pad: Any, value: float = 0) -> Any:
    """``nn.functional.pad`` in mode "constant"."""
    return _pad_with(input, pad, "constant", value)


def _constant(input: Any, pads: Pads, value: float) -> Any:
    shape = input.array.shape
    numbers = [n for pair in pads for n in pair]
    if min(numbers, default=0) < 0:
        for n, (before, after) in zip(shape, pads):
            if n + before + after < 0:
                raise RuntimeError(
                    f"The input size {n}, plus negative padding {before} and {after} resulted in a "
                    "negative output size, which is invalid."
                )
        input = slice_p(
            input,
            index=tuple(
                [
                    (max(-before, 0), n + min(after, 0), None)
                    for n, (before, after) in zip(shape, pads)
                ]
            ),
        )
        pads = tuple([(max(before, 0), max(after, 0)) for before, after in pads])
    if max(numbers, default=0) <= 0:  # what was cut out shares memory
        return clone_p(input)
    return pad_p(input, pads=pads, value=value)


_KINDS = {"reflect": "Reflection", "replicate": "Replication"}
_SOURCES = {
    "reflect": lambda i, n: (n - 1) - abs(i % (2 * (n - 1) or 1) - (n - 1)),
    "replicate": lambda i, n: np.clip(i, 0, n - 1),
    "circular": lambda i, n: i % n,
}
"""Per mode: the element that stands at position ``i``, counted from the input's first, of an
axis of ``n``.
"""


def _edge(input: Any, dim: int, before: int, after: int, mode: str) -> Any:
    """``input`` padded along one axis with elements of its own."""
    n = input.array.shape[dim]
    if mode == "circular" and min(before, after) < 0 and n + min(before, 0) + min(after, 0) > 0:
        input = slice_along(input, dim, max(-before, 0), n + min(after, 0))
        n, before, after = input.array.shape[dim], max(before, 0), max(after, 0)
    longest = {"reflect": n - 1, "circular": n}.get(mode)
    if longest is not None and max(before, after) > longest:
        reason = {
            "reflect": "Padding size should be less than the corresponding input dimension",
            "circular": "Padding value causes wrapping around more than once",
        }[mode]
        raise RuntimeError(
            f"{reason}, but got: padding ({before}, {after}) at dimension {dim} of input "
            f"{list(input.array.shape)}"
        )
    if not n:
        raise RuntimeError(
            f"Expected a non-empty axis {dim} to pad, but got input {list(input.array.shape)}"
        )
    if n + before + after < 0:
        raise RuntimeError(
            f"padding ({before}, {after}) leaves nothing of dimension {dim} of size {n}"
        )
    xp = array_module(input.array)

    def at(first: int, last: int) -> Any:
        source = _SOURCES[mode](np.arange(first, last), n)
        return index_p(input, constant(xp, source), dims=(dim,))

    if min(before, after) < 0:
        return at(-before, n + after)
    # What lies between is copied in rows, not element by element.
    left = [at(-before, 0)] if before else []
    right = [at(n, n + after)] if after else []
    return cat_p(*left, input, *right, dim=dim)
