"""The ranges of the options of parameter groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NOT_NEGATIVE = {
    "eps": "epsilon value",
    "weight_decay": "weight_decay value",
    "momentum": "momentum value",
    "momentum_decay": "momentum_decay value",
    "lr_decay": "lr_decay value",
    "initial_accumulator_value": "initial_accumulator_value value",
    "clamp": "clamp value",
}
"""Options that are numbers >= 0 in every rule, and what PyTorch's errors call them."""


def check_options(defaults: Mapping[str, Any]) -> None:
    """Refuse options that are outside the range which they have in every rule."""
    check_lr(defaults["lr"])
    for name, what in _NOT_NEGATIVE.items():
        if name in defaults:
            check_not_negative(what, defaults[name])
    for i, beta in enumerate(defaults.get("betas", ())):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}. It must be in [0, 1)")
    if defaults.get("differentiable") and defaults.get("fused"):
        raise RuntimeError("`fused` does not support `differentiable`")
    if defaults.get("fused") and defaults.get("foreach"):
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


def check_lr(lr: Any) -> None:
    """A learning rate is a number >= 0, or a tensor of one element."""
    check_one_element(lr)
    check_not_negative("learning rate", lr)


def check_one_element(lr: Any) -> None:
    """A learning rate that is a tensor has one element."""
    if hasattr(lr, "numel") and lr.numel() != 1:
        raise ValueError(f"Tensor lr must be 1-element, but has shape {tuple(lr.shape)}")


def check_not_negative(what: str, value: Any) -> None:
    if not value >= 0.0:
        raise ValueError(f"Invalid {what}: {value}. It must be at least 0")


def check_none_negative(values: Mapping[str, Any]) -> None:
    """As :func:`check_not_negative` of each value that is not None, in the words that PyTorch has
    for its later rules."""
    for what, value in values.items():
        if value is not None and not value >= 0.0:
            raise ValueError(f"{what} should be >= 0 but is: {value}")
