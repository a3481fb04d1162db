"""Parts of a model whose forward and backward passes are recorded as CUDA graphs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..autograd import grad
from ..autograd.function import Function
from ..ops import empty_like
from ..tensor import Tensor
from .graphs import CUDAGraph, graph, graph_pool_handle
from .streams import Stream, current_stream, stream

__all__ = ["make_graphed_callables"]


def make_graphed_callables(
    callables: Any,
    sample_args: tuple[Any, ...],
    num_warmup_iters: int = 3,
    allow_unused_input: bool = False,
    pool: Any = None,
) -> Any:
    """Record the forward and the backward pass of parts of a model, each as one node that replays
    them; what lies between, and the optimizer, stays as it is.

    Args:
        callables: a module or a function, or a tuple of such in the order in which a step calls
            them. They take and return tensors of fixed shapes, on the GPU.
        sample_args: a tuple of tensors, such as a step passes; of several callables, a tuple of
            such tuples. They become the memory that the graphs read: whether each requires a
            gradient must stay so.
        num_warmup_iters: how often each is run before it is recorded.
        allow_unused_input: whether an input or a parameter may have no part in the outputs.
        pool: see ``CUDAGraph.capture_begin``.

    Returns:
        The same, of which each call writes over the outputs of the last one. A module is itself,
        with another ``forward``; in the other mode, training or evaluation, it runs as before.

    Raises:
        RuntimeError: a part can't be recorded; a module has hooks, or a buffer that requires a
            gradient.
        TypeError: an argument is no tensor.
    """
    several = isinstance(callables, tuple)
    given = zip(callables, sample_args) if several else [(callables, sample_args)]
    parts = [_Part(function, args, allow_unused_input) for function, args in given]
    side = Stream()
    side.wait_stream(current_stream())
    with stream(side):
        for part in parts:
            part.warm_up(num_warmup_iters)
    current_stream().wait_stream(side)
    pool = graph_pool_handle() if pool is None else pool
    for part in parts:  # in the order of a step, for they share the pool's memory
        part.record_forward(pool, side)
    for part in reversed(parts):
        part.record_backward(pool, side)
    made = tuple([part.replacement() for part in parts])
    return made if several else made[0]


class _Part:
    """A callable, the graphs of its passes, and the tensors that these read and write."""

    def __init__(self, function: Any, args: tuple[Any, ...], allow_unused: bool) -> None:
        self.is_module = hasattr(function, "named_parameters")
        if self.is_module:
            _check_module(function)
        for arg in args:
            if not isinstance(arg, Tensor):
                raise TypeError(
                    "make_graphed_callables: sample_args must hold tensors only, got a "
                    f"{type(arg).__name__}"
                )
        self.function, self.args, self.allow_unused = function, tuple(args), allow_unused
        self.inputs = (*args, *(function.parameters() if self.is_module else ()))
        self.wanted = [x for x in self.inputs if x.requires_grad]
        self.forward_graph, self.backward_graph = CUDAGraph(), CUDAGraph()

    def _gradients(self, outputs: list[Tensor], given: list[Tensor]) -> Any:
        return grad(outputs, self.wanted, given, allow_unused=self.allow_unused)

    def warm_up(self, times: int) -> None:
        for _ in range(times):
            outputs = [y for y in _tensors(self.function(*self.args)) if y.requires_grad]
            if outputs and self.wanted:
                self._gradients(outputs, [empty_like(y) for y in outputs])

    def record_forward(self, pool: Any, side: Stream) -> None:
        with graph(self.forward_graph, pool, side):
            self.result = self.function(*self.args)
        self.outputs = list(_tensors(self.result))

    def record_backward(self, pool: Any, side: Stream) -> None:
        given = [y for y in self.outputs if y.requires_grad]
        self.given = [empty_like(y) if y.requires_grad else None for y in self.outputs]
        self.found: dict[int, Tensor | None] = {}
        if given and self.wanted:
            slots = [g for g in self.given if g is not None]
            with graph(self.backward_graph, pool, side):
                found = self._gradients(given, slots)
            self.found = {id(x): g for x, g in zip(self.wanted, found)}
        self.outputs = [y.detach() for y in self.outputs]
        self.differentiable = [g is not None for g in self.given]

    def replacement(self) -> Any:
        """What to call in the callable's place."""
        node, parameters = _node_of(self), self.inputs[len(self.args) :]

        def replay(*args: Any) -> Any:
            if len(args) != len(self.args):
                raise TypeError(
                    f"a graphed callable takes the {len(self.args)} tensors that it was recorded "
                    f"with, got {len(args)} arguments"
                )
            outputs = node.apply(*args, *parameters)
            return _like(self.result, iter(outputs))

        if not self.is_module:
            return replay
        module, before, training = self.function, self.function.forward, self.function.training

        def forward(*args: Any, **options: Any) -> Any:
            if module.training != training:
                return before(*args, **options)
            return replay(*args, *options.values())

        module.forward = forward
        return module


def _node_of(part: _Part) -> Any:
    class Graphed(Function):
        """Replays a part's graphs."""

        @staticmethod
        def forward(ctx: Any, *inputs: Any) -> Any:
            for own, given in zip(part.args, inputs):
                if own is not given:
                    own.data.copy_(given)
            part.forward_graph.replay()
            outputs = [y.detach() for y in part.outputs]
            constant = [y for y, wanted in zip(outputs, part.differentiable) if not wanted]
            ctx.mark_non_differentiable(*constant)
            return tuple(outputs)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            for own, given in zip(part.given, grads):
                if own is not None:
                    own.copy_(given)
            part.backward_graph.replay()
            found = [part.found.get(id(x)) for x in part.inputs]
            # Copies, for the next backward pass writes over these.
            return tuple([None if g is None else g.clone() for g in found])

    return Graphed


def _check_module(module: Any) -> None:
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    if any(getattr(module, name, None) for name in hooks):
        raise RuntimeError(
            "Modules must not have hooks registered at the time they are passed. However, "
            "registering hooks on modules after passing them through make_graphed_callables is "
            "allowed."
        )
    if any(buffer.requires_grad for buffer in module.buffers()):
        raise RuntimeError(
            "In any Module passed to make_graphed_callables, only parameters may be trainable. All "
            "buffers must have requires_grad=False."
        )


def _tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in nested tuples, lists and dicts, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))


def _like(value: Any, tensors: Iterator[Tensor]) -> Any:
    """The same nested value with other tensors."""
    if isinstance(value, Tensor):
        return next(tensors)
    if isinstance(value, (tuple, list)):
        items = [_like(item, tensors) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return type(value)((key, _like(item, tensors)) for key, item in value.items())
    return value
