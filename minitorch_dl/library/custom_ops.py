"""Ops that a program registers: kernels by device, and a derivative."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from ..amp import autocast, is_autocast_enabled
from ..amp.autocast_mode import converted
from ..autograd import is_grad_enabled, no_grad
from ..autograd.torch_function import LIVE, overriding
from ..autograd.versions import mark_written, owner_of
from ..backend import device, dtypes
from ..tensor import Tensor
from .fake import run_fake
from .recording import Call, Recorded
from .schemas import infer_schema

__all__ = [
    "CustomOpDef", "custom_op", "define", "impl", "impl_abstract", "register_autocast",
    "register_autograd", "register_fake", "register_kernel", "register_vmap", "triton_op",
    "wrap_triton",
]  # fmt: skip

REGISTERED: dict[str, CustomOpDef] = {}


def tensors_among(values: Iterable[Any]) -> list[Tensor]:
    """The tensors among these, also those in lists."""
    several = [v if isinstance(v, (list, tuple)) else [v] for v in values]
    return [x for inner in several for x in inner if isinstance(x, Tensor)]


def as_list(output: Any) -> Any:
    return output if isinstance(output, (list, tuple)) else [output]


def _device_type(args: Iterable[Any], keywords: dict[str, Any]) -> str:
    return next((x.device.type for x in tensors_among((*args, *keywords.values()))), "cpu")


class CustomOpDef:
    """An op registered under ``namespace::name``; call it as the function that it stands for."""

    def __init__(self, qualname: str, kernel: Callable[..., Any] | None, schema: str = "") -> None:
        self.namespace, _, self.name = qualname.partition("::")
        self.schema = schema
        self.kernels: dict[str, Callable[..., Any]] = {} if kernel is None else {"": kernel}
        self.composite = False
        self.autocasts: dict[str, Callable[..., Any]] = {}
        self.fake: Callable[..., Any] | None = None
        self.batched: Callable[..., Any] | None = None
        self.backward: Callable[..., Any] | None = None
        self.setup_context: Callable[..., Any] | None = None
        self.mutates: str | Iterable[str] = ()
        self.__name__ = self.name
        overload = "" if "." in self.name else "_default"
        called = f"{self.namespace}_{self.name.replace('.', '_')}{overload}"
        self.function: Any = type(f"GeneratedBackwardFor_{called}", (Recorded,), {})
        self.__doc__ = getattr(kernel, "__doc__", None)

    def __repr__(self) -> str:
        return f"<CustomOpDef({self.namespace}::{self.name})>"

    @property
    def default(self) -> CustomOpDef:
        """The op itself: there is one overload."""
        return self

    _opoverload = default

    @property
    def _schema(self) -> str:
        return f"{self.namespace}::{self.name}{self.schema}"

    def kernel(self, *args: Any, **keywords: Any) -> Any:
        """What computes the op on the device of its first tensor."""
        device = _device_type(args, keywords)
        found = self.kernels.get(device)
        if found is None and device == "meta" and not self.composite:
            return run_fake(self, args, keywords)
        found = found or self.kernels.get("")
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
        where = _device_type(args, keywords) if self.autocasts else ""
        if where in self.autocasts and is_autocast_enabled(where):
            with autocast(where, enabled=False):
                return self.autocasts[where](*args, **keywords)
        if self.composite and self.backward is None:
            return self.kernel(*args, **keywords)
        given = tensors_among((*args, *keywords.values()))
        if self.mutates or not is_grad_enabled() or not any(x.requires_grad for x in given):
            with no_grad():
                return self.run(args, keywords)
        return Call(self, *self._positional(args, keywords)).record()

    def run(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Compute the op, note what it wrote to, and check that its results are its own."""
        output = self.kernel(*args, **keywords)
        given = tensors_among((*args, *keywords.values()))
        if self.mutates:
            named = inspect.signature(next(iter(self.kernels.values()))).bind(*args, **keywords)
            for name, value in named.arguments.items():
                if self.mutates == "unknown" or name in self.mutates:
                    for x in tensors_among([value]):
                        mark_written(x.array, self.name)
        owners = {id(owner_of(x.array)) for x in given if not x.is_sparse}
        for y in tensors_among(as_list(output)):
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
        """Make results on the device "meta", where nothing is computed, by ``func``."""
        self.fake = func
        return func

    def register_vmap(self, func: Callable[..., Any] | None = None, /) -> Any:
        """Compute a batch by ``func(info, in_dims, *args)``, which returns the output and its
        ``out_dims``; without it ``vmap`` runs the op per entry. A decorator without ``func``."""

        def register(func: Callable[..., Any]) -> Callable[..., Any]:
            self.batched = func
            return func

        return register if func is None else register(func)

    def register_autocast(self, device_type: str, cast_inputs: dtypes.dtype, /) -> None:
        """Under ``autocast`` for this type of device, compute the op on inputs cast to a dtype:
        those of floating point, but for float64."""

        def cast(*args: Any, **keywords: Any) -> Any:
            args, keywords = (converted(v, device_type, cast_inputs) for v in (args, keywords))
            return self(*args, **keywords)

        self.autocasts[device(device_type).type] = cast

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
        op = op_named(name, known)
        op.schema, op.backward, op.batched, op.fake = known, None, None, None  # defined anew
        op.mutates = mutates_args
        op.__doc__ = fn.__doc__
        op.kernels.clear()
        op.register_kernel(device_types, fn)
        return op

    return register if fn is None else register(fn)


def op_named(name: str, schema: str = "") -> CustomOpDef:
    if name.count("::") != 1:
        raise ValueError(f"an op's name is namespace::name, got {name!r}")
    if name not in REGISTERED:
        REGISTERED[name] = CustomOpDef(name, None, schema)
    return REGISTERED[name]


def _known(op: Any) -> CustomOpDef:
    if isinstance(op, CustomOpDef):
        return op
    return op_named(op.partition(".")[0])


def define(qualname: str, schema: str, *, lib: Any = None, tags: Any = ()) -> None:
    """Name an op whose kernels ``impl`` will give."""
    op_named(qualname, schema)


def triton_op(name: str, fn: Any = None, /, *, mutates_args: Any, schema: str | None = None) -> Any:
    """``custom_op``, for a function that calls Triton kernels, which a compiler could look into."""
    return custom_op(name, fn, mutates_args=mutates_args, schema=schema)


def wrap_triton(triton_kernel: Any, /) -> Any:
    """The kernel itself."""
    return triton_kernel


def impl(qualname: Any, types: Any, func: Any = None, *, lib: Any = None) -> Any:
    """Compute an op by ``func`` on these devices ("default": all); a decorator without it.

    The older ``impl(library, name, dispatch_key="")`` is a decorator, too: ``Library.impl``.
    """
    if not isinstance(qualname, (str, CustomOpDef)):

        def register(fn: Callable[..., Any]) -> Callable[..., Any]:
            qualname.impl(types, fn, func or "")
            return fn

        return register
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


def register_autocast(
    op: Any, device_type: str, cast_inputs: dtypes.dtype, /, *, lib: Any = None
) -> None:
    """``CustomOpDef.register_autocast`` of an op or its name."""
    _known(op).register_autocast(device_type, cast_inputs)


def register_autograd(
    op: Any, backward: Callable[..., Any], /, *, setup_context: Any = None, lib: Any = None
) -> None:
    """``CustomOpDef.register_autograd`` of an op or its name."""
    _known(op).register_autograd(backward, setup_context=setup_context)
