"""Writing to a tensor in place: values, views and history.

The op runs out of place first; its result is then copied into the tensor's memory, and the tensor
takes the result's place in the graph. A view's write also becomes part of the history of the
tensor that it views.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import devices, dtypes
from ..backend.row_major import order_like
from .base import DATA, ORDINARY
from .engine_ops import cast, sum_to, zero
from .modes import GRAD, records, state
from .node import AccumulateGrad
from .primitive import PRIMITIVES, TensorBase, current_node, primitive
from .public_functions import FAULTS, arguments_of, explained, positional_count, public, reordered
from .torch_function import LIVE, PLAIN, call_override, overriding
from .versions import mark_written, next_number, offset_of, owner_of


@primitive(grad_fn="torch::autograd::CopySlices", complex=True)
def view_scatter(xp: Any, base: Any, source: Any, *, view: str, params: dict[str, Any]) -> Any:
    """``base`` with the part that the view primitive ``view`` shows replaced by ``source``."""
    out = xp.asarray(base).copy(order_like(base))  # a 0-d gradient may be a NumPy scalar
    PRIMITIVES[view].kernel(xp, out, **params)[...] = source
    return out


view_scatter.defvjp(
    base=lambda g, view, params: view_scatter(
        g, zero(PRIMITIVES[view](g, **params)), view=view, params=params
    ),
    source=lambda g, view, params: PRIMITIVES[view](g, **params),
)


@primitive(name="copy_", grad_fn="torch::autograd::CopyBackwards", complex=True)
def overwrite(xp: Any, a: Any, b: Any) -> Any:
    """``b`` broadcast to the shape and dtype of ``a``, whose values it replaces."""
    out = xp.empty_like(a, order=order_like(a))
    out[...] = b if out.dtype.kind == "c" or getattr(b, "dtype", a.dtype).kind != "c" else b.real
    return out


def _overwrite_source(g: Any, b_shape: tuple[int, ...], b_dtype: Any) -> Any:
    return cast(sum_to(g, shape=b_shape), dtype=dtypes.from_numpy(b_dtype).name)


overwrite.defvjp(a=lambda g: zero(g), b=_overwrite_source)


def check_writable(x: Any, op: str, incoming: Any = None) -> bool:
    """Refuse a write that autograd could not follow; say whether the write has to be recorded.

    Args:
        incoming: the node of the values to be written, or None.
    """
    if not state.flags & GRAD and incoming is None and not records((x,)):
        return False
    node = current_node(x)
    view = x._view
    if node is None and incoming is None and (view is None or view.root._node is None):
        return False
    if type(node) is AccumulateGrad:
        raise RuntimeError(
            f"{op}: a leaf Variable that requires grad is being used in an in-place operation. "
            "Wrap the write in torch.no_grad(), or write to a copy (x = x.clone())"
        )
    while view is not None and view.kind is not DATA:
        if view.kind is not ORDINARY:
            raise RuntimeError(f"{op}: {view.kind.value}")
        if type(view.parent._node) is AccumulateGrad:
            raise RuntimeError(
                f"{op}: a view of a leaf Variable that requires grad is being used in an in-place "
                "operation. Wrap the write in torch.no_grad(), or take the view of a copy"
            )
        view = view.parent._view
    return True


def write(op: str, x: Any, compute: Callable[[], Any]) -> Any:
    """Replace the values of ``x`` by ``compute()``, a Tensor of its shape; returns ``x``."""
    watched = x._node
    if check_writable(x, op):
        watched, x._node = x._node, _unwatched_node(x)
    before = next_number()
    try:
        y = compute()
    finally:
        x._node = watched
    if y.array.shape != x.array.shape:
        raise RuntimeError(
            f"{op}: output with shape {list(x.array.shape)} doesn't match the broadcast shape "
            f"{list(y.array.shape)}"
        )
    wanted = dtypes.from_numpy(x.array.dtype)
    got = dtypes.from_numpy(y.array.dtype)
    if got is not wanted:
        if not dtypes.can_cast(got, wanted):
            raise RuntimeError(
                f"{op}: result type {got.name} can't be cast to the desired output type "
                f"{wanted.name}. "
                f"Write x = x.{op.rstrip('_')}(...) to get a new tensor of type {got.name}"
            )
        y = cast(y, dtype=wanted.name)
    store(op, x, y.array, y._node, before)
    return x


def store(op: str, x: Any, values: Any, node: Any, before: int) -> None:
    """Copy ``values`` (or whatever assigns to the array) into ``x`` and make ``node`` its
    history."""
    recorded = check_writable(x, op, node)
    if node is not None:
        _keep_old_values(node, x.array, before)
    try:
        if devices.several:
            with devices.beside((x.array,)):
                _assign(x.array, values)
        elif callable(values):
            values(x.array)
        else:
            x.array[...] = values
    except ValueError as error:
        if x.array.__class__ is not np.ndarray or x.array.flags.writeable:
            raise RuntimeError(f"{op}: {error}") from error
        if op in ("fill_", "zero_") and not recorded:  # one value, so it may be written repeatedly
            _assign(_writable(op, x.array, repeatedly=True), values)
        else:
            x.array = _writable(op, x.array)
            return store(op, x, values, node, before)
    if not is_data(x):
        mark_written(x.array, op)
    if recorded:
        rebase(x, node)


def _assign(array: Any, values: Any) -> None:
    if callable(values):
        values(array)
    else:
        array[...] = values


def _writable(op: str, array: Any, repeatedly: bool = False) -> Any:
    """The memory of a read-only array, writable: a part of an expanded tensor may be written to
    where no two elements lie at one place, or ``repeatedly``.
    """
    owner = owner_of(array)
    fits = repeatedly or all(step or n < 2 for step, n in zip(array.strides, array.shape))
    if not (fits and owner.flags.writeable and owner.flags.forc):
        raise RuntimeError(
            f"{op}: unsupported operation: more than one element of the written-to tensor "
            "refers to a single memory location, or its memory is read-only. Please clone() "
            "the tensor before performing the operation."
        )
    return np.ndarray(array.shape, array.dtype, owner, offset_of(array), array.strides)


def is_data(x: Any) -> bool:
    """Whether ``x`` came from ``.data``: PyTorch doesn't count writes to that."""
    view = x._view
    if view is None:
        return False
    root = view.root._view
    return view.kind is DATA or (root is not None and root.kind is DATA)


def rebase(x: Any, node: Any) -> None:
    """Make ``node`` the history of ``x``, and of the tensors that ``x`` is a view of."""
    at = x
    while (view := at._view) is not None and view.kind is not DATA:
        parent = view.parent
        node = view_scatter.primitive.record(
            (parent.array, at.array),
            (_unwatched_node(parent), node),
            {"view": view.primitive.name, "params": view.params},
            parent.array,
        )
        at = parent
    if node is not None:
        node.take_retained(at._node, at)
    at._node = node
    current_node(x)


def _unwatched_node(x: Any) -> Any:
    """The node through which the history of memory about to be written goes: of a view, one
    without the hooks on its value so far, which see the gradients of that value's own uses only.
    """
    node, view = current_node(x), x._view
    if node is None or view is None or view.kind is DATA:
        return node
    parent = _unwatched_node(view.parent)
    if not node.pre_hooks and parent is current_node(view.parent):
        return node
    return view.primitive.record((view.parent.array,), (parent,), view.params, x.array)


def _keep_old_values(node: Any, array: Any, before: int) -> None:
    """Give the nodes made by this op copies of the memory they saved that is about to change."""
    owner = owner_of(array)
    stack = [node]
    while stack:
        node = stack.pop()
        if node.number > before:
            if node.saved:
                node.saved = tuple([_kept(s, owner) for s in node.saved])
            stack.extend(edge for edge in node.edges if edge is not None)


def _kept(saved: Any, owner: Any) -> Any:
    if type(saved) is list:
        return [_kept(s, owner) for s in saved]
    return saved.copy() if hasattr(saved, "strides") and owner_of(saved) is owner else saved


def _overwrites(ufunc: np.ufunc | None) -> Callable[..., Any] | None:
    """The kernel of an op that is one ufunc."""
    if ufunc is None:
        return None
    inputs = ufunc.nin

    def kernel(*operands: Any, **named: Any) -> None:
        if named or len(operands) != inputs:
            raise TypeError
        try:  # noqa: SIM105  # a context manager would take as long as a small op
            ufunc(*operands, operands[0])
        except RuntimeWarning:  # of an infinite or undefined result, which has been written by then
            pass

    return kernel


def _overwritten(
    kernel: Callable[..., Any],
    name: str,
    x: Any,
    args: Any,
    kwargs: dict[str, Any],
    written: str,
) -> bool:
    """Have the kernel write over ``x`` itself, of a dtype in ``written``; False where the write has
    to be recorded, or the kernel refuses."""
    array, flags = x.array, state.flags
    if flags > GRAD or array.__class__ is not np.ndarray or array.dtype.char not in written:
        return False
    if flags and (x._node is not None or ((view := x._view) and view.root._node is not None)):
        return False
    operands = [array]
    for number in kwargs.values():
        if number.__class__ is not float and number.__class__ is not int:
            return False
    for operand in args:
        if operand.__class__ in PLAIN:
            view = operand._view
            if flags and (operand._node is not None or (view and view.root._node is not None)):
                return False
            operand = operand.array
            if operand.__class__ is not np.ndarray or (
                operand.dtype is not array.dtype
                and operand.dtype != array.dtype
                and written is _FLOATS
            ):
                return False
        elif operand.__class__ is not float and operand.__class__ is not int:
            return False
        operands.append(operand)
    try:
        kernel(*operands, **kwargs)
    except _REFUSALS:
        return False  # refused before anything is written
    if not is_data(x):
        mark_written(array, name)
    return True


_REFUSALS = (ValueError, TypeError, OverflowError, IndexError, RuntimeError, AttributeError)
_FLOATS = "fd"
_ANY = "fdilqhbB?"


def inplace(
    function: Callable[..., Any],
    name: str,
    kernel: Callable[..., Any] | None = None,
    at_places: bool = False,
) -> Callable[..., Any]:
    """The method ``name`` (``add_``, ...) that replaces a tensor's values by ``function`` of it.

    Args:
        kernel: ``(array, *operands, **numbers)``, which writes the result over the array where
            nothing is recorded; unless given, the op's ufunc if it is one. It raises before it
            writes what it does not take.
        at_places: the kernel writes at indices, and checks the operands' dtypes; others get floats
            of one dtype.
    """
    written = _ANY if at_places else _FLOATS
    kernel = kernel or _overwrites(getattr(function, "ufunc", None))
    checked = public(function, name)
    most = positional_count(function) - 1 if hasattr(function, "number_names") else sys.maxsize

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if (
            kernel is not None
            and self.__class__ in PLAIN
            and _overwritten(kernel, name, self, args, kwargs, written)
        ):
            return self
        if LIVE and (values := overriding((self, *args))) is not None:
            return call_override(method, values, (self, *args), kwargs)
        if not isinstance(self, TensorBase):
            raise TypeError(f"{name}(): expected a Tensor, got {type(self).__name__}")
        if len(args) > most:
            (_, *rest), numbers = reordered(function, (self, *args))
            return method(self, *rest, **kwargs, **numbers)
        try:
            return write(name, self, lambda: checked(self, *args, **kwargs))
        except FAULTS as error:
            raise explained(name, error, arguments_of(function, self, *args, **kwargs)) from None

    method.__name__ = method.__qualname__ = name
    method.__doc__ = (
        f"``{name.rstrip('_')}`` in place: writes the result to this tensor's memory "
        "and returns the tensor."
    )
    return method
