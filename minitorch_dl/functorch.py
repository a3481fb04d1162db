"""The package ``functorch`` of programs written before :mod:`.func` took its place."""

from __future__ import annotations

import copy
import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from . import func
from .backend.warning import warn
from .compat.names import explain_missing
from .nn.functional_call import functional_call
from .nn.module import Module
from .tensor import Tensor

__all__ = [
    "FunctionalModule", "FunctionalModuleWithBuffers", "combine_state_for_ensemble",
    "functionalize", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp",
    "make_functional", "make_functional_with_buffers", "vjp", "vmap",
]  # fmt: skip

Tensors = tuple[Tensor, ...]


def _deprecated(instead: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        warn(
            f"functorch.{function.__name__} is deprecated; please use torch.func.{instead} instead",
            FutureWarning,
        )
        return function(*args, **kwargs)

    return called


functionalize, grad, grad_and_value, hessian, jacfwd, jacrev, jvp, vjp, vmap = (
    _deprecated(function.__name__, function)
    for function in (
        func.functionalize, func.grad, func.grad_and_value, func.hessian, func.jacfwd, func.jacrev,
        func.jvp, func.vjp, func.vmap,
    )
)  # fmt: skip


class FunctionalModuleWithBuffers(Module):
    """A module as a function: ``f(parameters, buffers, *args)``."""

    def __init__(self, model: Module) -> None:
        super().__init__()
        self.param_names = tuple([name for name, _ in model.named_parameters()])
        self.buffer_names = tuple([name for name, _ in model.named_buffers()])
        self.stateless_model = copy.deepcopy(model).to("meta")

    def forward(
        self, params: Iterable[Tensor], buffers: Iterable[Tensor], *args: Any, **kwargs: Any
    ) -> Any:
        names = self.param_names + self.buffer_names
        state = dict(zip(names, (*params, *buffers), strict=True))
        return functional_call(self.stateless_model, state, args, kwargs)


class FunctionalModule(FunctionalModuleWithBuffers):
    """A module without buffers as a function: ``f(parameters, *args)``."""

    def forward(self, params: Iterable[Tensor], *args: Any, **kwargs: Any) -> Any:
        return super().forward(params, (), *args, **kwargs)


@functools.partial(_deprecated, "functional_call")
def make_functional(
    model: Module, disable_autograd_tracking: bool = False
) -> tuple[FunctionalModule, Tensors]:
    """The module as a function of its parameters, and copies of these."""
    if next(model.buffers(), None) is not None:
        raise RuntimeError(
            "make_functional(model): `model` has buffers. Please use "
            "make_functional_with_buffers(model) instead."
        )
    model = copy.deepcopy(model)
    if disable_autograd_tracking:
        model.requires_grad_(False)
    return FunctionalModule(model), tuple(model.parameters())


@functools.partial(_deprecated, "functional_call")
def make_functional_with_buffers(
    model: Module, disable_autograd_tracking: bool = False
) -> tuple[FunctionalModuleWithBuffers, Tensors, Tensors]:
    """The module as a function of its parameters and buffers, and copies of these."""
    model = copy.deepcopy(model)
    if disable_autograd_tracking:
        model.requires_grad_(False)
    made = FunctionalModuleWithBuffers(model)
    return made, tuple(model.parameters()), tuple(model.buffers())


@functools.partial(_deprecated, "stack_module_state")
def combine_state_for_ensemble(
    models: Sequence[Module],
) -> tuple[FunctionalModuleWithBuffers, Tensors, Tensors]:
    """Modules of one kind as one function, and their parameters and buffers stacked: for ``vmap``
    over an ensemble."""
    parameters, buffers = func.stack_module_state(models)
    stacked = tuple([x.detach() for x in parameters.values()])
    return FunctionalModuleWithBuffers(models[0]), stacked, tuple(buffers.values())


explain_missing(sys.modules[__name__])
