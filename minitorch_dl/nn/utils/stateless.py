"""``func.functional_call`` where it was before."""

from __future__ import annotations

from typing import Any

from ...backend.warning import warn
from ..functional_call import (
    functional_call as _functional_call,
    reparametrized as _reparametrize_module,  # noqa: F401
)
from ..module import Module

__all__ = ["functional_call"]


def functional_call(
    module: Module,
    parameters_and_buffers: dict[str, Any],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """``func.functional_call``, with a warning that it is there now."""
    warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated. Please use "
        "`torch.func.functional_call` instead.",
        FutureWarning,
    )
    return _functional_call(
        module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict
    )
