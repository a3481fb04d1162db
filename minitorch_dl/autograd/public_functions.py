"""The boundary between callers and ops: an error that crosses it is put into the caller's terms.

``public(function, name)`` is ``function`` within one ``try``. A call that succeeds pays for one
more Python call, some 30 ns (with ``*args, **kwargs`` it would be three times as much, so each is
compiled with the function's own signature, when it is first called). An exception on its way out is
given the op's name and what came in, unless it says so already; an argument of the wrong kind
becomes a TypeError that names it; what NumPy raises becomes what PyTorch raises.
"""

from __future__ import annotations

import functools
import inspect
import operator
import re
from collections.abc import Callable, Mapping
from types import FunctionType, MappingProxyType, ModuleType
from typing import Any, TypeVar

import numpy as np

from ..backend import describe_one, devices, generated
from ..backend.warning import warn
from .base import TensorBase, late_bound
from .errors import builtin_kind
from .primitive import PRIMITIVES
from .torch_function import LIVE, call_override, overriding

__all__ = [
    "FAULTS", "arguments_of", "explained", "guarded", "number_first", "positional_count",
    "public", "publish", "reordered",
]  # fmt: skip

FAULTS = (
    AttributeError,
    TypeError,
    ValueError,
    LookupError,
    RuntimeError,
    ArithmeticError,
    AssertionError,
    MemoryError,
)
"""What a mistake in the arguments may raise."""

_F = TypeVar("_F", bound=Callable[..., Any])
_PACKAGE = __name__.partition(".")[0]
_HOMES = tuple(f"{_PACKAGE}.{part}" for part in ("ops.", "tensor", "nn.init"))
_LAYERS = f"{_PACKAGE}.nn."
_SOURCE = "<public"
_WHOLE = ("int", "builtins.int")
"""The annotations of parameters that take whole numbers only; dims are checked when counted."""
_NUMBER = ("float", "float | None")
"""The annotations of parameters that take numbers only, no tensors with a gradient."""


_NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}
"""The names that these arguments also go by."""
_TENSORS = ("operands", "tensors")
"""The ``*args`` that hold tensors, which may also come as one list."""
_NAMED_IN_OVERRIDES = {
    "tensordot": ("dims",), "cdist": ("p", "compute_mode"), "norm": ("p", "dim", "keepdim"),
}  # fmt: skip
"""Arguments that PyTorch hands to overrides by name, however they came."""


class _Absent:
    def __repr__(self) -> str:
        return "(absent)"


_ABSENT = _Absent()


def publish(namespace: Any, prefix: str = "") -> None:
    """Put the ops in a module or class, and the ``forward`` of its layers, in front of their
    callers."""
    for name, value in list(vars(namespace).items()):
        home = getattr(value, "__module__", None) or ""
        if name[0] == "_":
            continue
        if isinstance(value, FunctionType) and home.startswith(_HOMES):
            call = public(value, prefix + name)
            setattr(namespace, name, call)
            if call is not value and isinstance(namespace, ModuleType):
                call.__module__, call.__qualname__ = namespace.__name__, name  # for pickle
                behind = PRIMITIVES.get(name)
                if behind is None or not hasattr(behind.public, "primitive"):
                    continue  # overrides are told of the first of its names
                if behind.kernel.__module__ == home and not behind.params:
                    behind.public = call
        elif isinstance(value, type) and home.startswith(_LAYERS):
            for base in value.__mro__:
                if "forward" in vars(base):
                    base.forward = public(base.forward, "forward")  # type: ignore[attr-defined]


def public(function: Any, name: str) -> Any:
    """The function under its public name, which its errors tell. Primitives explain their errors
    themselves."""
    if hasattr(function, "primitive") or getattr(function, "guarded", False):
        return function
    return _guard(function, name)


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark an op that gets no guard: it is called often and has the ``try`` in its own body, or it
    neither fails nor can be overridden."""
    function.guarded = True  # type: ignore[attr-defined]
    return function


def number_first(*names: str) -> Callable[[_F], _F]:
    """Let these numbers also be given by position, before the tensors that they scale. This was
    PyTorch's order until 1.5, and programs still use it: ``add(input, alpha, other)`` and
    ``addmm(beta, input, alpha, mat1, mat2)``."""

    def decorate(function: _F) -> _F:
        function.number_names = names  # type: ignore[attr-defined]
        return function

    return decorate


def reordered(function: Any, args: tuple[Any, ...]) -> tuple[list[Any], dict[str, Any]]:
    """The tensors among arguments in that order, and the numbers by their names. Scalars that
    require no gradient are numbers as long as there are more tensors than the function takes."""
    count, names = positional_count(function), function.number_names
    spare = sum(isinstance(x, TensorBase) for x in args) - count
    tensors: list[Any] = []
    numbers: list[Any] = []
    for place, x in enumerate(args):
        scalar = isinstance(x, TensorBase) and x.array.ndim == 0 and not x.requires_grad
        if spare > 0 and scalar and (place > 0 or len(names) > 1):  # beta comes before the input
            spare -= 1
            numbers.append(x.item())
        else:
            (tensors if isinstance(x, TensorBase) else numbers).append(x)
    fit = len(tensors) == count and len(numbers) <= len(names)
    if not fit or args[-1] is not tensors[-1]:
        raise TypeError(
            f"{function.__name__}() takes {count} positional arguments but {len(args)} were given"
        )
    if numbers:
        keywords = ", ".join(f"{name}=" for name in names)
        warn(
            f"This overload of {function.__name__} is deprecated: give numbers as {keywords}",
        )
    return tensors, dict(zip(names, numbers))


def positional_count(function: Any) -> int:
    """How many arguments may come by position."""
    kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    return kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD)


@functools.cache
def _guard(function: Any, name: str) -> Any:
    """The function inside a ``try``. Its code is compiled at the first call, since a program calls
    few of the ops that it imports."""

    def compiled() -> Any:
        _Guard(call, function, name).compile()
        return call

    scope = {"__name__": __name__, "compiled": compiled}
    call = FunctionType(_first_call.__code__, scope)
    functools.update_wrapper(call, function).__name__ = name.rpartition(".")[2]
    return guarded(call)


def _first_call(*args: Any, **kwargs: Any) -> Any:
    return compiled()(*args, **kwargs)  # type: ignore[name-defined]  # noqa: F821


_scopes: list[dict[str, Any]] = []
"""Where the functions compiled so far find what they run."""


def follow_gpus(on: bool) -> None:
    """Have all ops, or none, make the GPU of their operands the current one, as is needed where
    there are several."""
    for scope in _scopes:
        function = scope["function"]
        function = getattr(function, "anywhere", function)
        scope["function"] = _on_their_gpu(function) if on else function


devices.when_several.append(follow_gpus)


def _on_their_gpu(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        given: list[Any] = []
        for value in (*args, *kwargs.values()):
            given += value if isinstance(value, (list, tuple)) else [value]
        with devices.beside([x.array for x in given if isinstance(x, TensorBase)]):
            return function(*args, **kwargs)

    call.anywhere = function  # type: ignore[attr-defined]
    return call


class _Guard:
    """Writes and compiles the guard of one public function.

    A call that succeeds runs the function inside the ``try`` and nothing else; all other methods
    here serve calls that fail or that a class overrides."""

    def __init__(self, call: FunctionType, function: Any, name: str) -> None:
        self.call, self.function, self.name = call, function, name
        self.last = name.rpartition(".")[2]
        self.parameters = dict(inspect.signature(function).parameters)
        self.numbers: tuple[str, ...] = getattr(function, "number_names", ())
        self.second_names: dict[str, str] = dict(getattr(function, "second_names", {}))
        for second, first in _NUMPY_NAMES.items() if self.last != "forward" else ():
            if first in self.parameters and second not in self.parameters:
                self.second_names[second] = first
        self.defaults = {name: p.default for name, p in self.parameters.items()}
        for name in self._may_be_absent():
            self.defaults[name] = _ABSENT

    def compile(self) -> None:
        """Give ``call`` its code. Its namespace holds what the code names."""
        scope, call, source = self.call.__globals__, self.call, self._source()
        scope.update({f"default_{name}": value for name, value in self.defaults.items()})
        scope.update(
            function=_on_their_gpu(self.function) if devices.several else self.function,
            FAULTS=FAULTS, absent=_ABSENT, explained=self.explained, missing=self.missing,
            whole=self.whole, number=self.number, int=int, float=float, LIVE=LIVE,
            overriding=overriding, override=self.override, reordering=self.reordering,
        )  # fmt: skip
        _scopes.append(scope)
        generated.execute(source, f"{_SOURCE} {self.name}>", scope)
        made = scope[self.last]
        call.__defaults__, call.__kwdefaults__ = made.__defaults__, made.__kwdefaults__
        call.__code__ = made.__code__  # last: another thread may be calling

    def _may_be_absent(self) -> list[str]:
        """The required parameters from the first that has a second name on."""
        required = [
            name
            for name, p in self.parameters.items()
            if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        ]
        aliased = [i for i, name in enumerate(required) if name in self.second_names.values()]
        return required[aliased[0] :] if aliased else []

    def _source(self) -> str:
        parameters = self.parameters.values()
        given = "".join(f"{p.name}, " for p in parameters)
        spread = "".join(f"{_starred(p)}, " for p in parameters if p.kind is not p.VAR_KEYWORD)
        passed = [f"{p.name}={p.name}" if p.kind is p.KEYWORD_ONLY else _starred(p)
                  for p in parameters]  # fmt: skip
        asking = before = after = ""
        if self.last != "forward":  # which no class overrides
            asking = f"(_relevant := overriding(({spread}))) is not None:\n"
            yielding = f"return override(_relevant, ({given}))\n"
            before = f"    if LIVE and {asking}        {yielding}"
            after = f"        if {asking}            {yielding}"
        if self.numbers:
            tensors = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
            more = f"    if more:\n        return reordering(({', '.join(tensors)}, *more), out)\n"
            before = more + before
        renaming = "".join(
            f"    if {second} is not absent:\n        {first} = {second}\n"
            for second, first in self.second_names.items()
        )
        return (
            f"def {self.last}({', '.join(self._declared())}):\n"
            f"{renaming}{before}"
            "    try:\n"
            f"{self._preparing()}"
            f"        return function({', '.join(passed)})\n"
            "    except FAULTS as error:\n"
            f"{after}"
            f"        raise explained(error, ({given}))\n"
        )

    def _declared(self) -> list[str]:
        """The parameters as declared, followed by their second names."""
        declared, last = [], []
        starred = False
        for p in self.parameters.values():
            if p.kind is p.VAR_KEYWORD:
                last = [_starred(p)]
                continue
            if p.kind is p.KEYWORD_ONLY and not starred:
                declared.append("*more" if self.numbers else "*")
            starred = starred or p.kind in (p.KEYWORD_ONLY, p.VAR_POSITIONAL)
            has_default = self.defaults[p.name] is not p.empty
            declared.append(f"{p.name}=default_{p.name}" if has_default else _starred(p))
        if self.second_names and not starred:
            declared.append("*")
        return [*declared, *(f"{second}=absent" for second in self.second_names), *last]

    def _preparing(self) -> str:
        """The lines before the call, which check that required arguments are given and that whole
        numbers are."""
        lines = ""
        for p in self.parameters.values():
            if self.defaults[p.name] is _ABSENT:
                lines += f"        if {p.name} is absent:\n            missing({p.name!r})\n"
            one = p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and not p.name.startswith("dim")
            whole = p.annotation in _WHOLE and (p.default is p.empty or type(p.default) is int)
            if one and whole:
                lines += (
                    f"        if {p.name}.__class__ is not int:\n"
                    f"            {p.name} = whole({p.name!r}, {p.name})\n"
                )
            elif p.annotation in _NUMBER:
                given = "" if p.default is p.empty else f"{p.name} is not default_{p.name} and "
                lines += (
                    f"        if {given}{p.name}.__class__ is not float:\n"
                    f"            {p.name} = number({p.name!r}, {p.name})\n"
                )
        return lines

    # -- what the code calls -----------------------------------------------------------------------

    def reordering(self, args: tuple[Any, ...], out: Any) -> Any:
        tensors, options = reordered(self.function, args)
        return self.call(*tensors, **options, out=out)

    def override(self, relevant: list[Any], values: tuple[Any, ...]) -> Any:
        """Pass the call on to the class that overrides it, without arguments left at their
        defaults."""
        named = _NAMED_IN_OVERRIDES.get(self.name, ())
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        positional = True
        for p, value in zip(self.parameters.values(), values, strict=True):
            if p.kind is p.VAR_POSITIONAL:
                in_list = (
                    p.name in _TENSORS
                    and len(value) == 1
                    and isinstance(value[0], (list, tuple))
                    and int not in map(type, value[0])  # such as einsum's places of dims
                )
                args += value[0] if in_list else value
            elif p.kind is p.VAR_KEYWORD:
                kwargs |= value
            elif value is p.default or value is _ABSENT:
                positional = False
            elif positional and p.kind is not p.KEYWORD_ONLY and p.name not in named:
                args.append(value)
            else:
                kwargs[p.name] = value
        entire: Any = getattr(self.call, "overridden_as", self.call)  # what this one is a part of
        return call_override(entire, relevant, tuple(args), kwargs)

    def missing(self, parameter: str) -> None:
        raise TypeError(f"{self.last}() missing 1 required positional argument: {parameter!r}")

    def whole(self, parameter: str, value: Any) -> int:
        try:
            return operator.index(value)
        except TypeError:
            raise self._must_be("int", parameter, value) from None

    def number(self, parameter: str, value: Any) -> Any:
        """The number in a scalar of NumPy or a 0-d tensor without gradient, so that it decides no
        dtype and is no operand; anything else is for the function to judge."""
        is_tensor = isinstance(value, TensorBase)
        if isinstance(value, np.ndarray) or (is_tensor and (value.requires_grad or value.ndim)):
            raise self._must_be("Number", parameter, value)
        return value.item() if is_tensor or isinstance(value, np.generic) else value

    def _must_be(self, kind: str, parameter: str, value: Any) -> TypeError:
        position = list(self.parameters).index(parameter) + 1
        return TypeError(
            f"{self.name}(): argument {parameter!r} (position {position}) must be {kind}, not "
            f"{type(value).__name__}"
        )

    def explained(self, error: Exception, values: tuple[Any, ...]) -> Exception:
        arguments = dict(zip(self.parameters, values, strict=True))
        if isinstance(error, (TypeError, ValueError)) and _from_here(error):
            for i, (parameter, value) in enumerate(arguments.items()):
                if isinstance(value, str) and type(self.defaults[parameter]) in (int, float):
                    return TypeError(
                        f"{self.name}(): argument {parameter!r} (position {i + 1}) must be "
                        "Number, not str"
                    )
        op = type(arguments.pop("self")).__name__ if self.name == "forward" else self.name
        defaults = {name: p.default for name, p in self.parameters.items()}
        return explained(op, error, arguments, defaults)


def _starred(p: inspect.Parameter) -> str:
    """A parameter's name as it is declared and passed on: ``*args``, ``**kwargs``."""
    return f"{'**' if p.kind is p.VAR_KEYWORD else '*' * (p.kind is p.VAR_POSITIONAL)}{p.name}"


def explained(
    op: str,
    error: Exception,
    arguments: Mapping[str, Any],
    defaults: Mapping[str, Any] = MappingProxyType({}),
) -> Exception:
    """The exception to raise in place of ``error``: of the type that PyTorch raises, with a message
    that names the op."""
    if not _from_here(error):
        return error  # from code of the caller's: a hook, a subclass
    if isinstance(error, AttributeError):
        return _wrong_kind(op, error, arguments) or error
    kind, message = builtin_kind(error), str(error)
    if not _names(op, message):
        arguments = {
            k: v
            for k, v in arguments.items()
            if v is not defaults.get(k) and not (isinstance(v, (dict, tuple)) and not v)
        }
        given = ", ".join(f"{name}={_described(value)}" for name, value in arguments.items())
        message = f"{op}({given}): {message}"
    if kind is type(error):
        if message != str(error):
            error.args = (message,)
        return error
    return kind(message)


def arguments_of(function: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
    """The arguments of a call by name."""
    try:
        return inspect.signature(function).bind(*args, **kwargs).arguments
    except TypeError:
        return {f"argument {i + 1}": value for i, value in enumerate(args)} | kwargs


def _names(op: str, message: str) -> bool:
    if op[0].isupper() or op[-1] == "_":
        # A layer, or a write: the function that it calls may be the one that complains.
        return re.match(r"[\w.]+[(:]", message) is not None
    name = re.escape(op.rpartition(".")[2])
    return re.search(rf"(?<!\w){name}[(:]|^{name} ", message) is not None


def _from_here(error: Exception) -> bool:
    """Whether code of this package, or of the array libraries under it, raised the exception."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return True
    module = str(trace.tb_frame.f_globals.get("__name__", _PACKAGE))
    return module.partition(".")[0] in (_PACKAGE, "numpy", "cupy", "ml_dtypes")


def _wrong_kind(op: str, error: AttributeError, arguments: Mapping[str, Any]) -> TypeError | None:
    """The error for an argument that lacks what every one of its kind has."""
    name, culprit = error.name, error.obj
    if name is None:
        return None
    wanted = (
        "int" if name == "__index__"
        else "Tensor" if hasattr(late_bound.Tensor, name)
        else "str" if hasattr(str, name)
        else None
    )  # fmt: skip
    kind = type(culprit).__name__
    for i, (parameter, value) in enumerate(arguments.items()):
        if wanted and value is culprit:
            return TypeError(
                f"{op}(): argument {parameter!r} (position {i + 1}) must be {wanted}, not {kind}"
            )
        if wanted and isinstance(value, (list, tuple)) and any(x is culprit for x in value):
            return TypeError(
                f"{op}(): argument {parameter!r} (position {i + 1}) must hold {wanted}s, but has "
                f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
            )
    if isinstance(culprit, TensorBase) or hasattr(type(culprit), "__getattr__"):
        return None  # it says itself what it lacks, as a module does
    given = ", ".join(f"{name}={_described(value)}" for name, value in arguments.items())
    return TypeError(f"{op}({given}): an argument is of the wrong kind: {error}")


def _described(value: Any) -> str:
    if isinstance(value, TensorBase):
        array = getattr(value, "array", None)  # sparse and nested tensors have none
        return f"a {type(value).__name__}" if array is None else describe_one(array)
    if isinstance(value, (list, tuple)):
        inner = ", ".join(_described(x) for x in value[:8]) + (", ..." if len(value) > 8 else "")
        inner += "," if isinstance(value, tuple) and len(value) == 1 else ""
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    return repr(value) if isinstance(value, str) else describe_one(value)
