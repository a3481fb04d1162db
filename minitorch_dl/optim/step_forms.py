"""What optimizers written like PyTorch's own import from it, to choose between forms of one step:
tensor by tensor, on lists (``torch._foreach_add_``), fused, differentiable."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from ..autograd import set_grad_enabled
from ..backend.dtypes import dtype, float32, float64, get_default_dtype
from ..ops import view_as_real
from ..tensor import Tensor

_ACCELERATORS = ["cuda"]
_params_doc = "params: an iterable of parameters, or of dicts that define parameter groups."
_foreach_doc = "foreach (bool, optional): whether to step all tensors of a list by one call."
_fused_doc = "fused (bool, optional): whether to step by one kernel."
_maximize_doc = "maximize (bool, optional): whether to go up the gradient (default: False)"
_capturable_doc = "capturable (bool, optional): whether a GPU's graph may hold the step."
_differentiable_doc = "differentiable (bool, optional): whether autograd records the step."


def _use_grad_for_differentiable(func: Callable[..., Any]) -> Callable[..., Any]:
    """Have ``step`` recorded by autograd where the option ``differentiable`` is set."""

    @functools.wraps(func)
    def step(self: Any, *args: Any, **kwargs: Any) -> Any:
        with set_grad_enabled(bool(self.defaults.get("differentiable"))):
            return func(self, *args, **kwargs)

    return step


def _disable_dynamo_if_unsupported(single_tensor_fn: Any = None) -> Callable[..., Any]:
    """A decorator that returns the function as it is: there is no compiler."""
    return lambda function: function


def _get_value(x: Any) -> Any:
    """The number in a tensor of one element; a number as it is."""
    return x.item() if isinstance(x, Tensor) else x


def _stack_if_compiling(x: Any) -> Any:
    """``x``: there is no compiler."""
    return x


def _to_scalar(x: Any) -> Any:
    """A tensor of one element without dims; a number as it is."""
    return x.squeeze() if isinstance(x, Tensor) and x.dim() else x


def _get_scalar_dtype(is_fused: bool | None = None) -> dtype:
    """The dtype of counters: float32, or the default dtype where that is float64."""
    return float64 if not is_fused and get_default_dtype() is float64 else float32


def _view_as_real(params: list[Any], *state_and_grads: list[Any]) -> None:
    """Replace complex parameters, and what belongs to them, by their pairs of real numbers."""
    for i, p in enumerate(params):
        if p.is_complex():
            for values in (params, *state_and_grads):
                values[i] = view_as_real(values[i])


def _default_to_fused_or_foreach(
    params: Sequence[Any], differentiable: bool, use_fused: bool = False
) -> tuple[bool, bool]:
    """Whether a step is fused, and whether it works on lists, where the program didn't say: neither
    if autograd records it."""
    if differentiable:
        return False, False
    given = [p for p in params if p is not None]
    fused = use_fused and all(p.is_floating_point() for p in given)
    return fused, not fused and all(p.device.type in _ACCELERATORS for p in given)


def _get_capturable_supported_devices(supports_xla: bool = True) -> list[str]:
    """The devices whose graphs hold steps."""
    return _ACCELERATORS


def _group_tensors_by_device_and_dtype(
    tensorlistlist: Sequence[Sequence[Any]], with_indices: bool = False
) -> dict[Any, tuple[list[list[Any]], list[int]]]:
    """Lists of one length, parted by the device and dtype of the first list's tensors; with the
    places of each part."""
    groups: dict[Any, list[int]] = {}
    for i, x in enumerate(tensorlistlist[0]):
        groups.setdefault((x.device, x.dtype), []).append(i)
    return {
        key: ([[values[i] for i in places] if values else [] for values in tensorlistlist],
              places if with_indices else [])
        for key, places in groups.items()
    }  # fmt: skip
