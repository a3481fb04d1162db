"""``vmap``: a function of one entry becomes one of a batch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .autograd.modes import state
from .ops import joining
from .ops.comparison import equal
from .ops.random import get_rng_state, set_rng_state
from .tensor import Tensor
from .utils._pytree import tree_is_leaf, tree_leaves, tree_structure

__all__ = ["vmap"]


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """A function that applies ``func`` to each entry of a batch and stacks the results; here by a
    plain loop.

    Args:
        in_dims: per argument the dimension of the batch, None for arguments that all entries share.
        out_dims: where the batch goes in the outputs; None for those that are the same for all.
        randomness: whether random numbers are "different" for each entry or the "same"; "error"
            refuses to draw any.
        chunk_size: accepted: entries are computed one by one.

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

        def run(i: int) -> Any:
            entries = [
                x if d is None else x.select(d, i) if size else x.new_zeros(_without(x.shape, d))
                for x, d in zip(leaves, dims)
            ]
            return func(*structure.unflatten(entries), **kwargs)

        draws = _Draws(randomness)
        results = []
        for i in range(max(size, 1)):  # without entries, zeros tell what the results look like
            draws.before(i)
            with _keeping_graphs(i < size - 1):
                results.append(run(i))
            draws.after()
        to = _out_dims(out_dims, results[0])
        columns = zip(*map(tree_leaves, results))
        return tree_structure(results[0]).unflatten(
            [_joined(column, d, size) for column, d in zip(columns, to)]
        )

    return wrapper


@contextmanager
def _keeping_graphs(keeps: bool) -> Iterator[None]:
    """Let the backward passes of one entry leave the graph to the next, as there is one pass for
    all of a batch."""
    outer, state.keeps_graphs = state.keeps_graphs, state.keeps_graphs or keeps
    try:
        yield
    finally:
        state.keeps_graphs = outer


def _without(shape: Any, dim: int) -> tuple[int, ...]:
    dim %= len(shape)
    return (*shape[:dim], *shape[dim + 1 :])


def _joined(column: tuple[Any, ...], dim: int | None, size: int) -> Any:
    if dim is None:
        return column[0]
    y = joining.stack(list(column), dim)
    return y if size else y.narrow(dim, 0, 0)


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


class _Draws:
    """What the entries of a batch draw at random: others each ("different"), all the same ("same"),
    or nothing ("error")."""

    def __init__(self, randomness: str) -> None:
        if randomness not in ("error", "different", "same"):
            raise RuntimeError(
                "Only allowed values for randomness are 'error', 'different', or 'same'. Got "
                f"{randomness}"
            )
        self._randomness = randomness
        self._state: Any = None

    def before(self, i: int) -> None:
        if self._randomness == "same" and i:
            set_rng_state(self._state)
        else:
            self._state = get_rng_state()

    def after(self) -> None:
        if self._randomness == "error" and not equal(get_rng_state(), self._state):
            raise RuntimeError(
                "vmap: called random operation while in randomness error mode. Please either use "
                "the 'same' or 'different' randomness flags on vmap or perform the randomness "
                "operation out of vmap"
            )
