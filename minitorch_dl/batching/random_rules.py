"""What random functions draw inside ``vmap``: the same for all entries, or other numbers for
each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..autograd.torch_function import TorchFunctionMode
from .batched import Batched, by_entries, open_levels, rewrapped, rule_for, torch
from .rules import bound_arguments, pointwise

_MADE = {"rand", "randn"}
_DRAWING = {
    "randint", "randperm", "normal", "bernoulli", "multinomial", "poisson", "rand_like",
    "randn_like", "randint_like", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout",
    "feature_alpha_dropout", "rrelu", "gumbel_softmax",
}  # fmt: skip


class DrawingPerEntry(TorchFunctionMode):
    """What is drawn without a batched argument differs between the entries all the same."""

    def __init__(self, level: int, size: int) -> None:
        self.level, self.size = level, size

    def __torch_function__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs, name = kwargs or {}, func.__name__
        if any(issubclass(kind, Batched) for kind in types):
            return Batched.__torch_function__(func, types, args, kwargs)
        if name in _MADE and "out" not in kwargs:
            size = kwargs.pop("size", args)
            size = tuple(size[0]) if size and not isinstance(size[0], int) else tuple(size)
            return Batched.of(func((self.size, *size), **kwargs), self.level)
        if name in _DRAWING and "out" not in kwargs:
            draws = [func(*args, **kwargs) for _ in range(self.size)]
            return Batched.of(torch.stack(draws), self.level)
        if name in _WRITING:
            raise RuntimeError(
                f"vmap: Cannot ask for different inplace randomness on an unbatched tensor ({name})"
                ". It would look like the same randomness. Draw into one that was made from what "
                "is batched, such as x.new_empty(size)"
            )
        return func(*args, **kwargs)


_WRITING = {
    "bernoulli_", "normal_", "uniform_", "random_", "exponential_", "geometric_", "log_normal_",
    "cauchy_",
}  # fmt: skip


@rule_for(f"rand_like randn_like randint_like bernoulli {' '.join(_WRITING)}")
def _per_element(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    """A function of one tensor that draws a number per element."""
    draws = open_levels()[level - 1].draws
    if draws.randomness == "error":
        draws.refuse()
    if draws.randomness == "same":
        if func.__name__.endswith("_like"):
            return func(args[0].entries[0], *args[1:], **kwargs)
        return NotImplemented
    return pointwise(func, args, kwargs, level)


@rule_for("dropout alpha_dropout feature_alpha_dropout dropout1d dropout2d dropout3d rrelu")
def _dropout(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    given = bound_arguments(func, args, kwargs).arguments
    draws = open_levels()[level - 1].draws
    x = given["input"]
    if draws.randomness == "error" and given["training"] and given.get("p"):
        draws.refuse()
    if given.get("inplace"):
        return x.copy_(func(**{**given, "input": x.clone(), "inplace": False}))
    if func.__name__ == "dropout" and (not given["training"] or draws.randomness == "different"):
        return rewrapped(func(x.entries, *args[1:], **kwargs), level)
    return by_entries(func, args, kwargs, level)
