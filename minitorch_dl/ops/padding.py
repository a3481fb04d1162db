"""Padding tensors at their edges."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from ..autograd.errors import require_kind
from ..autograd.node_names import as_one, named
from ..autograd.primitive import primitive
from .movement import clone_p
from .slicing import Pads, pad_p, slice_p

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
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
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
    if mode == "circular":  # wraps around what is left
        input, pads = _cut_first(input, pads)
    for d, (before, after) in enumerate(pads):
        if before or after:
            _check_edge(input.array.shape, d, before, after, mode)
    widths = tuple([(max(before, 0), max(after, 0)) for before, after in pads])
    y = input if not any(map(any, widths)) else extend_p(input, pads=widths, mode=mode)
    cuts = [(max(-before, 0), min(after, 0) or None, None) for before, after in pads]
    if all(cut == (0, None, None) for cut in cuts):
        return clone_p(input) if y is input else y
    return clone_p(slice_p(y, index=tuple(cuts)))


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
_SOURCES: dict[str, Callable[[int, int, int], tuple[slice, slice]]] = {
    "reflect": lambda n, before, after: (
        slice(before, 0, -1),
        slice(n - 2, n - 2 - after if n - 2 >= after else None, -1),
    ),
    "replicate": lambda n, before, after: (slice(0, 1), slice(n - 1, n)),
    "circular": lambda n, before, after: (slice(n - before, n), slice(0, after)),
}
"""Per mode: which elements of an axis of ``n`` stand before its first, and which after its last."""


def _pieces(d: int, n: int, before: int, after: int, mode: str) -> list[tuple[Any, Any]]:
    """The padded axis ``d`` in pieces: (where a piece lies, the elements that it is made of)."""
    left, right = _SOURCES[mode](n, before, after)
    places = [(slice(before, before + n), slice(0, n))]
    if before:
        places.append((slice(0, before), left))
    if after:
        places.append((slice(before + n, before + n + after), right))
    whole = (slice(None),) * d
    return [((*whole, to), (*whole, source)) for to, source in places]


@primitive(complex=True)
def extend_p(xp: Any, a: Any, *, pads: Pads, mode: str) -> Any:
    """``a`` with elements of its own beyond its edges, (before, after) of them per axis."""
    for d, (before, after) in enumerate(pads):
        if before or after:
            n = a.shape[d]
            y = xp.empty((*a.shape[:d], n + before + after, *a.shape[d + 1 :]), a.dtype)
            for to, source in _pieces(d, n, before, after, mode):
                y[to] = a[source]
            a = y
    return a


extend_p.defvjp(a=lambda g, pads, mode: fold_back(g, pads=pads, mode=mode))


@primitive(complex=True)
def fold_back(xp: Any, a: Any, *, pads: Pads, mode: str) -> Any:
    """What lies beyond the edges added to the elements that it is made of: the reverse of
    ``extend_p``."""
    for d, (before, after) in reversed(list(enumerate(pads))):
        if before or after:
            n = a.shape[d] - before - after
            (inner, _), *borders = _pieces(d, n, before, after, mode)
            y = a[inner].copy()
            for to, source in borders:
                y[source] += a[to].sum(d, a.dtype, keepdims=True) if mode == "replicate" else a[to]
            a = y
    return a


fold_back.defvjp(a=lambda g, pads, mode: extend_p(g, pads=pads, mode=mode))


def _cut_first(input: Any, pads: Pads) -> tuple[Any, Pads]:
    """The input without what negative widths cut off, if they leave some, and the other widths."""
    kept, rest = [], []
    for n, (before, after) in zip(input.array.shape, pads):
        cuts = min(before, after) < 0 < n + min(before, 0) + min(after, 0)
        kept.append((max(-before, 0), n + min(after, 0), None) if cuts else (None, None, None))
        rest.append((max(before, 0), max(after, 0)) if cuts else (before, after))
    if tuple(rest) == pads:
        return input, pads
    return slice_p(input, index=tuple(kept)), tuple(rest)


def _check_edge(shape: tuple[int, ...], dim: int, before: int, after: int, mode: str) -> None:
    """Refuse widths for which an axis has too few elements."""
    n = shape[dim]
    longest = {"reflect": n - 1, "circular": n}.get(mode)
    if longest is not None and max(before, after) > longest:
        reason = {
            "reflect": "Padding size should be less than the corresponding input dimension",
            "circular": "Padding value causes wrapping around more than once",
        }[mode]
        raise RuntimeError(
            f"{reason}, but got: padding ({before}, {after}) at dimension {dim} of input "
            f"{list(shape)}"
        )
    if not n:
        raise RuntimeError(f"Expected a non-empty axis {dim} to pad, but got input {list(shape)}")
    if n + before + after < 0:
        raise RuntimeError(
            f"padding ({before}, {after}) leaves nothing of dimension {dim} of size {n}"
        )
