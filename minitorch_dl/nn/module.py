"""Module: the base class of all layers and models."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType
from typing import Any, TypeVar

from ..tensor import Tensor
from . import hooks
from .conversion import Convertible, typename
from .hooks import Hooked, run_hooks
from .parameter import Buffer, Parameter
from .state_dict import Stateful

__all__ = ["Module"]

Self = TypeVar("Self", bound="Module")

_HOOK_DICTS = (
    "_backward_pre_hooks",
    "_backward_hooks",
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)

_PACKAGE = __name__.partition(".")[0]
_OPS = tuple(
    [f"{_PACKAGE}.{name}" for name in ("ops", "nn.functional", "linalg", "special", "fft")]
)
"""Where functions on tensors say they are from, unless from the package itself."""


_TOO_EARLY = "cannot assign {} before Module.__init__() call. Call super().__init__() first"


class Module(Hooked, Stateful, Convertible):
    """Base class of layers and models: subclass it and define ``forward``.

    Parameters, buffers and submodules that are assigned as attributes are registered; everything
    else (walks, ``state_dict``, ``to``, ``train``) derives from those three dicts.

    >>> import minitorch_dl as torch
    >>> class Net(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.layer = torch.nn.Linear(3, 2)
    ...
    ...     def forward(self, x):
    ...         return self.layer(x).relu()
    >>> net = Net()
    >>> [name for name, _ in net.named_parameters()]
    ['layer.weight', 'layer.bias']
    >>> net(torch.ones(4, 3)).shape
    torch.Size([4, 2])
    """

    training: bool
    call_super_init: bool = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, value in list(vars(cls).items()):
            if isinstance(value, FunctionType):
                home = value.__module__ or ""
                if home == _PACKAGE or home.startswith(_OPS):
                    # ``op = torch.relu``: PyTorch's are built in, which don't become methods.
                    setattr(cls, name, staticmethod(value))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init:
            name = f"{type(self).__name__}.__init__()"
            if kwargs:
                raise TypeError(f"{name} got an unexpected keyword argument '{next(iter(kwargs))}'")
            if args:
                raise TypeError(
                    f"{name} takes 1 positional argument but {len(args) + 1} were given"
                )
        self.__dict__.update(
            training=True,
            _parameters={},
            _buffers={},
            _non_persistent_buffers_set=set(),
            _modules={},
            **{name: OrderedDict() for name in _HOOK_DICTS},
        )
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; every subclass defines it."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    # --- the three dicts

    def __getattr__(self, name: str) -> Any:
        state = self.__dict__
        if "_parameters" in state:  # else __init__ has not run
            if name in (members := state["_parameters"]):
                return members[name]
            if name in (members := state["_modules"]):
                return members[name]
            if name in (members := state["_buffers"]):
                return members[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        state = self.__dict__
        parameters = state.get("_parameters")
        if parameters is None:
            self._set_before_init(name, value)
        elif isinstance(value, Parameter):
            self._forget(name, except_for=parameters)
            self.register_parameter(name, value)
        elif name in parameters:
            if value is not None:
                raise _cannot_assign(
                    value, f"as parameter '{name}' (nn.Parameter or None expected)"
                )
            self.register_parameter(name, None)
        elif isinstance(value, Module):
            modules = state["_modules"]
            self._forget(name, except_for=modules)
            modules[name] = run_hooks(hooks.module_registration_hooks, self, name, value)
        elif name in state["_modules"]:
            if value is not None:
                raise _cannot_assign(
                    value, f"as child module '{name}' (nn.Module or None expected)"
                )
            module = run_hooks(hooks.module_registration_hooks, self, name, None)
            state["_modules"][name] = module
        elif isinstance(value, Buffer) or name in state["_buffers"]:
            if value is not None and not isinstance(value, Tensor):
                expected = "(nn.Buffer, Tensor or None expected)"
                raise _cannot_assign(value, f"as buffer '{name}' {expected}")
            if isinstance(value, Buffer):
                persistent = value.persistent
            else:
                persistent = name not in self._non_persistent_buffers_set
            self._assign_buffer(name, value, persistent)
        else:
            super().__setattr__(name, value)

    def _set_before_init(self, name: str, value: Any) -> None:
        kinds = ((Parameter, "parameters"), (Module, "module"), (Buffer, "buffer"))
        for kind, what in kinds:
            if isinstance(value, kind):
                raise AttributeError(_TOO_EARLY.format(what))
        super().__setattr__(name, value)

    def _forget(self, name: str, except_for: dict) -> None:
        """Drop whatever ``name`` meant before, unless it is in ``except_for``."""
        self.__dict__.pop(name, None)
        for members in (self._parameters, self._buffers, self._modules):
            if members is not except_for:
                members.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def _assign_buffer(self, name: str, value: Tensor | None, persistent: bool) -> None:
        # A subclass may define register_buffer(name, tensor) without `persistent`.
        if persistent or "persistent" in inspect.signature(self.register_buffer).parameters:
            options = {} if persistent else {"persistent": False}
            self.register_buffer(name, value, **options)
        else:
            raise RuntimeError(
                "Registering a non-persistent buffer on a Module subclass that implements "
                "register_buffer() without the persistent argument is not allowed."
            )

    def __delattr__(self, name: str) -> None:
        for members in (self._parameters, self._buffers, self._modules):
            if name in members:
                del members[name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        members = [*self._parameters, *self._modules, *self._buffers]
        names = [*dir(type(self)), *self.__dict__, *members]
        return sorted(name for name in names if not name[0].isdigit())

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add ``param`` under ``name``; None reserves the name."""
        self._check_name("parameter", name, "_parameters")
        if param is not None:
            if not isinstance(param, Parameter):
                required = f"object to parameter '{name}' (nn.Parameter or None required)"
                raise _cannot_assign(param, required)
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must "
                    f"be created explicitly. To express '{name}' as a function of another Tensor, "
                    "compute the value in the forward() method."
                )
            param = run_hooks(hooks.parameter_registration_hooks, self, name, param)
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add ``tensor`` under ``name`` as state that is not trained.

        ``persistent``: whether ``state_dict`` holds it.
        """
        self._check_name("buffer", name, "_buffers")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise _cannot_assign(tensor, f"object to buffer '{name}' (Tensor or None required)")
        self._buffers[name] = run_hooks(hooks.buffer_registration_hooks, self, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add ``module`` as the child ``name``; None reserves the name."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{typename(module)} is not a Module subclass")
        self._check_name("module", name, "_modules")
        self._modules[name] = run_hooks(hooks.module_registration_hooks, self, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """Alias of :meth:`add_module`."""
        self.add_module(name, module)

    def _check_name(self, kind: str, name: str, members: str) -> None:
        if members not in self.__dict__:
            raise AttributeError(_TOO_EARLY.format(kind))
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {typename(name)}")
        if hasattr(self, name) and name not in self.__dict__[members]:
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain ".", got: {name}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')

    # --- walks

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it with their dotted names, parents first."""
        memo = set() if memo is None else memo
        if self not in memo:
            if remove_duplicate:
                memo.add(self)
            yield prefix, self
            for name, module in self._modules.items():
                if module is not None:
                    path = f"{prefix}.{name}" if prefix else name
                    yield from module.named_modules(memo, path, remove_duplicate)

    def _named_members(
        self,
        get_members_fn: Callable[[Module], Iterable[tuple[str, Any]]],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        """The walk behind all others: members of every module by dotted name, each once."""
        modules: Iterable[tuple[str, Module]] = [(prefix, self)]
        if recurse:
            modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        seen: set[int] = set()
        for path, module in modules:
            for name, member in get_members_fn(module):
                if member is not None and id(member) not in seen:
                    if remove_duplicate:
                        seen.add(id(member))
                    yield f"{path}.{name}" if path else name, member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their dotted names."""
        return self._named_members(
            lambda module: module._parameters.items(), prefix, recurse, remove_duplicate
        )

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their dotted names."""
        return self._named_members(
            lambda module: module._buffers.items(), prefix, recurse, remove_duplicate
        )

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The direct submodules with their names."""
        return self._named_members(lambda module: module._modules.items(), recurse=False)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, each once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def children(self) -> Iterator[Module]:
        """The direct submodules, each once."""
        return (module for _, module in self.named_children())

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all below it."""
        return (m for _, m in self.named_modules(remove_duplicate=remove_duplicate))

    def apply(self: Self, fn: Callable[[Module], Any]) -> Self:
        """Call ``fn`` on every submodule, children first, then on this module."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    # --- access by dotted name

    def get_submodule(self, target: str) -> Module:
        """The submodule at a dotted path; ``""`` is the module itself."""
        module = self
        for name in target.split(".") if target else ():
            module = _member(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put ``module`` at a dotted path whose parent exists; ``strict``: only replace."""
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict or hasattr(parent, name):
            parent.get_submodule(name)
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted path."""
        path, _, name = target.rpartition(".")
        parameter = _member(self.get_submodule(path), name)
        if not isinstance(parameter, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return parameter

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted path."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        buffer = _member(module, name)
        if name not in module._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return buffer

    # --- modes

    def train(self: Self, mode: bool = True) -> Self:
        """Set training mode (or evaluation mode) here and below, which dropout and norms heed."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self: Self) -> Self:
        """Set evaluation mode: ``train(False)``."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Set ``requires_grad`` of all parameters; False freezes them."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Reset the gradients of all parameters, to None or to zeros."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                if set_to_none:
                    parameter.grad = None
                else:
                    parameter.grad = parameter.grad.detach()
                    parameter.grad.zero_()

    # --- copies and text

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Accepted for PyTorch's programs; there is nothing to compile."""

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        defaults: dict[str, Any] = {name: OrderedDict() for name in _HOOK_DICTS}
        self.__dict__.update({"_non_persistent_buffers_set": set(), **defaults, **state})

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What ``repr`` prints of this module besides its children; one or more lines."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        children = [f"({name}): {indent(repr(m))}" for name, m in self._modules.items()]
        if not children and "\n" not in extra:
            return f"{self._get_name()}({extra})"
        return block(self._get_name(), [*(extra.split("\n") if extra else ()), *children])


def indent(text: str, spaces: int = 2) -> str:
    """``text`` with all lines but the first moved to the right, and blank ones left empty."""
    first, *rest = text.split("\n")
    return "\n".join([first, *(" " * spaces + line if line.strip() else "" for line in rest)])


def block(name: str, lines: list[str]) -> str:
    """``name(`` ... ``)`` around indented lines."""
    return "\n  ".join([f"{name}(", *lines]) + "\n)"


def _cannot_assign(value: Any, where: str) -> TypeError:
    return TypeError(f"cannot assign '{typename(value)}' {where}")


def _member(module: Module, name: str) -> Any:
    if not hasattr(module, name):
        raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
    return getattr(module, name)
