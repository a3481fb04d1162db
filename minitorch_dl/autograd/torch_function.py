"""``__torch_function__``: how the class of an argument takes over a function.

A public function whose arguments hold an instance of such a class calls
``cls.__torch_function__(function, types, args, kwargs)`` instead of computing. Plain tensors don't
pay for it: the shortened calls take instances of the classes in ``PLAIN`` only, and a public
function looks at its arguments while ``LIVE`` holds something, or once it fails on one of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Iterable, Iterator
from types import FunctionType
from typing import Any

from .modes import set_function_modes, state

PLAIN: set[Any] = set()
"""The classes of tensors that override nothing: Tensor, Parameter."""
LIVE: list[Any] = []
"""What may override functions: classes that are known to, and modes that are active."""


def disabled_torch_function(
    func: Callable[..., Any],
    types: Iterable[type],
    args: tuple[Any, ...] = (),
    kwargs: dict[str, Any] | None = None,
) -> Any:
    """The ``__torch_function__`` of a class that overrides nothing; its results are Tensors."""
    with DisableTorchFunctionSubclass():
        return func(*args, **(kwargs or {}))


def know(cls: type) -> None:
    """Note whether a class derived from Tensor overrides functions. One that does gets its own
    forms of the methods and properties that it inherits from plain tensors: they ask it first.

    A class of this package knows what it inherits: only what would not ask by itself does then.
    """
    if getattr(cls, "__torch_function__", None) is disabled_torch_function:
        PLAIN.add(cls)
    elif PLAIN:  # Tensor itself is there
        LIVE.append(cls)
        ours = cls.__module__.partition(".")[0] == _PACKAGE
        for name, member in _inherited(cls, _OPERATORS if ours else _SPECIAL):
            if isinstance(member, FunctionType):
                asks = hasattr(member, "guarded") or hasattr(member, "primitive")
                if not (ours and asks):
                    setattr(cls, name, _asking(member))
            elif isinstance(member, property) and not ours:
                setattr(cls, name, _asking_property(member))


_PACKAGE = __name__.partition(".")[0]
_OPERATORS = "__getitem__ __setitem__ __matmul__ __pos__".split()
"""Those that would not ask by themselves."""
_SPECIAL = (
    """
    __and__ __or__ __xor__ __eq__ __rsub__ __rtruediv__ __floordiv__ __rfloordiv__ __pow__ __rpow__
    __bool__ __int__ __float__ __complex__ __index__ __len__ __contains__ __repr__ __format__
    _version _base
""".split()
    + _OPERATORS
)
"""What overrides are told of by its special name; of other operators by their ops'."""


def _inherited(cls: type, special: Container[str]) -> Iterator[tuple[str, Any]]:
    """The names and members that a class has from plain tensors, of the private ones the
    ``special``."""
    bases = list(cls.__mro__)
    plain = bases[next(i for i, base in enumerate(bases) if base in PLAIN) : -1]
    for name in dir(cls):
        if name == "as_subclass":
            continue  # says itself what class the result is of
        if name[0] != "_" or name in special:
            holder = next(base for base in bases if name in vars(base))
            if holder in plain:
                yield name, vars(holder)[name]


def _asking(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        values = overriding((self, *args, *kwargs.values()))
        if values is None:
            return method(self, *args, **kwargs)
        return call_override(method, values, (self, *args), kwargs)

    return call


def _asking_property(member: property) -> property:
    """The property, of which overrides are told as its ``__get__`` and ``__set__``."""

    def get(self: Any) -> Any:
        values = overriding((self,))
        if values is None:
            return member.__get__(self)
        return call_override(member.__get__, values, (self,), {})

    def put(self: Any, value: Any) -> None:
        values = overriding((self, value))
        if values is None:
            member.__set__(self, value)
        else:
            call_override(member.__set__, values, (self, value), {})

    return property(get, member.fset and put, member.fdel, member.__doc__)


def overriding(values: Iterable[Any]) -> list[Any] | None:
    """The values, also those in lists, whose classes override functions: one of each class,
    subclasses before their bases. None: nothing does, no mode either."""
    if not state.overrides:
        return [] if state.function_modes else None
    found: list[Any] = []
    for value in values:
        if value.__class__ in PLAIN:
            continue
        if isinstance(value, (list, tuple)):
            for inner in value:
                if inner.__class__ not in PLAIN:
                    _consider(inner, found)
        else:
            _consider(value, found)
    return found if found or state.function_modes else None


def _consider(value: Any, found: list[Any]) -> None:
    kind = type(value)
    method = getattr(kind, "__torch_function__", None)
    if method is None or method is disabled_torch_function or kind in PLAIN or kind is type:
        return
    if getattr(method, "__module__", None) == "torch._tensor":
        return  # PyTorch's own, which would only call the function again
    if any(type(other) is kind for other in found):
        return
    place = next((i for i, other in enumerate(found) if issubclass(kind, type(other))), len(found))
    found.insert(place, value)


def call_override(
    function: Callable[..., Any],
    relevant: list[Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """What the innermost mode, or else the first class that knows the function, makes of the call.
    They are told None where there are no keyword arguments.

    Raises:
        TypeError: every one returned ``NotImplemented``.
    """
    types, options = tuple(map(type, relevant)), kwargs or None
    tried = [kind.__name__ for kind in types]
    if state.function_modes:
        *outer, mode = modes = state.function_modes
        set_function_modes(tuple(outer))
        try:
            result = mode.__torch_function__(function, types, args, options)
        finally:
            set_function_modes(modes)
        if result is not NotImplemented:
            return result
        tried.insert(0, type(mode).__name__)
    for value in relevant:
        result = value.__torch_function__(function, types, args, options)
        if result is not NotImplemented:
            return result
    name = getattr(function, "__name__", function)
    raise TypeError(
        f"Multiple dispatch failed for '{name}'; all __torch_function__ handlers returned "
        f"NotImplemented: {', '.join(tried)}"
    )


class _Overrides:
    """Switches the overrides of classes, inside a block."""

    enabled: bool

    def __init__(self) -> None:
        self._outer: list[bool] = []

    def __enter__(self) -> None:
        self._outer.append(state.overrides)
        state.overrides = self.enabled

    def __exit__(self, *exc: object) -> None:
        state.overrides = self._outer.pop()


class DisableTorchFunctionSubclass(_Overrides):
    """Have functions compute for instances of overriding classes as for plain tensors."""

    enabled = False


class EnableTorchFunctionSubclass(_Overrides):
    """Have classes override functions, also within :class:`DisableTorchFunctionSubclass`."""

    enabled = True


class DisableTorchFunction(DisableTorchFunctionSubclass):
    """Have neither classes nor modes override functions."""

    def __enter__(self) -> None:
        super().__enter__()
        self._modes = state.function_modes
        set_function_modes(())

    def __exit__(self, *exc: object) -> None:
        set_function_modes(self._modes)
        super().__exit__(*exc)


class TorchFunctionMode:
    """A context in which ``self.__torch_function__`` takes every public function over.

    Its own calls reach the next mode outside, or the functions themselves.

    >>> import minitorch_dl as torch
    >>> class Shout(torch.overrides.TorchFunctionMode):
    ...     def __torch_function__(self, func, types, args=(), kwargs=None):
    ...         print(func.__name__)
    ...         return func(*args, **(kwargs or {}))
    >>> with Shout():
    ...     y = torch.ones(2).exp()
    ones
    exp
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        raise NotImplementedError

    def __enter__(self) -> Any:
        set_function_modes((*state.function_modes, self))
        LIVE.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        LIVE.remove(self)
        set_function_modes(state.function_modes[:-1])

    @classmethod
    def push(cls, *args: Any, **kwargs: Any) -> Any:
        """A mode of this class, to be entered."""
        return cls(*args, **kwargs)
