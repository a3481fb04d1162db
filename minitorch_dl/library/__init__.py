"""Ops of a user's own under a name, ``torch.ops.namespace.name``: ``custom_op`` and ``Library``.

>>> import minitorch_dl as torch
>>> @torch.library.custom_op("examples::cube", mutates_args=())
... def cube(x: torch.Tensor) -> torch.Tensor:
...     return x**3
>>> def setup_context(ctx, inputs, output):
...     ctx.save_for_backward(inputs[0])
>>> def backward(ctx, grad):
...     return 3 * ctx.saved_tensors[0] ** 2 * grad
>>> cube.register_autograd(backward, setup_context=setup_context)
>>> x = torch.tensor(2.0, requires_grad=True)
>>> cube(x).backward()
>>> x.grad
tensor(12.)
"""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Callable, Iterable
from typing import Any

from ..autograd import grad, is_grad_enabled, no_grad
from ..autograd.function import Function
from ..autograd.overriding import LIVE, overriding
from ..autograd.versions import mark_written, owner_of
from ..compat import aten
from ..ops import equal, ones_like
from ..tensor import Tensor
from .schemas import infer_schema

__all__ = [
    "CustomOpDef", "Library", "custom_op", "define", "impl", "impl_abstract", "infer_schema",
    "opcheck", "register_autograd", "register_fake", "register_kernel", "register_vmap",
]  # fmt: skip

_registered: dict[str, CustomOpDef] = {}


def _tensors(values: Iterable[Any]) -> list[Tensor]:
    """The tensors among these, also those in lists."""
    several = [v if isinstance(v, (list, tuple)) else [v] for v in values]
    return [x for inner in several for x in inner if isinstance(x, Tensor)]


class _Recorded(Function):
    """The call of an op that has a derivative."""

    @staticmethod
    def forward(ctx: Any, op: CustomOpDef, keywords: dict[str, Any], *args: Any) -> Any:
        ctx.op = op
        output = op.run(args, keywords)
        if op.setup_context is not None:
            given = {"keyword_only_inputs": keywords} if keywords else {}
            op.setup_context(ctx=ctx, inputs=args, output=output, **given)
        return output

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        if ctx.op.backward is None:
            raise RuntimeError(
                f"There is no autograd formula for {ctx.op.namespace}::{ctx.op.name}. Please use "
                "register_autograd to add one"
            )
        gradients = ctx.op.backward(ctx, *grads)
        return None, None, *(gradients if isinstance(gradients, tuple) else (gradients,))


class CustomOpDef:
    """An op registered under ``namespace::name``; call it as the function that it stands for."""

    def __init__(self, qualname: str, kernel: Callable[..., Any] | None, schema: str = "") -> None:
        self.namespace, _, self.name = qualname.partition("::")
        self.schema = schema
        self.kernels: dict[str, Callable[..., Any]] = {} if kernel is None else {"": kernel}
        self.fake: Callable[..., Any] | None = None
        self.batched: Callable[..., Any] | None = None
        self.backward: Callable[..., Any] | None = None
        self.setup_context: Callable[..., Any] | None = None
        self.mutates: str | Iterable[str] = ()
        self.__name__ = self.name
        overload = "" if "." in self.name else "_default"
        called = f"{self.namespace}_{self.name.replace('.', '_')}{overload}"
        self._recorded: Any = type(f"GeneratedBackwardFor_{called}", (_Recorded,), {})
        self.__doc__ = getattr(kernel, "__doc__", None)

    def __repr__(self) -> str:
        return f"<CustomOpDef({self.namespace}::{self.name})>"

    @property
    def default(self) -> CustomOpDef:
        """The op itself: there is one overload."""
        return self

    def kernel(self, *args: Any, **keywords: Any) -> Any:
        """What computes the op on the device of its first tensor."""
        device = next((x.device.type for x in _tensors((*args, *keywords.values()))), "cpu")
        found = self.kernels.get(device) or self.kernels.get("")
        if found is None:
            raise NotImplementedError(
                f"{self.namespace}::{self.name} has no kernel for the device {device}; it has some "
                f"for {sorted(self.kernels) or 'none'}. Register one by register_kernel"
            )
        return found(*args, **keywords)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        if LIVE:
            for value in overriding((*args, *keywords.values())) or ():
                if value.takes_functions:
                    return value.__torch_function__(self, (type(value),), args, keywords)
        given = _tensors((*args, *keywords.values()))
        if self.mutates or not is_grad_enabled() or not any(x.requires_grad for x in given):
            with no_grad():
                return self.run(args, keywords)
        args, keywords = self._positional(args, keywords)
        return self._recorded.apply(self, keywords, *args)

    def run(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Compute the op, note what it wrote to, and check that its results are its own."""
        output = self.kernel(*args, **keywords)
        given = _tensors((*args, *keywords.values()))
        if self.mutates:
            named = inspect.signature(next(iter(self.kernels.values()))).bind(*args, **keywords)
            for name, value in named.arguments.items():
                if self.mutates == "unknown" or name in self.mutates:
                    for x in _tensors([value]):
                        mark_written(x.array, self.name)
        owners = {id(owner_of(x.array)) for x in given if not x.is_sparse}
        for y in _tensors(_as_list(output)):
            if not y.is_sparse and id(owner_of(y.array)) in owners:
                raise RuntimeError(
                    f"{self.namespace}::{self.name}: The output of this custom operator may not "
                    "alias any inputs. Return a clone of it"
                )
        return output

    def _positional(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """The arguments with those that may be by position, so that each can have a gradient."""
        bound = inspect.signature(next(iter(self.kernels.values()))).bind(*args, **keywords)
        bound.apply_defaults()
        return bound.args, bound.kwargs

    def register_kernel(self, device_types: Any, func: Any = None, /) -> Any:
        """Compute by ``func`` on these devices (a name, several, or None: all); a decorator without
        it."""

        def register(func: Callable[..., Any]) -> Callable[..., Any]:
            names = [device_types] if isinstance(device_types, str) else device_types or [""]
            self.kernels.update(dict.fromkeys(names, func))
            return func

        return register if func is None else register(func)

    def register_fake(self, func: Callable[..., Any], /) -> Callable[..., Any]:
        """Note what the results look like without computing them; a compiler would ask."""
        self.fake = func
        return func

    def register_vmap(self, func: Callable[..., Any] | None = None, /) -> Any:
        """Compute a batch by ``func(info, in_dims, *args)``, which returns the output and its
        ``out_dims``; without it ``vmap`` runs the op per entry. A decorator without ``func``."""

        def register(func: Callable[..., Any]) -> Callable[..., Any]:
            self.batched = func
            return func

        return register if func is None else register(func)

    def register_autograd(
        self, backward: Callable[..., Any], /, *, setup_context: Callable[..., Any] | None = None
    ) -> None:
        """Give the derivative.

        Args:
            backward: ``(ctx, *grads)`` to one gradient, or None, per positional argument.
            setup_context: ``(ctx, inputs, output)``: keeps what the backward needs.

        Raises:
            RuntimeError: the op writes to its arguments.
        """
        if self.mutates:
            raise RuntimeError(
                f"Cannot register autograd formula for non-functional operator {self} with schema "
                f"{self.schema}: it writes to its arguments"
            )
        self.backward, self.setup_context = backward, setup_context


def custom_op(
    name: str,
    fn: Callable[..., Any] | None = None,
    /,
    *,
    mutates_args: str | Iterable[str] = (),
    device_types: Any = None,
    schema: str | None = None,
    tags: Any = None,
) -> Any:
    """Register a function as the op ``name``, ``"namespace::name"``; without ``fn`` a decorator.

    Args:
        mutates_args: the arguments that it writes to, by name, or "unknown".
        device_types: the devices that it computes on (default: all).
        schema: its signature as PyTorch writes it (default: inferred).
    """

    def register(fn: Callable[..., Any]) -> CustomOpDef:
        known = infer_schema(fn, mutates_args=mutates_args) if schema is None else schema
        op = _op(name, known)
        op.schema, op.backward, op.batched, op.fake = known, None, None, None  # defined anew
        op.mutates = mutates_args
        op.__doc__ = fn.__doc__
        op.kernels.clear()
        op.register_kernel(device_types, fn)
        return op

    return register if fn is None else register(fn)


def _op(name: str, schema: str = "") -> CustomOpDef:
    if name.count("::") != 1:
        raise ValueError(f"an op's name is namespace::name, got {name!r}")
    if name not in _registered:
        _registered[name] = CustomOpDef(name, None, schema)
    return _registered[name]


def _known(op: Any) -> CustomOpDef:
    if isinstance(op, CustomOpDef):
        return op
    return _op(op.partition(".")[0])


def define(qualname: str, schema: str, *, lib: Any = None, tags: Any = ()) -> None:
    """Name an op whose kernels ``impl`` will give."""
    _op(qualname, schema)


def impl(qualname: str, types: Any, func: Any = None, *, lib: Any = None) -> Any:
    """Compute an op by ``func`` on these devices ("default": all); a decorator without it."""
    names = [types] if isinstance(types, str) else list(types)
    return _known(qualname).register_kernel(["" if n == "default" else n for n in names], func)


def register_kernel(op: Any, device_types: Any, func: Any = None, /, *, lib: Any = None) -> Any:
    """``CustomOpDef.register_kernel`` of an op or its name."""
    return _known(op).register_kernel(device_types, func)


def register_fake(op: Any, func: Any = None, /, *, lib: Any = None, **options: Any) -> Any:
    """``CustomOpDef.register_fake`` of an op or its name; a decorator without ``func``."""
    return _known(op).register_fake if func is None else _known(op).register_fake(func)


impl_abstract = register_fake


def register_vmap(op: Any, func: Any = None, /, *, lib: Any = None) -> Any:
    """``CustomOpDef.register_vmap`` of an op or its name; a decorator without ``func``."""
    return _known(op).register_vmap(func)


def register_autograd(
    op: Any, backward: Callable[..., Any], /, *, setup_context: Any = None, lib: Any = None
) -> None:
    """``CustomOpDef.register_autograd`` of an op or its name."""
    _known(op).register_autograd(backward, setup_context=setup_context)


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
        for old, new in zip(_tensors([before[name]]), _tensors([value]), strict=True):
            if not equal(old.nan_to_num(), new.nan_to_num()):
                raise OpCheckError(f"it wrote to {name}, which is not in mutates_args")


def _check_gradients(op: CustomOpDef, args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    given = [x for x in _tensors((*args, *keywords.values())) if x.requires_grad]
    if op.backward is not None and given:
        made = [y for y in _tensors(_as_list(op(*args, **keywords))) if y.requires_grad]
        grad(made, given, [ones_like(y) for y in made], allow_unused=True)


def _check_fake(op: CustomOpDef, args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    copies, named = copy.deepcopy((args, keywords))
    with no_grad():
        made = _tensors(_as_list(op(*copies, **named)))
        if op.fake is None:
            if made:
                raise OpCheckError("it gives tensors, and register_fake was not called")
            return
        empty = [_without_elements(x) for x in args]
        named = {name: _without_elements(x) for name, x in keywords.items()}
        shown = _tensors(_as_list(op.fake(*empty, **named)))
    real, fake = ([(tuple(y.shape), y.dtype) for y in some] for some in (made, shown))
    if real != fake:
        raise OpCheckError(f"it gives {real}, and the function of register_fake {fake}")


def _without_elements(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)([_without_elements(x) for x in value])
    return value.to("meta") if isinstance(value, Tensor) else value


def _as_list(output: Any) -> Any:
    return output if isinstance(output, (list, tuple)) else [output]


_CHECKS: dict[str, Callable[..., None]] = {
    "test_schema": _check_writes,
    "test_autograd_registration": _check_gradients,
    "test_faketensor": _check_fake,
    "test_aot_dispatch_dynamic": lambda *call: None,
    "test_aot_dispatch_static": lambda *call: None,
}


class Library:
    """A namespace of ops: ``define`` names one, ``impl`` gives it a kernel.

    Args:
        ns: the namespace.
        kind: "DEF", "IMPL" or "FRAGMENT".
        dispatch_key: the default of ``impl``.

    >>> import minitorch_dl as torch
    >>> library = torch.library.Library("shapes", "DEF")
    >>> name = library.define("double(Tensor x) -> Tensor")
    >>> library.impl(name, lambda x: 2 * x, "CPU")
    >>> from minitorch_dl.library import ops
    >>> ops.shapes.double(torch.ones(2))
    tensor([2., 2.])
    """

    def __init__(self, ns: str, kind: str, dispatch_key: str = "") -> None:
        if kind not in ("DEF", "IMPL", "FRAGMENT"):
            raise ValueError(f"Unsupported library kind: {kind}")
        self.ns, self.kind, self.dispatch_key = ns, kind, dispatch_key

    def define(self, schema: str, alias_analysis: str = "", *, tags: Any = ()) -> str:
        """Name the op that ``name(Tensor x, ...) -> Tensor`` describes; returns its name."""
        name, _, rest = schema.partition("(")
        _op(f"{self.ns}::{name}", f"({rest}")
        return name

    def impl(
        self, op_name: Any, fn: Callable[..., Any], dispatch_key: str = "", **options: Any
    ) -> None:
        """Compute the op by ``fn`` for a key: CPU, CUDA, or one for all devices."""
        name = op_name if isinstance(op_name, str) else op_name.name
        op, key = _op(f"{self.ns}::{name.rpartition('::')[2]}"), dispatch_key or self.dispatch_key
        if key == "Meta":
            op.register_fake(fn)
        else:
            op.register_kernel({"CPU": "cpu", "CUDA": "cuda"}.get(key), fn)


class _Namespace:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        found = _registered.get(f"{self._name}::{name}")
        if found is None:
            raise AttributeError(f"'_OpNamespace' '{self._name}' object has no attribute '{name}'")
        return found


class _Overloads:
    """A function of the package under PyTorch's internal name: every overload is the function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.__name__ = function.__name__

    def __str__(self) -> str:
        return f"aten.{self.__name__}"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)

    def __getattr__(self, name: str) -> _Overloads:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


_ATEN = {"_to_copy": "to", "_pin_memory": "pin_memory"}


class _Aten(_Namespace):
    """``torch.ops.aten``: the functions of the package."""

    def __getattr__(self, name: str) -> Any:
        package = sys.modules[__package__.partition(".")[0]]
        for home in (aten, package, package.Tensor):
            if callable(function := getattr(home, _ATEN.get(name, name), None)):
                found = self.__dict__[name] = _Overloads(function)
                return found
        raise AttributeError(f"'_OpNamespace' 'aten' object has no attribute '{name}'")


class _Ops:
    """``torch.ops``: the registered ops by namespace."""

    aten = _Aten("aten")

    def __getattr__(self, name: str) -> _Namespace:
        if name.startswith("__"):
            raise AttributeError(name)
        found = self.__dict__[name] = _Namespace(name)
        return found

    def load_library(self, path: str) -> None:
        """Always fails: compiled extensions of PyTorch call PyTorch's own library."""
        raise OSError(f"{path} is compiled for PyTorch; minitorch_dl can't load it")


ops: Any = _Ops()
