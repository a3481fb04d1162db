"""``vmap``: a function of one entry becomes one of a batch."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from typing import Any

from ..backend.random import default_generator
from ..tensor import Tensor
from ..utils._pytree import tree_is_leaf, tree_leaves, tree_structure
from . import (  # noqa: F401  (which fill in RULES)
    derivative_rules,
    layer_rules,
    product_rules,
    shape_rules,
)
from .batched import Batched, Draws, is_at, torch, vmapping
from .random_rules import DrawingPerEntry

__all__ = ["vmap"]


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """A function that applies ``func`` to each entry of a batch and stacks the results. It runs
    once, for all entries together, so it can't ask for the values of one.

    Args:
        in_dims: per argument the dimension of the batch, None for arguments that all entries share.
        out_dims: where the batch goes in the outputs; None for those that are the same for all.
        randomness: whether random numbers are "different" for each entry or the "same"; "error"
            refuses to draw any.
        chunk_size: how many entries to compute at once (default: all).

    >>> import minitorch_dl as torch
    >>> torch.func.vmap(torch.dot)(
    ...     torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 1.0], [0.0, 1.0]])
    ... )
    tensor([3., 4.])
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        dims = _in_dims(in_dims, args)
        leaves = tree_leaves(args)
        structure = tree_structure(args)
        size = _batch_size(leaves, dims)
        batches = [x.movedim(d, 0) if d else x for x, d in zip(leaves, dims)]
        draws = Draws(randomness)
        if chunk_size is None or chunk_size >= size:
            return _run(func, structure.unflatten, batches, dims, size, draws, out_dims, kwargs)
        parts = []
        for start in range(0, size, chunk_size):
            n = min(chunk_size, size - start)
            draws.before(start)
            chunk = [x if d is None else x.narrow(0, start, n) for x, d in zip(batches, dims)]
            parts.append(_run(func, structure.unflatten, chunk, dims, n, draws, out_dims, kwargs))
        to = _out_dims(out_dims, parts[0])
        columns = zip(*map(tree_leaves, parts))
        return tree_structure(parts[0]).unflatten(
            [column[0] if d is None else torch.cat(column, d) for column, d in zip(columns, to)]
        )

    return wrapper


def _run(
    func: Callable[..., Any],
    unflatten: Callable[[list[Any]], Any],
    batches: list[Any],
    dims: list[int | None],
    size: int,
    draws: Draws,
    out_dims: Any,
    kwargs: dict[str, Any],
) -> Any:
    """``func`` of the entries of ``batches``, which come along the first dim where ``dims`` isn't
    None."""
    begun = default_generator().mark()
    with vmapping(size, draws) as level:
        given = [x if d is None else Batched.of(x, level.number) for x, d in zip(batches, dims)]
        drawing = DrawingPerEntry(level.number, size)
        try:
            with drawing if draws.randomness == "different" else contextlib.nullcontext():
                result = func(*unflatten(given), **kwargs)
        except Exception:
            if not level.reads_arrays:
                raise
        if not level.reads_arrays:
            draws.after()
            to = _out_dims(out_dims, result)
    if level.reads_arrays:
        default_generator().go_back(begun)
        return _each(lambda x: func(*unflatten(x), **kwargs), batches, dims, size, draws, out_dims)
    ends = [_at_the_end(y, d, size, level.number) for y, d in zip(tree_leaves(result), to)]
    return tree_structure(result).unflatten(ends)


def _each(
    func: Callable[[list[Any]], Any],
    batches: list[Any],
    dims: list[int | None],
    size: int,
    draws: Draws,
    out_dims: Any,
) -> Any:
    """The results of one entry after the other, stacked: for what works on arrays inside, such as
    recurrent layers."""
    results = []
    for i in range(max(size, 1)):  # without entries, zeros tell what the results look like
        draws.before(i)
        entry = [
            x if d is None else x.select(0, i) if size else x.new_zeros(x.shape[1:])
            for x, d in zip(batches, dims)
        ]
        results.append(func(entry))
    draws.after()
    to = _out_dims(out_dims, results[0])
    ends = []
    for column, d in zip(zip(*map(tree_leaves, results)), to):
        y = column[0] if d is None else torch.stack(list(column), d)
        ends.append(y if size or d is None else y.narrow(d, 0, 0))
    return tree_structure(results[0]).unflatten(ends)


def _at_the_end(y: Any, dim: int | None, size: int, level: int) -> Any:
    if is_at(y, level):
        if dim is None:
            raise ValueError(
                "vmap(f, ...): `f` can not return a BatchedTensor when out_dim is None, which is "
                "for results that are the same for all entries. Did you mean to set out_dims=0?"
            )
        y = y.entries
    elif dim is None:
        return y
    else:
        y = y.expand((size, *y.shape))
    return y.movedim(0, dim) if dim else y


class _Other(Exception):
    """The dims don't have the containers of the values."""


def _spread(dim: Any, tree: Any) -> list[Any]:
    """The dim per leaf of ``tree``: one for all of them, or containers like the tree's."""
    if dim is None or isinstance(dim, int) or tree_is_leaf(tree):
        if isinstance(dim, (tuple, list, dict)):
            raise _Other
        return [dim] * len(tree_leaves(tree))
    named = isinstance(tree, Mapping)
    if named != isinstance(dim, Mapping) or len(dim) != len(tree):
        raise _Other
    pairs = [(dim[k], tree[k]) for k in tree] if named else zip(dim, tree)
    return [d for one, value in pairs for d in _spread(one, value)]


def _in_dims(in_dims: Any, args: tuple[Any, ...]) -> list[int | None]:
    """The dim of the batch per tensor of the arguments."""
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(
            f"vmap(in_dims={in_dims}): expected `in_dims` to be int or a (potentially nested) "
            f"tuple matching the structure of inputs, got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            "vmap(f)(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying "
            "to vmap over a function with no inputs. The latter is unsupported."
        )
    try:
        dims = _spread(in_dims, args)
    except _Other:
        raise ValueError(
            "vmap: in_dims is not compatible with the structure of `inputs`. in_dims is "
            f"{in_dims} but inputs has structure {tree_structure(args)}."
        ) from None
    for x, d in zip(tree_leaves(args), dims):
        if d is not None and not isinstance(d, int):
            raise ValueError(
                f"vmap: Got in_dim={d} for an input but in_dim must be either an integer "
                "dimension or None."
            )
        if d is not None and not isinstance(x, Tensor):
            raise ValueError(
                f"vmap: Got in_dim={d} for an input but the input is of type {type(x)}. We cannot "
                "vmap over non-Tensor arguments, please use None as the respective in_dim"
            )
        if d is not None and not -x.dim() <= d < x.dim():
            raise ValueError(
                f"vmap: Got in_dim={d} for some input, but that input is a Tensor of "
                f"dimensionality {x.dim()} so expected in_dim to satisfy "
                f"-{x.dim()} <= in_dim < {x.dim()}."
            )
    return dims


def _batch_size(leaves: list[Any], dims: list[int | None]) -> int:
    sizes = [x.shape[d] for x, d in zip(leaves, dims) if d is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if len(set(sizes)) > 1:
        raise ValueError(
            "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
    return sizes[0]


def _out_dims(out_dims: Any, result: Any) -> list[int | None]:
    """Where the batch goes, per leaf of the results."""
    if not all(d is None or type(d) is int for d in tree_leaves(out_dims)):
        raise ValueError(
            "vmap: `out_dims` must be an int, None or a python collection of ints representing "
            f"where in the outputs the vmapped dimension should appear, got {out_dims}."
        )
    if isinstance(out_dims, (tuple, list)) and len(out_dims) == 1 and tree_is_leaf(result):
        (out_dims,) = out_dims
    try:
        dims = _spread(out_dims, result)
    except _Other:
        raise ValueError(
            f"vmap: out_dims is not compatible with the structure of `outputs`. out_dims is "
            f"{out_dims} but outputs has structure {tree_structure(result)}."
        ) from None
    for y, d in zip(tree_leaves(result), dims):
        if d is not None and not isinstance(y, Tensor):
            raise ValueError(
                f"vmap: `f` must only return Tensors, got type {type(y)}. Did you mean to set "
                "out_dims= to None for output?"
            )
        if d is not None and not -y.dim() - 1 <= d <= y.dim():
            raise IndexError(
                f"vmap: Dimension out of range (expected to be in range of [-{y.dim() + 1}, "
                f"{y.dim()}], but got out_dim {d})"
            )
    return dims
