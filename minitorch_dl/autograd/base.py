"""The part of a tensor that autograd works with: its array, its node, and whose memory it views."""

from __future__ import annotations

import enum
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..backend import layouts
from ..backend.warning import warn
from .torch_function import know

_PACKAGE = __name__.partition(".")[0]

late_bound = SimpleNamespace()
"""What the engine calls but defines above the caller: ``cast``, ``alias``, ``conj``,
``run_backward``, and the class ``Tensor`` of the results. The modules that define them set them
here on import."""


class TensorBase:
    """What autograd knows of a Tensor. ``tensor`` derives the class that users see.

    Attributes:
        array: the raw array.
        _grad: the accumulated gradient, a Tensor or None; users see it as ``grad``.
        _node: the node that made this tensor; a leaf's AccumulateGrad; None when no gradient is
            wanted.
        _view: how this tensor views another one's memory, or None.
    """

    __slots__ = ("__dict__", "__weakref__", "_grad", "_node", "_view", "array")

    takes_functions = False
    """Whether the class overrides what it was not meant for: custom Functions and ops."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "array" in vars(cls) and cls.__module__.partition(".")[0] != _PACKAGE:
            warn(
                f"{cls.__name__}.array is left out: a tensor's `array` is its memory, which "
                "everything here works on"
            )
            del cls.array
        know(cls)

    array: Any
    requires_grad: Any
    is_sparse: bool
    layout: layouts.layout
    take_over: Any
    to_dense: Any
    _grad: Any
    _node: Any
    _view: Any

    @staticmethod
    def wrap(array: Any, node: Any = None) -> Any:
        """A Tensor around a raw array, without any check or copy."""
        if array.__class__ is not np.ndarray and (
            not hasattr(array, "shape") or isinstance(array, np.generic)
        ):
            array = np.asarray(array)
        t = _new(late_bound.Tensor)
        t.array = array
        t._grad = None
        t._node = node
        t._view = None
        return t


_new: Callable[[type], Any] = object.__new__
late_bound.Tensor = TensorBase


def result_class() -> Any:
    """The class of which primitives return instances."""
    return late_bound.Tensor


def as_class(tensor: Any, cls: type) -> Any:
    """The tensor as an instance of ``cls``, over the same memory and with its history."""
    alias = late_bound.alias(tensor)
    t = _new(cls)
    t.array, t._grad, t._node, t._view = alias.array, None, alias._node, alias._view
    return t


def as_raw(value: Any, like: Any = None) -> Any:
    """The gradient as an array that can be written to (NumPy's reductions return scalars), in the
    dtype of ``like`` if that is given."""
    if value.__class__ is not np.ndarray and isinstance(value, np.generic):
        value = np.asarray(value)
    if like is not None and value.dtype is not like.dtype and value.dtype != like.dtype:
        value = value.astype(like.dtype)
    return value


def in_dtype_of(leaf: Any, g: Any) -> Any:
    """The gradient Tensor ``g`` in the dtype that ``leaf.grad_dtype`` was set to."""
    wanted = leaf.__dict__.get("_grad_dtype")
    return g if wanted is None else g.to(wanted)


class ViewKind(enum.Enum):
    """What a view shares with its base besides the memory, which decides what writing to it means.

    The values say why writing to such a view can't be recorded; None: it can be, or need not be.
    """

    ORDINARY = None
    DATA = ""  # from `.data`: the memory, but no history
    NO_GRAD = (
        "A view was created in no_grad mode and is being modified inplace with grad mode enabled. "
        "Make the view and write to it both inside the no_grad block, or both outside"
    )
    SEVERAL_OUTPUTS = (
        "This view is the output of a function that returns multiple views (split, chunk, unbind). "
        "Such functions do not allow the output views to be modified inplace. Index the tensor "
        "instead, or write to a .clone()"
    )
    CUSTOM_FUNCTION = (
        "The output of a custom Function is a view and is being modified inplace. This view was "
        "created inside a custom Function (or because an input was returned as-is), whose custom "
        "backward the write would override. Clone the output of the custom Function first"
    )
    OTHER_DTYPE = (
        "a view with another dtype is being modified inplace, which has no derivative. "
        "Use .clone() first"
    )


ORDINARY, DATA, NO_GRAD = ViewKind.ORDINARY, ViewKind.DATA, ViewKind.NO_GRAD


class View:
    """How a tensor came to share another's memory: ``primitive(parent, **params)``.

    Attributes:
        root: the tensor at the end of the chain of parents, which owns the history of the memory.
        stamp: the root's node when the view's own node was made; another one now means that
            history was rewritten.
        kind: what it shares besides the memory.
    """

    __slots__ = ("kind", "params", "parent", "primitive", "root", "stamp")

    def __init__(
        self, parent: Any, primitive: Any, params: dict[str, Any], kind: ViewKind = ORDINARY
    ) -> None:
        above = parent._view
        self.parent, self.primitive, self.params, self.kind = parent, primitive, params, kind
        self.root = root = parent if above is None or above.kind is DATA else above.root
        self.stamp = root._node


def current_node(tensor: Any) -> Any:
    """The tensor's node. If the root of a view was written in place since the view was made, its
    node is rebuilt first, from the root's new history."""
    view = tensor._view
    if view is None or view.stamp is view.root._node or view.kind is NO_GRAD:
        return tensor._node
    if view.root._node is None:  # detached, which changes nothing for its views
        return tensor._node
    parent_node = _node_apart(view.parent)
    if view.kind is ViewKind.OTHER_DTYPE:
        return tensor._node
    if view.kind is not ORDINARY:
        raise RuntimeError(
            "a view of a tensor that was written in place afterwards can't be given its gradient: "
            "it is one of several outputs of one op (split, chunk, unbind), or came from a custom "
            "Function. Use .clone() on it, or index the base tensor instead"
        )
    view.stamp = view.root._node
    old = tensor._node
    tensor._node = view.primitive.record(
        (view.parent.array,), (parent_node,), view.params, tensor.array
    )
    if tensor._node is not None:
        tensor._node.take_retained(old, tensor)
    return tensor._node


def _node_apart(tensor: Any) -> Any:
    """The node that views of ``tensor`` are rebuilt on: the tensor's own if it is no view, else a
    copy of its node. So gradients bypass the view's own node on their way to the root, as in
    PyTorch."""
    view = tensor._view
    node = current_node(tensor)
    if view is None or view.kind is not ORDINARY:
        return node
    parent_node = _node_apart(view.parent)
    return view.primitive.record((view.parent.array,), (parent_node,), view.params, tensor.array)
