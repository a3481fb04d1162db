"""Axes rearranged by a pattern that names them."""

from __future__ import annotations

import math
import re
from typing import Any

from .joining import stack
from .shape import permute, reshape

__all__: list[str] = []  # public as ``func.rearrange``

Axes = list[list[str]]
"""Of one side of a pattern: for each axis the names of its parts, none of an axis of size 1."""


def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """Transpose, split and join axes as a pattern says.

    Each side of ``->`` names the axes in order. Those in parentheses are parts of one axis, the
    last the quickest to vary; ``...`` stands for all axes that have no name, and ``1`` or ``()``
    for an axis of size 1 (Rogozhnikov, "Einops", 2022).

    Args:
        tensor: a tensor, or several of one shape, which are stacked along a new first axis.
        axes_lengths: the sizes of parts; of each axis one may be left out.

    Raises:
        ValueError: the pattern can't be read, or doesn't fit the shape.

    >>> import minitorch_dl as torch
    >>> images = torch.zeros(32, 30, 40, 3)
    >>> torch.func.rearrange(images, "b h w c -> b c h w").shape
    torch.Size([32, 3, 30, 40])
    >>> torch.func.rearrange(images, "b (h two) w c -> b h (w two c)", two=2).shape
    torch.Size([32, 15, 240])
    """
    if isinstance(tensor, (list, tuple)):
        tensor = stack(tensor)
    left, right = _read(pattern, tensor.ndim)
    if len(left) != tensor.ndim:
        raise _unfit(pattern, f"it has {len(left)} axes, and the tensor's shape", tensor.shape)
    sizes = dict(axes_lengths)
    names = [name for parts in left for name in parts]
    if not sizes.keys() <= set(names):
        raise _unfit(pattern, "it names no", " ".join(sizes.keys() - set(names)))
    for parts, size in zip(left, tensor.shape):
        unknown = [name for name in parts if name not in sizes]
        known = math.prod([sizes[name] for name in parts if name in sizes])
        if len(unknown) == 1 and known and size % known == 0:
            sizes[unknown[0]] = size // known
        elif unknown or size != known:
            raise _unfit(pattern, f"({' '.join(parts)}) with {axes_lengths} is not", size)
    order = [names.index(name) for parts in right for name in parts]
    apart = permute(reshape(tensor, [sizes[name] for name in names]), order)
    return reshape(apart, [math.prod([sizes[name] for name in parts]) for parts in right])


def _read(pattern: str, ndim: int) -> tuple[Axes, Axes]:
    """Both sides of a pattern for a tensor of ``ndim`` axes."""
    if pattern.count("->") != 1 or pattern.count("...") > 2:
        raise ValueError(
            f"rearrange(): expected a pattern such as 'b ... c -> (b c) ...', got {pattern!r}"
        )
    texts = pattern.split("->")
    if "..." in pattern:
        named = len(_axes(texts[0].replace("...", "")))
        unnamed = " ".join([f"{i}_" for i in range(ndim - named)])  # no name begins with a digit
        texts = [text.replace("...", unnamed) for text in texts]
    left, right = map(_axes, texts)
    names = [sorted([name for parts in side for name in parts]) for side in (left, right)]
    if names[0] != names[1] or len(set(names[0])) != len(names[0]):
        raise ValueError(f"rearrange(): each name must be once on each side of {pattern!r}")
    return left, right


def _axes(text: str) -> Axes:
    axes = []
    for joined, single in re.findall(r"\(([^()]*)\)|(\S+)", re.sub(r"([()])", r" \1 ", text)):
        parts = [name for name in (single or joined).split() if name != "1"]
        if any(re.fullmatch(r"[A-Za-z]\w*|\d+_", name) is None for name in parts):
            raise ValueError(f"rearrange(): expected names of axes, got {' '.join(parts)!r}")
        axes.append(parts)
    return axes


def _unfit(pattern: str, what: str, found: Any) -> ValueError:
    return ValueError(f"rearrange(): the pattern {pattern!r} doesn't fit: {what} {found}")
