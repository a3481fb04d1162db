"""``autograd.Function``: user-defined ops, with a forward and a backward in plain tensor code."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Sequence
from typing import Any

from ..backend import dtypes
from ..backend.warning import warn
from .engine import check_versions
from .function_node import FunctionNode, FunctionVJP, Source
from .inplace import check_writable, rebase
from .modes import LISTENING, no_grad, records, state
from .node import SECOND_BACKWARD, Node
from .once_differentiable import once_differentiable
from .primitive import TensorBase, View, ViewKind, current_node
from .torch_function import LIVE, PLAIN, overriding
from .versions import mark_written, owner_of

BackwardCFunction = FunctionNode


class FunctionCtx:
    """What ``forward`` leaves for ``backward``: the first argument of both. Any attribute may be
    set on it.

    Attributes:
        needs_input_grad: per argument of ``apply``, whether a gradient is wanted.
        materialize_grads: whether ``backward`` gets zeros for the outputs that nothing used, or
            None.
    """

    needs_input_grad: tuple[bool, ...] = ()
    materialize_grads = True
    _materialize_non_diff_grads = True
    _to_save: tuple[Any, ...] = ()
    _for_forward: tuple[Any, ...] | None = None
    _sources: tuple[Source, ...] = ()
    _dirty: tuple[Any, ...] = ()
    _non_differentiable: tuple[Any, ...] = ()
    _gives_away = _given_away = False  # the saved tensors, to who first asks
    _node: Any = None

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for the backward, which reads them from ``saved_tensors``.

        Inputs and outputs of the function belong here and not in attributes: they are checked for
        later in-place writes, are freed with the graph, and stay connected to it for double
        backward.
        """
        self._to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for ``jvp``, which reads them from ``saved_tensors``."""
        self._for_forward = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What ``save_for_backward`` was given.

        Raises:
            RuntimeError: a backward pass freed it already, or a tensor was written in place since.
        """
        if state.pushing and self._for_forward is not None:
            return self._for_forward
        if self._node is None:  # still inside forward
            return self._to_save
        node = self._node()
        if node is None:  # nothing required a gradient
            return ()
        if node.saved is None:
            raise RuntimeError(SECOND_BACKWARD.format(node.name()))
        if self._given_away:
            raise RuntimeError(
                "saved_tensors can only be accessed once when clear_saved_tensors_on_access=True "
                "is set on the autograd.Function. Either access saved_tensors only once, or set "
                "clear_saved_tensors_on_access=False."
            )
        saved = node.saved or (node.packed.restore() if node.packed is not None else ())
        check_versions(node, saved)
        tensors = tuple(
            source.restore(array, node) for source, array in zip(self._sources, saved, strict=True)
        )
        if self._gives_away:
            self._given_away = True
            node.saved, node.packed = (), None
        return tensors

    @property
    def saved_variables(self) -> tuple[Any, ...]:
        """``saved_tensors`` under its old name."""
        warn("'saved_variables' is deprecated; use 'saved_tensors'", DeprecationWarning)
        return self.saved_tensors

    def mark_dirty(self, *tensors: Any) -> None:
        """Name the inputs that forward wrote to in place; each must also be returned."""
        for tensor in tensors:
            if not isinstance(tensor, TensorBase):
                raise RuntimeError(
                    f"mark_dirty can only accept variables, but got {type(tensor).__name__}"
                )
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Name the outputs that have no gradient."""
        for tensor in tensors:
            if not isinstance(tensor, TensorBase):
                raise RuntimeError(
                    f"mark_non_differentiable only accepts variable arguments, but got "
                    f"{type(tensor).__name__}"
                )
        self._non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros (the default) or None for the gradient of an output that
        nothing used."""
        self.materialize_grads = value


class Function:
    """Base class of custom ops: write ``forward`` and ``backward`` as static methods, call
    ``apply``.

    Either ``forward(ctx, *args)``, or ``forward(*args)`` with
    ``setup_context(ctx, inputs, output)``. ``backward(ctx, *grad_outputs)`` returns one gradient
    per argument of ``apply``, None for those that are no tensors. It is differentiated itself when
    a gradient of gradients is asked for.

    Attributes:
        clear_saved_tensors_on_access: True: ``ctx.saved_tensors`` can be read once. (PyTorch then
            frees them with the variables that hold them; here they are freed after backward.)
        boxed_grads_call: True: backward gets the gradients in a list, ``backward(ctx, grads)``.

    >>> import minitorch_dl as torch
    >>> class Exp(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         y = x.exp()
    ...         ctx.save_for_backward(y)
    ...         return y
    ...
    ...     @staticmethod
    ...     def backward(ctx, grad_output):
    ...         (y,) = ctx.saved_tensors
    ...         return grad_output * y
    >>> x = torch.tensor(0.0, requires_grad=True)
    >>> Exp.apply(x).backward()
    >>> x.grad
    tensor(1.)
    """

    generate_vmap_rule = False
    clear_saved_tensors_on_access = False
    boxed_grads_call = False
    _backward_cls: type[FunctionNode] = FunctionNode

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._backward_cls = type(
            f"{cls.__name__}Backward",
            (FunctionNode,),
            {"__slots__": (), "explanation": f"{cls.__name__}.backward(ctx, g)"},
        )

    @classmethod
    def _defines(cls, name: str) -> bool:
        """Whether the subclass has a method of this name of its own."""
        return getattr(cls, name) is not getattr(Function, name)

    @classmethod
    def _bound(cls, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """The arguments by position, since ``backward`` gives a gradient for each; with the
        defaults of a ``forward`` that takes no ctx."""
        if not cls._defines("setup_context"):
            if not kwargs:
                return args, kwargs
            bound = inspect.signature(cls.forward).bind(None, *args, **kwargs)
            if bound.kwargs:
                raise TypeError(
                    f"{cls.__name__}.apply(): the arguments {list(bound.kwargs)} have no place "
                    "behind the others. Give those before them, too, and let forward() name them"
                )
            return bound.args[1:], {}
        bound = inspect.signature(cls.forward).bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.args, bound.kwargs

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warn(
            f"{type(self).__name__} should not be instantiated. Methods on autograd functions are "
            "all static: call them on the class itself, as in "
            f"{type(self).__name__}.apply(...)",
            DeprecationWarning,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. "
            f"Please use new-style autograd function with static forward method: "
            f"{type(self).__name__}.apply(...)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """The op itself; runs with gradients off. To be written by the subclass."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Save what backward needs, when ``forward`` takes no ctx."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients of the inputs from those of the outputs. To be written by the subclass
        (``vjp`` is another name for it)."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )

    vjp = backward

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The tangents of the outputs from those of the inputs, for ``autograd.forward_ad``; None
        for inputs without one. What has none takes the derivative of ``backward`` instead."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with "
            "forward mode AD."
        )

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """The function on a batch, for ``torch.func.vmap``: ``vmap(info, in_dims, *args)`` gets
        arguments that hold all entries, along the dims in ``in_dims``, and returns the output and
        its ``out_dims``. With ``generate_vmap_rule = True`` the function runs per entry instead.
        """
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap staticmethod "
            "or set generate_vmap_rule=True."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run ``forward`` and record the function as one node of the graph."""
        if LIVE:
            for value in overriding(args) or ():
                if value.takes_functions:
                    return value.__torch_function__(cls.apply, (type(value),), args, kwargs)
        separate = cls._defines("setup_context")
        args, kwargs = cls._bound(args, kwargs)
        edges = tuple(current_node(a) if isinstance(a, TensorBase) else None for a in args)
        recorded = any(edge is not None for edge in edges) and records(args)
        ctx = FunctionCtx()
        ctx.needs_input_grad = tuple(edge is not None for edge in edges)
        ctx._gives_away = cls.clear_saved_tensors_on_access
        with no_grad():
            if separate:
                result = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, result)
            else:
                result = cls.forward(ctx, *args, **kwargs)
        outputs = result if isinstance(result, tuple) else (result,)
        for tensor in ctx._dirty:
            mark_written(tensor.array, cls.__name__)
            if not _is_in(tensor, args):
                warn(
                    f"{cls.__name__}: Only input Tensors should be given to ctx.mark_dirty(). If a "
                    "Tensor is not an input, there is no need to pass it to mark_dirty()."
                )
        node = (
            cls._backward_cls(edges, (), FunctionVJP(cls, ctx, args), None, None)
            if recorded
            else None
        )
        wrapped = _connect(cls, ctx, node, args, outputs)
        if node is not None:
            _save(ctx, node, args, edges, outputs)
            if state.flags & LISTENING:
                for listener in state.listeners:
                    made = getattr(listener, "function_called", None)
                    if made is not None:
                        made(node)
        else:
            ctx._node = lambda: None
        ctx._to_save = ctx._dirty = ctx._non_differentiable = ()
        return tuple(wrapped) if isinstance(result, tuple) else wrapped[0]


def _is_in(tensor: Any, tensors: Sequence[Any]) -> bool:
    return any(tensor is other for other in tensors)


def _connect(
    cls: type[Function], ctx: FunctionCtx, node: Any, args: Sequence[Any], outputs: Sequence[Any]
) -> list[Any]:
    """The outputs as the caller gets them, with ``node`` as their history."""
    for tensor in ctx._dirty:
        if not _is_in(tensor, outputs):
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as "
                "output. The inputs that are modified inplace must all be outputs of the Function."
            )
    if node is not None and len(outputs) > 1:
        unfilled = () if ctx._materialize_non_diff_grads else ctx._non_differentiable
        node.outputs = [
            (out.array.shape, out.array.dtype)
            if isinstance(out, TensorBase) and not _is_in(out, unfilled)
            else None
            for out in outputs
        ]
    wrapped: list[Any] = []
    for i, out in enumerate(outputs):
        if not isinstance(out, TensorBase):
            wrapped.append(out)
            continue
        if _is_in(out, outputs[:i]):  # the same tensor twice
            wrapped.append(wrapped[next(j for j, one in enumerate(outputs) if one is out)])
            continue
        is_input = _is_in(out, args)
        differentiable = (
            node is not None
            and not _is_in(out, ctx._non_differentiable)
            and dtypes.from_numpy(out.array.dtype).kind >= dtypes.FLOAT
        )
        own = None if not differentiable else node if node.outputs is None else node.output(i)
        if _is_in(out, ctx._dirty):
            if differentiable:
                check_writable(out, cls.__name__, own)
                rebase(out, own)
            elif node is not None:
                out._node = None
        elif is_input or out._node is not None or (out._view is not None and differentiable):
            shared = out if is_input else _viewed_input(out, args)
            if type(out) in PLAIN:
                out = TensorBase.wrap(out.array, own)
            else:
                derived: Any = out
                out = derived.data  # of the same class
                out._node, out._view = own, None
            if shared is not None and differentiable:
                out._view = View(shared, None, {}, ViewKind.CUSTOM_FUNCTION)
        else:
            out._node = own
        wrapped.append(out)
    return wrapped


def _viewed_input(out: Any, args: Sequence[Any]) -> Any:
    owner = owner_of(out.array)
    for a in args:
        if isinstance(a, TensorBase) and not a.is_sparse and owner_of(a.array) is owner:
            return a
    return None


def _save(
    ctx: FunctionCtx, node: Node, args: Sequence[Any], edges: Sequence[Any], outputs: Sequence[Any]
) -> None:
    """Hand what forward asked to keep to the node, which the engine frees."""
    sources = []
    for i, tensor in enumerate(ctx._to_save):
        if tensor is not None and not isinstance(tensor, TensorBase):
            raise TypeError(
                f"save_for_backward can only save variables, but argument {i} is of type "
                f"{type(tensor).__name__}"
            )
        output = next((k for k, out in enumerate(outputs) if out is tensor), None)
        given = next((k for k, a in enumerate(args) if a is tensor), None)
        if tensor is None:
            sources.append(Source(None, None, None))
        elif output is not None and (given is None or _is_in(tensor, ctx._dirty)):
            is_constant = _is_in(tensor, ctx._non_differentiable)
            sources.append(Source(weakref.ref(tensor), None, None if is_constant else output))
        else:
            own = current_node(tensor) if given is None else edges[given]
            sources.append(Source(weakref.ref(tensor), own, None))
    # A tensor without an array, such as a sparse one, is kept as it is.
    node.saved = tuple(getattr(tensor, "array", tensor) for tensor in ctx._to_save)
    ctx._sources = tuple(sources)
    ctx._node = weakref.ref(node)
    if state.saved_hooks:
        state.saved_hooks[-1].keep(node)


class InplaceFunction(Function):
    """PyTorch's old name for a Function that may write in place."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


__all__ = ["Function", "FunctionCtx", "InplaceFunction", "once_differentiable"]
