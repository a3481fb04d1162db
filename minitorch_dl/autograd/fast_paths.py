"""Fast paths for calling primitives in the common cases.

Every op goes through one of these, so each nanosecond counts: a call handles NumPy arrays,
recorded or not, when nobody listens, and hands everything else (other devices, mixed dtypes,
subclasses, listeners, errors in the arguments) to the general ``Primitive.__call__``, which it must
agree with.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backend import dtypes
from ..backend.precision import is_half
from .base import NO_GRAD, ORDINARY, TensorBase, View, ViewKind, current_node
from .errors import KERNEL_ERRORS, handle_kernel_error
from .modes import GRAD, state
from .out_argument import write_out
from .torch_function import PLAIN
from .versions import owner_of

if TYPE_CHECKING:
    from .primitive import Primitive

ndarray = np.ndarray
BFLOAT16 = dtypes.bfloat16._numpy  # None without ml_dtypes
FLOAT32, INT64 = np.dtype("float32"), np.dtype("int64")
_OPERANDS = frozenset({np.ndarray, float, int})
_KNOWN = [d for d in dtypes.ALL if d._numpy is not None]
DIFFERENTIABLE = frozenset([d.numpy for d in _KNOWN if d.kind >= dtypes.FLOAT])
HALVES = frozenset([d.numpy for d in _KNOWN if is_half(d.numpy)])
COMPLEX = frozenset([d.numpy for d in _KNOWN if d.is_complex])
# What the shortened calls take: NumPy's floats where a primitive promotes to floats, else all but
# complex numbers, which need another derivative, and bfloat16, whose results must be kept so.
_FLOATS = frozenset([d.numpy for d in _KNOWN if d.is_floating_point and d is not dtypes.bfloat16])
_REAL = frozenset([d.numpy for d in _KNOWN if not d.is_complex])
_PLAIN = _REAL - {BFLOAT16}
_new: Callable[[type], Any] = object.__new__
_Tensor: Any = TensorBase


def use_result_class(cls: type) -> None:
    """Name the class of which the calls return instances."""
    global _Tensor
    _Tensor = cls


def _taken(p: Primitive, most: frozenset[np.dtype]) -> frozenset[np.dtype]:
    """The dtypes that a primitive's shortened call takes, of ``most``."""
    taken = _FLOATS if p.promotes == "float" else most - p.refused
    return taken - HALVES if p.wide is True else taken


def _on_host(kernel: Callable[..., Any], operands: int) -> Callable[..., Any]:
    """The kernel as a function of NumPy arrays alone. A kernel that only calls a ufunc with its
    operands is that ufunc, which saves a call."""
    names = kernel.__code__.co_names
    ufunc = getattr(np, names[0], None) if len(names) == 1 else None
    if isinstance(ufunc, np.ufunc):
        given = tuple([object() for _ in range(operands)])
        try:
            if kernel(SimpleNamespace(**{names[0]: lambda *args: args}), *given) == given:
                return ufunc
        except TypeError:  # it computes with its operands itself
            pass
    return functools.partial(kernel, np)


def unary(p: Primitive) -> Callable[..., Any]:
    """The call of a primitive of one input without parameters."""
    kernel, taken = _on_host(p.kernel, 1), _taken(p, _REAL)
    vjp = None

    def call(input: Any, *, out: Any = None) -> Any:
        nonlocal vjp
        if out is not None:
            return write_out(p.name, out, call(input), p.exact)
        if input.__class__ is ndarray:
            return kernel(input)
        flags = state.flags
        if flags > GRAD or input.__class__ not in PLAIN:
            return p(input)
        a = input.array
        if a.__class__ is not ndarray or (a.dtype is not FLOAT32 and a.dtype not in taken):
            return p(input)
        try:
            y = kernel(a)
        except KERNEL_ERRORS as error:
            y = handle_kernel_error(error, p, (a,), {})
        out = _new(_Tensor)
        out.array = y if y.__class__ is ndarray else np.asarray(y)
        out._grad = None
        out._view = None
        node = input._node if input._view is None else current_node(input)
        if node is None or not flags or not p.formulas:
            out._node = None
            return out
        if vjp is None:
            vjp = p.vjp((True,))
        out._node = vjp.record((node,), a, out.array, None, None)
        return out

    call.ufunc = kernel if isinstance(kernel, np.ufunc) else None  # type: ignore[attr-defined]
    return call


def parametrized(p: Primitive) -> Callable[..., Any]:
    """The call of a primitive of one input and parameters."""
    kernel, promotes = p.kernel, p.promotes is not None
    taken = _taken(p, _PLAIN)
    vjp = None

    def call(input: Any, **params: Any) -> Any:
        nonlocal vjp
        if input.__class__ is ndarray:
            return kernel(np, input, **params)
        flags = state.flags
        if flags > GRAD or input.__class__ not in PLAIN:
            if isinstance(input, np.generic) and flags <= GRAD:
                return kernel(np, input, **params)
            return p(input, **params)
        a = input.array
        dtype = a.dtype
        if a.__class__ is not ndarray or dtype not in taken:
            return p(input, **params)
        try:
            y = kernel(np, a, **params)
        except KERNEL_ERRORS as error:
            y = handle_kernel_error(error, p, (a,), params)
        if promotes and y.dtype is not dtype:  # a parameter that is a NumPy scalar widened it
            return p(input, **params)
        out = _new(_Tensor)
        # `transfer` gives an array of another device; reductions give NumPy scalars.
        out.array = np.asarray(y) if isinstance(y, np.generic) else y
        out._grad = None
        out._view = None
        node = input._node if input._view is None else current_node(input)
        if node is None or not flags or not p.formulas or y.dtype not in DIFFERENTIABLE:
            out._node = None
            return out
        if vjp is None:
            vjp = p.vjp((True,))
        out._node = vjp.record((node,), a, out.array, params, None)
        return out

    return call


def viewing(p: Primitive) -> Callable[..., Any]:
    """The call of a primitive of one input whose result is a view of it."""
    kernel = p.kernel

    def call(input: Any, **params: Any) -> Any:
        if input.__class__ is ndarray:
            return kernel(np, input, **params)
        if (
            state.flags > GRAD
            or input.__class__ not in PLAIN
            or input.array.__class__ is not ndarray
        ):
            return p(input, **params)
        try:
            y = kernel(np, input.array, **params)
        except KERNEL_ERRORS as error:
            y = handle_kernel_error(error, p, (input.array,), params)
        return as_view(p, input, y, params)

    return call


def binary(p: Primitive, otherwise: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """The call of a primitive of two inputs: tensors of one dtype, or a float tensor and a
    number; ``otherwise``: what takes all others, the primitive itself unless given."""
    otherwise = otherwise or p
    kernel, formulas = _on_host(p.kernel, 2), p.formulas
    broadcasts, promotes = p.broadcasts, p.promotes is not None
    taken = _taken(p, _REAL)
    floats = _FLOATS - HALVES if p.wide else _FLOATS & taken  # those that take numbers
    first_number, second_number = (name not in p.tensors for name in p.inputs)
    recorders: dict[Any, Any] = {}

    def call(input: Any, other: Any, *, out: Any = None) -> Any:
        if out is not None:
            return write_out(p.name, out, call(input, other), p.exact)
        flags = state.flags
        if flags > GRAD:
            return otherwise(input, other)
        if input.__class__ in PLAIN:
            a = input.array
            dtype = a.dtype
            na = input._node if input._view is None else current_node(input)
            if other.__class__ in PLAIN:
                b = other.array
                nb = other._node if other._view is None else current_node(other)
                if b.__class__ is not ndarray or (
                    b.dtype is not dtype and (promotes or b.dtype not in taken)
                ):
                    return otherwise(input, other)
                mixed = False
            elif (
                (other.__class__ is float or other.__class__ is int)
                and (
                    dtype is FLOAT32
                    or dtype in floats
                    or (other.__class__ is int and dtype is INT64)
                )
                and second_number
            ):
                b, nb, mixed = other, None, True
            else:
                return otherwise(input, other)
            if a.__class__ is not ndarray or (dtype is not FLOAT32 and dtype not in taken):
                return otherwise(input, other)
        elif (
            (input.__class__ is float or input.__class__ is int)
            and other.__class__ in PLAIN
            and first_number
        ):
            a, na, mixed = input, None, True
            b = other.array
            nb = other._node if other._view is None else current_node(other)
            if b.__class__ is not ndarray or (b.dtype is not FLOAT32 and b.dtype not in floats):
                return otherwise(input, other)
        elif input.__class__ is ndarray and other.__class__ in _OPERANDS:  # within a derivative
            return otherwise(input, other) if input.dtype is BFLOAT16 else kernel(input, other)
        else:
            return otherwise(input, other)
        try:
            y = kernel(a, b)
        except KERNEL_ERRORS as error:
            y = handle_kernel_error(error, p, (a, b), {})
        out = _new(_Tensor)
        out.array = y if y.__class__ is ndarray else np.asarray(y)
        out._grad = None
        out._view = None
        if not flags or (na is None and nb is None) or not formulas:
            out._node = None
            return out
        needs = (na is not None, nb is not None)
        found = recorders.get(needs)
        if found is None:
            found = recorders[needs] = _node_maker(p, needs)
        record, wanted = found
        if wanted is not None:
            na, nb = na if wanted[0] else None, nb if wanted[1] else None
        if record is None:
            out._node = None
            return out
        shapes = None
        if broadcasts and not mixed and a.shape != b.shape:
            shapes = (a.shape, b.shape)
        out._node = record((na, nb), a, b, out.array, None, shapes)
        return out

    call.ufunc = kernel if isinstance(kernel, np.ufunc) else None  # type: ignore[attr-defined]
    return call


def _node_maker(p: Primitive, needs: tuple[bool, ...]) -> tuple[Any, tuple[bool, ...] | None]:
    """The function that records the op when ``needs`` says which inputs need gradients, and which
    edges to keep: None for all, since inputs without a formula get no edge."""
    wanted = tuple([need and name in p.formulas for name, need in zip(p.inputs, needs)])
    if not any(wanted):
        return None, wanted
    return p.vjp(wanted).record, None if wanted == needs else wanted


_STRONG = frozenset({ndarray, np.float32, np.float64})  # in NumPy's promotion, if not in PyTorch's
_HOST = _STRONG | {float, int, bool, type(None)}


def general(p: Primitive) -> Callable[..., Any]:
    """The call of any primitive with named inputs: several outputs, auxiliary ones, parameters."""
    kernel, formulas, width = p.kernel, p.formulas, len(p.inputs)
    promotes, broadcasts, kept = p.promotes is not None, p.broadcasts, len(p.aux)
    single, weak = p.outputs == ("y",), promotes or broadcasts
    taken = _PLAIN - HALVES if p.wide else _PLAIN
    takes_floats = promotes or bool(p.refused)
    recorders: dict[Any, Any] = {}

    def call(*args: Any, **params: Any) -> Any:
        flags = state.flags
        if flags > GRAD or len(args) != width:
            return p(*args, **params)
        arrays: list[Any] = []
        nodes: list[Any] = []
        dtype = None
        recorded = numbers = floats = False
        for x in args:
            if x.__class__ in PLAIN:
                a = x.array
                if a.__class__ is not ndarray:
                    return p(*args, **params)
                if a.dtype is not dtype:
                    if a.dtype not in taken or (promotes and dtype is not None):
                        return p(*args, **params)
                    dtype = a.dtype
                    floats = floats or dtype in _FLOATS
                node = x._node if x._view is None else current_node(x)
                if node is not None:
                    recorded = True
                arrays.append(a)
                nodes.append(node)
            elif x.__class__ in _HOST:
                numbers = numbers or x is not None
                arrays.append(x)
                nodes.append(None)
            else:
                return p(*args, **params)
        if dtype is None:  # raw arrays only
            if arrays[0].__class__ is not ndarray:
                return p(*args, **params)
            results = kernel(np, *arrays, **params)
            return results if not kept else results[0] if single else results[: len(results) - kept]
        if not floats and (takes_floats or (weak and numbers)):
            return p(*args, **params)
        if weak and numbers and not _STRONG.isdisjoint(map(type, args)):
            return p(*args, **params)
        try:
            results = kernel(np, *arrays, **params)
        except KERNEL_ERRORS as error:
            results = handle_kernel_error(error, p, arrays, params)
        if results.__class__ is not tuple:
            results = (results,)
        outputs = []
        for y in results[: len(results) - kept] if kept else results:
            out = _new(_Tensor)
            out.array = y if y.__class__ is ndarray else np.asarray(y)
            out._grad = out._view = out._node = None
            outputs.append(out)
        if recorded and flags and formulas:
            needs = tuple([node is not None for node in nodes])
            found = recorders.get(needs)
            if found is None:
                found = recorders[needs] = _node_maker(p, needs)
            record, wanted = found
            if record is not None:
                if wanted is not None:
                    nodes = [node if want else None for node, want in zip(nodes, wanted)]
                shapes = None
                if broadcasts:
                    shapes = tuple([getattr(a, "shape", ()) for a in arrays])
                    if shapes.count(shapes[0]) == len(shapes):
                        shapes = None
                node = record(tuple(nodes), *arrays, *results, params, shapes)
                p.attach_outputs(node, outputs)
        return outputs[0] if single else tuple(outputs)

    return call


def variadic(p: Primitive) -> Callable[..., Any]:
    """The call of a primitive that takes any number of tensors."""
    kernel, formulas, named = p.kernel, p.formulas, len(p.inputs) - 1

    def call(*inputs: Any, **params: Any) -> Any:
        flags = state.flags
        if flags > GRAD:
            return p(*inputs, **params)
        arrays, nodes, boxed, recorded = [], [], False, False
        for x in inputs:
            node = None
            if x.__class__ in PLAIN:
                boxed = True
                node = x._node if x._view is None else current_node(x)
                if node is not None:
                    recorded = True
                x = x.array
            if x.__class__ is not ndarray or x.dtype not in _PLAIN:
                return p(*inputs, **params)
            arrays.append(x)
            nodes.append(node)
        if not boxed:
            return kernel(np, *arrays, **params) if arrays else p(*inputs, **params)
        try:
            y = kernel(np, *arrays, **params)
        except KERNEL_ERRORS as error:
            y = handle_kernel_error(error, p, arrays, params)
        out = _new(_Tensor)
        out.array = y if y.__class__ is ndarray else np.asarray(y)
        out._grad = out._view = None
        if recorded and flags and formulas and out.array.dtype in DIFFERENTIABLE:
            if p.joint is None or named:
                out._node = p.record(arrays, nodes, params, out.array)
            else:
                out._node = p.vjp((True,)).record(tuple(nodes), arrays, out.array, params, None)
        else:
            out._node = None
        return out

    return call


def many(p: Primitive) -> Callable[..., Any]:
    """The call of a primitive that takes one tensor apart into any number of views."""
    kernel = p.kernel
    vjp = None

    def call(input: Any, **params: Any) -> Any:
        nonlocal vjp
        if input.__class__ is ndarray:
            return kernel(np, input, **params)
        flags = state.flags
        if flags > GRAD or input.__class__ not in PLAIN:
            return p(input, **params)
        a = input.array
        if a.__class__ is not ndarray:
            return p(input, **params)
        try:
            ys = kernel(np, a, **params)
        except KERNEL_ERRORS as error:
            ys = handle_kernel_error(error, p, (a,), params)
        view = View(input, p, params, ViewKind.SEVERAL_OUTPUTS)
        outputs = []
        for y in ys:
            out = _new(_Tensor)
            out.array = y
            out._grad = out._node = None
            out._view = view if shares_memory(y, a) else None
            outputs.append(out)
        node = input._node if input._view is None else current_node(input)
        if node is not None and flags:
            if vjp is None:
                vjp = p.vjp((True,))
            p.attach_outputs(vjp.record((node,), a, ys, params, None), outputs)
        return tuple(outputs)

    return call


def as_view(p: Primitive, input: Any, y: Any, params: dict[str, Any]) -> Any:
    """The Tensor around ``y``, the result of this one-input op on the NumPy-backed ``input``."""
    a = input.array
    out = _new(_Tensor)
    out.array = y
    out._grad = None
    node = input._node if input._view is None else current_node(input)
    if node is not None and state.flags:
        vjp = p.vjp((True,))
        out._node = vjp.record((node,), a, y, params, None)
    else:
        out._node = None
    base = y.base
    if base is not None and (base is a or base is a.base or shares_memory(y, a)):
        out._view = View(input, p, params, ORDINARY if state.flags else NO_GRAD)
    else:
        out._view = None
    return out


def shares_memory(a: Any, b: Any) -> bool:
    """Whether two arrays lie in memory of one owner."""
    return owner_of(a) is owner_of(b)
