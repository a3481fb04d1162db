"""Branches, loops and scans written as functions, for programs that a compiler may see whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .ops import cat
from .utils._pytree import tree_flatten, tree_unflatten

__all__ = ["associative_scan", "cond", "foreach_map", "map", "scan", "while_loop"]


def cond(
    pred: Any, true_fn: Callable[..., Any], false_fn: Callable[..., Any], operands: Any = ()
) -> Any:
    """``true_fn(*operands)`` if ``pred`` else ``false_fn(*operands)``.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor(-2.0)
    >>> torch.cond(x > 0, torch.sin, torch.abs, (x,))
    tensor(2.)
    """
    return true_fn(*operands) if pred else false_fn(*operands)


def while_loop(
    cond_fn: Callable[..., Any], body_fn: Callable[..., Any], carried_inputs: Any
) -> Any:
    """``state = body_fn(*state)`` as long as ``cond_fn(*state)``."""
    state = tuple(carried_inputs)
    while cond_fn(*state):
        made = body_fn(*state)
        state = tuple(made) if isinstance(made, (tuple, list)) else (made,)
    return state


def map(f: Callable[..., Any], xs: Any, *args: Any) -> Any:
    """``f(x, *args)`` for each ``x`` along the first dim, the results stacked."""
    return scan(lambda nothing, x: (nothing, f(x, *args)), None, xs)[1]


def foreach_map(op: Callable[..., Any], *operands: Any, **options: Any) -> list[Any]:
    """``op`` of the first tensors of the lists among the operands, then of the second, and so on.
    What is no list is the same each time.

    >>> import minitorch_dl as torch
    >>> from minitorch_dl.control_flow import foreach_map
    >>> foreach_map(torch.mul, [torch.ones(2), torch.ones(1)], 3)
    [tensor([3., 3.]), tensor([3.])]
    """
    lists = [x for x in operands if isinstance(x, (list, tuple))]
    if len({len(x) for x in lists}) != 1:
        raise ValueError(
            "foreach_map(): expected lists of one length among the operands, got lengths "
            f"{[len(x) for x in lists]}"
        )
    columns = [x if isinstance(x, (list, tuple)) else [x] * len(lists[0]) for x in operands]
    return [op(*row, **options) for row in zip(*columns, strict=True)]


def scan(
    combine_fn: Callable[..., Any], init: Any, xs: Any, *, dim: int = 0, reverse: bool = False
) -> tuple[Any, Any]:
    """``carry, y = combine_fn(carry, x)`` for each ``x`` along ``dim``; the last carry, and all
    ``y`` stacked along the first dim."""
    leaves, spec = tree_flatten(xs)
    steps = range(leaves[0].shape[dim])
    carry, results = init, []
    for i in reversed(steps) if reverse else steps:
        carry, y = combine_fn(carry, tree_unflatten([x.select(dim, i) for x in leaves], spec))
        results.append(tree_flatten(y))
    if reverse:
        results.reverse()
    columns = zip(*[values for values, _ in results], strict=True)
    stacked = [cat([y.unsqueeze(0) for y in column]) for column in columns]
    return carry, tree_unflatten(stacked, results[0][1])


def associative_scan(
    combine_fn: Callable[[Any, Any], Any],
    xs: Any,
    dim: int,
    reverse: bool = False,
    combine_mode: str = "pointwise",
) -> Any:
    """The running results of an associative function along ``dim``: ``y₀ = x₀``, ``yᵢ =
    combine_fn(yᵢ₋₁, xᵢ)``, in log₂ n steps (Hillis & Steele 1986).

    Args:
        xs: a tensor, or tensors of one length along ``dim`` in tuples, lists or dicts.
        reverse: from the end.
        combine_mode: "pointwise" or "generic"; both are computed alike.

    >>> import minitorch_dl as torch
    >>> from minitorch_dl.control_flow import associative_scan
    >>> associative_scan(lambda a, b: a * b, torch.arange(1, 6), dim=0)
    tensor([  1,   2,   6,  24, 120])
    """
    if combine_mode not in ("pointwise", "generic"):
        raise ValueError(f"Combine_mode must either 'pointwise' or 'generic', got {combine_mode}")
    leaves, spec = tree_flatten(xs)
    if reverse:
        leaves = [x.flip(dim) for x in leaves]
    n, reach = leaves[0].shape[dim], 1
    while reach < n:
        earlier = [x.narrow(dim, 0, n - reach) for x in leaves]
        later = [x.narrow(dim, reach, n - reach) for x in leaves]
        made = combine_fn(tree_unflatten(earlier, spec), tree_unflatten(later, spec))
        leaves = [
            cat([x.narrow(dim, 0, reach), y], dim)
            for x, y in zip(leaves, tree_flatten(made)[0], strict=True)
        ]
        reach *= 2
    return tree_unflatten([x.flip(dim) for x in leaves] if reverse else leaves, spec)
