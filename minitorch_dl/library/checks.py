"""Checks that an op does what it was registered to do."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable
from typing import Any

from ..autograd import grad, no_grad
from ..ops import equal, ones_like
from ..tensor import Tensor
from .custom_ops import CustomOpDef, as_list, tensors_among
from .fake import DynamicSizeError, run_fake

__all__ = ["opcheck"]

_DEFAULT_CHECKS = (
    "test_schema", "test_autograd_registration", "test_faketensor", "test_aot_dispatch_dynamic",
)  # fmt: skip


class OpCheckError(Exception):
    """What ``opcheck`` found wrong with an op."""


def opcheck(
    op: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any] | None = None,
    *,
    test_utils: str | Iterable[str] = _DEFAULT_CHECKS,
    raise_exception: bool = True,
    **tolerances: Any,
) -> dict[str, Any]:
    """Check on sample arguments that an op does what it was registered to do.

    Whether its derivative is right is for ``gradcheck`` to say.

    Args:
        test_utils: the checks. "test_schema": it writes to the arguments in ``mutates_args`` alone.
            "test_autograd_registration": its derivative gives what can be gradients.
            "test_faketensor": the function given to ``register_fake`` makes results of the same
            shapes and dtypes. "test_aot_dispatch_dynamic" and "test_aot_dispatch_static": nothing,
            since nothing is compiled.
        raise_exception: False gives the error in place of "SUCCESS".

    Raises:
        OpCheckError: a check failed.
    """
    results: dict[str, Any] = {}
    for name in [test_utils] if isinstance(test_utils, str) else test_utils:
        if name not in _CHECKS:
            raise ValueError(f"opcheck: test_utils must be of {list(_CHECKS)}, got {name!r}")
        results[name] = "SUCCESS"
        try:
            _CHECKS[name](op, tuple(args), kwargs or {})
        except Exception as problem:
            results[name] = OpCheckError(f"opcheck(op, ...): {name} failed with {op}: {problem}")
            if raise_exception:
                raise results[name] from problem
    return results


def _check_writes(op: CustomOpDef, args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    copies, named = copy.deepcopy((args, keywords))
    with no_grad():
        op(*copies, **named)
    function = inspect.signature(next(iter(op.kernels.values())))
    before = function.bind(*args, **keywords).arguments
    for name, value in function.bind(*copies, **named).arguments.items():
        if op.mutates == "unknown" or name in op.mutates:
            continue
        for old, new in zip(tensors_among([before[name]]), tensors_among([value]), strict=True):
            if not equal(old.nan_to_num(), new.nan_to_num()):
                raise OpCheckError(f"it wrote to {name}, which is not in mutates_args")


def _check_gradients(op: CustomOpDef, args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    given = [x for x in tensors_among((*args, *keywords.values())) if x.requires_grad]
    if op.backward is not None and given:
        made = [y for y in tensors_among(as_list(op(*args, **keywords))) if y.requires_grad]
        grad(made, given, [ones_like(y) for y in made], allow_unused=True)


def _check_fake(op: CustomOpDef, args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    copies, named = copy.deepcopy((args, keywords))
    with no_grad():
        made = tensors_among(as_list(op(*copies, **named)))
        if op.fake is None:
            if made:
                raise OpCheckError("it gives tensors, and register_fake was not called")
            return
        empty = [_without_elements(x) for x in args]
        named = {name: _without_elements(x) for name, x in keywords.items()}
        try:
            shown = tensors_among(as_list(run_fake(op, tuple(empty), named)))
        except DynamicSizeError:  # no size to compare
            return
    real, fake = ([(tuple(y.shape), y.dtype) for y in some] for some in (made, shown))
    if real != fake:
        raise OpCheckError(f"it gives {real}, and the function of register_fake {fake}")


def _without_elements(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)([_without_elements(x) for x in value])
    return value.to("meta") if isinstance(value, Tensor) else value


_CHECKS: dict[str, Callable[..., None]] = {
    "test_schema": _check_writes,
    "test_autograd_registration": _check_gradients,
    "test_faketensor": _check_fake,
    "test_aot_dispatch_dynamic": lambda *call: None,
    "test_aot_dispatch_static": lambda *call: None,
}
