"""How derivatives and custom Functions are computed for all entries of a batch."""

from __future__ import annotations

from typing import Any

from .batched import Batched, by_own_rule, is_at, lifted, mapped, open_levels, rule_for, torch


@rule_for("grad")
def _grad(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    """``autograd.grad`` where outputs, inputs or their gradients are Batched. Each entry's output
    depends on its own inputs only, so one pass from all of them serves all."""
    outputs, inputs, grads, *rest = args
    if not any(is_at(y, level) for y in outputs):
        if not any(is_at(g, level) for g in grads or ()):
            return func(outputs, mapped(lambda x: x.entries, inputs, level), grads, *rest, **kwargs)
        size = open_levels()[level - 1].size
        kept = kwargs.get("retain_graph") or kwargs.get("create_graph")
        columns = [lifted(g, level).unbind(0) if g is not None else [None] * size for g in grads]
        found = []
        for i, row in enumerate(zip(*columns)):
            kwargs = {**kwargs, "retain_graph": kept or i < size - 1}
            found.append(func(outputs, inputs, row, *rest, **kwargs))
        return tuple(
            None if column[0] is None else Batched.of(torch.stack(list(column)), level)
            for column in zip(*found)
        )
    starts = [
        (torch.ones_like(y.entries) if is_at(y, level) and not y.ndim else None)
        if g is None
        else lifted(g, level)
        if is_at(y, level)
        else g
        for y, g in zip(outputs, grads or [None] * len(outputs))
    ]
    roots = [y.entries if is_at(y, level) else y for y in outputs]
    own = [is_at(x, level) for x in inputs]
    if not all(own):  # one that all entries share has a gradient for each, in a pass for each
        kwargs = {**kwargs, "retain_graph": True}
    places = [x.entries if is_at(x, level) else x for x in inputs]
    found = list(func(roots, places, starts, *rest, **kwargs))
    for j, x in enumerate(inputs):
        if found[j] is None:
            continue
        if not own[j]:
            found[j] = torch.stack(
                [
                    func(roots, (x,), [_only_entry(g, i) for g in starts], *rest, **kwargs)[0]
                    for i in range(open_levels()[level - 1].size)
                ]
            )
        found[j] = Batched.of(found[j], level)
    return tuple(found)


def _only_entry(g: Any, i: int) -> Any:
    """A gradient of all entries, with zeros for all but one."""
    if g is None:
        return None
    y = torch.zeros_like(g)
    y[i] = g[i]
    return y


@rule_for("apply")
def _apply(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    """A custom Function, by its own ``vmap``."""
    cls = func.__self__
    args, kwargs = cls._bound(args, kwargs)
    if kwargs:
        raise NotImplementedError(
            f"{cls.__name__}.apply: kwarg-only Tensor args can't be batched. Give them by position"
        )
    own = cls._defines("vmap")
    if own and cls.generate_vmap_rule:
        raise RuntimeError(
            f"You tried to vmap over {cls.__name__}, but it has both generate_vmap_rule=True and an"
            " overridden vmap staticmethod. Please set generate_vmap_rule=False or delete the "
            "overridden vmap staticmethod to avoid ambiguity."
        )
    if cls.generate_vmap_rule:
        return NotImplemented
    if not own:
        raise RuntimeError(
            f"You tried to vmap over {cls.__name__}, but it does not have vmap support. Please "
            "override and implement the vmap staticmethod or set generate_vmap_rule=True."
        )
    return by_own_rule(cls.__name__, cls.vmap, args, level)
