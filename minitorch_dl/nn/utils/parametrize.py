"""Parameters that are computed from others: ``register_parametrization``.

The class of a parametrized module is replaced by one with a property in the parameter's place,
which computes it from the originals under ``module.parametrizations.<name>``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ...autograd import no_grad
from ...tensor import Tensor
from ..containers import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter

__all__ = [
    "ParametrizationList", "cached", "is_parametrized", "register_parametrization",
    "remove_parametrizations", "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]  # fmt: skip

_cache_enabled = 0
_cache: dict[tuple[int, str], Tensor] = {}


@contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized tensor once inside the block, however often it is read."""
    global _cache_enabled
    _cache_enabled += 1
    try:
        yield
    finally:
        _cache_enabled -= 1
        if not _cache_enabled:
            _cache.clear()


def _register(module: Module, name: str, tensor: Tensor) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _inverse(module: Any, value: Any) -> Any:
    """What ``module`` maps to ``value``; ``value`` itself when it has no right inverse."""
    if not hasattr(module, "right_inverse"):
        return value
    try:
        return module.right_inverse(value)
    except NotImplementedError:
        return value


def _check_kept(new: Any, before: Tensor, what: str) -> None:
    if not isinstance(new, Tensor):
        raise ValueError(f"{what} must return a tensor. Got {type(new).__name__}")
    if new.dtype != before.dtype:
        raise ValueError(
            f"{what} may not change the dtype of the tensor, unless `unsafe` is given "
            f"(the two must have the same dtype): it was {before.dtype} and became {new.dtype}"
        )
    if new.shape != before.shape:
        raise ValueError(
            f"{what} may not change the shape of the tensor, unless `unsafe` is given "
            f"(the two must have the same shape): it was {before.shape} and became {new.shape}"
        )


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, applied in order, and the originals they start from.

    Attributes:
        original, or original0, original1, ...: the parameters that are learnt, of which the last
            parametrization's ``right_inverse`` gave one or several.
    """

    original: Tensor
    unsafe: bool

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        new: Any = original
        with no_grad():
            for module in reversed(list(self)):
                new = _inverse(module, new)
        if not isinstance(new, (Tensor, Sequence)):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(new).__name__}"
            )
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        if isinstance(new, Tensor):
            if original.dtype != new.dtype:
                raise ValueError(
                    "When `right_inverse` outputs one tensor, it may not change the dtype (the two "
                    f"must have the same dtype): it was {original.dtype} and became {new.dtype}"
                )
        else:
            for i, one in enumerate(new):
                if not isinstance(one, Tensor):
                    raise ValueError(
                        "'right_inverse' must return a Tensor or a Sequence of tensors. "
                        f"Got element {i} of the sequence with type {type(one).__name__}."
                    )
        if not unsafe:  # checked before anything changes
            with no_grad():
                _check_kept(
                    self._compose(new), original, "A parametrization with its right_inverse"
                )
        if isinstance(new, Tensor):
            original.data = new.data
            _register(self, "original", original)
        else:
            for i, one in enumerate(new):
                if isinstance(original, Parameter):
                    one = Parameter(one, original.requires_grad)
                _register(self, f"original{i}", one)

    def _compose(self, originals: Any) -> Any:
        modules = list(self)
        value = modules[0](originals) if self.is_tensor else modules[0](*originals)
        for module in modules[1:]:
            value = module(value)
        return value

    def _originals(self) -> Any:
        if self.is_tensor:
            return self.original
        return [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def forward(self) -> Tensor:
        """The parametrized tensor."""
        return self._compose(self._originals())

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that the parametrized tensor becomes ``value``."""
        new: Any = value
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                new = module.right_inverse(new)
            originals = [self.original] if self.is_tensor else self._originals()
            given = [new] if self.is_tensor else list(new)
            if len(given) != len(originals):
                raise ValueError(
                    f"'right_inverse' must return {len(originals)} tensors, got {len(given)}"
                )
            for one, before in zip(given, originals):
                if not isinstance(one, Tensor) or one.dtype != before.dtype:
                    raise ValueError(
                        f"`right_inverse` must return tensors of dtype {before.dtype}, got "
                        f"{one.dtype if isinstance(one, Tensor) else type(one).__name__}"
                    )
            for one, before in zip(given, originals):
                before.data = one.data


def _parametrized_class(module: Module) -> None:
    """Give the module a class of its own, which can hold its properties."""
    cls = type(module)

    def __getstate__(self: Any) -> Any:
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict(). "
            "See: https://pytorch.org/tutorials/beginner/saving_loading_models.html"
            "#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training"
        )

    def __deepcopy__(self: Any, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            new = memo[id(self)] = object.__new__(type(self))
            new.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return memo[id(self)]

    members: dict[str, Any] = {"__getstate__": __getstate__}
    if not hasattr(cls, "__deepcopy__"):
        members["__deepcopy__"] = __deepcopy__
    module.__class__ = type(f"Parametrized{cls.__name__}", (cls,), members)


def _inject_property(module: Module, name: str) -> None:
    def read(self: Any) -> Tensor:
        if not _cache_enabled:
            return self.parametrizations[name]()
        key = (id(self), name)
        if key not in _cache:
            _cache[key] = self.parametrizations[name]()
        return _cache[key]

    def write(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(read, write))


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Compute ``module.<tensor_name>`` as ``parametrization(original)`` from now on.

    The original is ``module.parametrizations.<tensor_name>.original``. Several calls compose.
    Assigning to the tensor needs ``parametrization.right_inverse``, which also gives the first
    original(s); with several, they are called ``original0``, ``original1``, ...

    Args:
        unsafe: do not check that shape and dtype are kept.

    >>> import minitorch_dl as torch
    >>> class Symmetric(torch.nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).mT
    >>> m = torch.nn.Linear(2, 2)
    >>> _ = torch.nn.utils.parametrize.register_parametrization(m, "weight", Symmetric())
    >>> bool((m.weight == m.weight.mT).all())
    True
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        found: Any = module.parametrizations[tensor_name]
        if not unsafe:
            with no_grad():
                before = getattr(module, tensor_name)
                after = parametrization(before)
                what = f"Registering a parametrization: {type(parametrization).__name__}"
                _check_kept(after, before, what)
                _check_kept(_inverse(parametrization, after), before, f"{what}.right_inverse")
        found.append(parametrization)
        found.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        made = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _parametrized_class(module)
            module.parametrizations = ModuleDict()
        _inject_property(module, tensor_name)
        module.parametrizations[tensor_name] = made
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether the module, or its tensor of this name, is parametrized."""
    found = getattr(module, "parametrizations", None)
    if not isinstance(found, ModuleDict):
        return False
    return len(found) > 0 if tensor_name is None else tensor_name in found


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Make ``module.<tensor_name>`` an ordinary parameter or buffer again.

    ``leave_parametrized``: keep its current value; False restores the original.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    found: Any = module.parametrizations[tensor_name]
    if not (found.is_tensor or leave_parametrized):
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
            "parametrized in terms of a sequence of tensors."
        )
    if leave_parametrized:
        value = getattr(module, tensor_name)
    if found.is_tensor:
        original = found.original
        if leave_parametrized:
            original.data = value.detach()
    else:
        original = Parameter(value.detach()) if value.requires_grad else value
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    _register(module, tensor_name, original)
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that the module had before it was parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Give ``to_module`` the parametrizations of ``from_module``, with their originals' values."""
    held: Any = getattr(from_module, "parametrizations", {})
    names = [tensor_name] if tensor_name is not None else list(held)
    for name in names:
        assert isinstance(name, str)
        source: Any = held[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, copy.deepcopy(getattr(from_module, name)))
        for parametrization in source:
            register_parametrization(to_module, name, parametrization)
        target: Any = to_module.parametrizations[name]
        for key, value in source._parameters.items():
            setattr(target, key, copy.deepcopy(value))
    return to_module
