"""Activation checkpointing: keep a segment's inputs, compute it again in the backward pass.

Chen et al., 2016, "Training Deep Nets with Sublinear Memory Cost".
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from operator import attrgetter
from typing import Any

import numpy as np

from ..amp.autocast_mode import autocast_as_now
from ..autograd import Function, backward, enable_grad, is_grad_enabled
from ..autograd.engine import run_backward
from ..autograd.engine_ops import alias
from ..autograd.modes import state, use_saved_hooks
from ..autograd.node import AccumulateGrad, Node
from ..autograd.primitive import TensorBase, current_node
from ..autograd.versions import next_number
from ..autograd.vjp import VJP
from ..backend import device_of
from ..backend.random import Generator, default_generator
from ..backend.warning import warn
from ..nn import Module
from ..tensor import Tensor

__all__ = [
    "CheckpointError", "CheckpointFunction", "CheckpointPolicy", "SelectiveCheckpointContext",
    "check_backward_validity", "checkpoint", "checkpoint_sequential",
    "create_selective_checkpoint_contexts", "detach_variable", "get_device_states",
    "noop_context_fn", "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop", "set_device_states",
]  # fmt: skip

_ABSENT = (
    "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. "
    "use_reentrant=False is recommended; it was not given, and means True."
)


class CheckpointError(RuntimeError):
    """The segment, computed again, gave something else than before."""


class _RandomState:
    """The default generators that a segment may draw from, as they are now."""

    def __init__(self, devices: set[str]) -> None:
        self._kept = {name: default_generator(name).get_state() for name in devices}

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Draw from this state inside the block, and from what came before it again after."""
        generators: dict[str, Generator] = {name: default_generator(name) for name in self._kept}
        before = {name: g.get_state() for name, g in generators.items()}
        for name, g in generators.items():
            g.set_state(self._kept[name])
        try:
            yield
        finally:
            for name, g in generators.items():
                g.set_state(before[name])


def get_device_states(*args: Any) -> tuple[list[int], list[Tensor]]:
    """The GPUs that hold the tensors among the arguments, and the states of their generators: for
    code that computes a segment again by itself, as reversible layers do."""
    devices = [t.get_device() for t in _tensors(args) if device_of(t.array).type == "cuda"]
    return devices, [default_generator("cuda").get_state() for _ in devices]


def set_device_states(
    devices: Sequence[int], states: Sequence[Tensor], *, device_type: str | None = None
) -> None:
    """Have the generators go on from what ``get_device_states`` gave."""
    for _, kept in zip(devices, states):
        default_generator(device_type or "cuda").set_state(kept)


def _surroundings(preserve: bool, args: Any) -> Callable[[], AbstractContextManager[Any]]:
    """Blocks in which autocast, and where it is to be preserved the random state, are as now."""
    autocast = autocast_as_now()
    if not preserve:
        return autocast
    devices = {device_of(a.array).type for a in args if isinstance(a, TensorBase)}
    random = _RandomState({"cpu", *devices})

    @contextmanager
    def block() -> Iterator[None]:
        with autocast(), random.restored():
            yield

    return block


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], tuple[Any, Any]] | None = None,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args, **kwargs)`` without keeping what lies between its inputs and its outputs.

    The backward pass computes the segment again, so it costs one more forward pass of it.

    Args:
        use_reentrant: False (recommended) works with any inputs, ``autograd.grad`` and double
            backward; True needs an input that requires a gradient and ``backward()``. To be given.
        context_fn: returns two context managers, for the first and the second computation.
        determinism_check: "default" compares shapes and dtypes of both computations, "none" only
            the number of tensors that they save.
        debug, early_stop: accepted for PyTorch's sake.
        preserve_rng_state: draw the same random numbers again (dropout).

    >>> import minitorch_dl as torch
    >>> from minitorch_dl.utils.checkpoint import checkpoint
    >>> x = torch.tensor([0.5], requires_grad=True)
    >>> checkpoint(lambda x: x.exp().sin(), x, use_reentrant=False).backward()
    >>> x.grad
    tensor([-0.1283])
    """
    if use_reentrant is None:
        warn(_ABSENT)
        use_reentrant = True
    if determinism_check not in ("default", "none"):
        raise ValueError(
            f"determinism_check should be one of ['default', 'none'], got {determinism_check!r}"
        )
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not None or debug:
            raise ValueError(
                "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
            )
        if is_grad_enabled():
            check_backward_validity(args)
        return CheckpointFunction.apply(function, preserve_rng_state, *args)
    first, again = (nullcontext(), nullcontext()) if context_fn is None else context_fn()
    around = _surroundings(preserve_rng_state, (*args, *kwargs.values()))
    with first:
        if not is_grad_enabled():
            return function(*args, **kwargs)
        return _recorded(function, args, kwargs, around, again, determinism_check == "default")


def check_backward_validity(inputs: Iterable[Any]) -> None:
    """Warn if no tensor of ``inputs`` requires a gradient."""
    if not any(isinstance(a, TensorBase) and current_node(a) is not None for a in inputs):
        warn("None of the inputs have requires_grad=True. Gradients will be None")


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """``inputs`` with tensors detached; those that required a gradient do again, as leaves."""
    if not isinstance(inputs, tuple):
        raise RuntimeError(
            f"detach_variable(): expected a tuple of tensors, got {type(inputs).__name__}"
        )
    return tuple(
        a.detach().requires_grad_(a.requires_grad) if isinstance(a, Tensor) else a for a in inputs
    )


class CheckpointFunction(Function):
    """The whole segment as one op, whose backward runs a backward pass of its own."""

    @staticmethod
    def forward(ctx: Any, function: Any, preserve: bool, *args: Any) -> Any:
        ctx.function, ctx.around = function, _surroundings(preserve, args)
        ctx.others = [None if isinstance(a, Tensor) else a for a in args]
        ctx.save_for_backward(*[a if isinstance(a, Tensor) else None for a in args])
        return function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        if state.backward_pass.targeted:
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or "
                "passing an `inputs` parameter to .backward(). To resolve this error, you can "
                "either set use_reentrant=False, or call .backward() without passing the `inputs` "
                "argument."
            )
        saved = zip(ctx.saved_tensors, ctx.others)
        args = detach_variable(tuple(other if t is None else t for t, other in saved))
        with enable_grad(), ctx.around():
            outputs = ctx.function(*args)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        pairs = [
            (y, g) for y, g in zip(outputs, grads)
            if isinstance(y, Tensor) and y.requires_grad and g is not None
        ]  # fmt: skip
        if not pairs:
            raise RuntimeError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        backward([y for y, _ in pairs], [g for _, g in pairs])
        found = [a.grad if isinstance(a, Tensor) else None for a in args]
        return None, None, *found


class _RecomputedVJP(VJP):
    """How a recorded segment sends gradients back: it is computed again, then differentiated."""

    frees_saved = False

    def __init__(self, run: Callable[[], list[Any]], edges: tuple[Node, ...]) -> None:
        self._run, self._edges = run, edges

    def on_arrays(self, g: Any, saved: Any) -> Any:
        grads = tuple(
            None if one is None else TensorBase.wrap(one)
            for one in (g if isinstance(g, tuple) else (g,))
        )
        return [None if r is None else r.array for r in self._derive(grads, create_graph=False)]

    def on_tensors(self, node: Node, g: Any) -> Any:
        return self._derive(g if isinstance(g, tuple) else (g,), create_graph=True)

    def _derive(self, grads: Any, create_graph: bool) -> list[Any]:
        # The repeated graph hangs on nodes of this pass alone, so that the inner pass ends at them
        # even where one parent depends on another.
        with enable_grad():
            ends = {e: alias(TensorBase.wrap(np.empty(0), e))._node for e in self._edges}
            start = next_number()
            outputs = self._run()
        roots = [current_node(y) for y in outputs]
        for node in _made_since(start, roots):
            node.edges = tuple(ends.get(edge, edge) for edge in node.edges)
        pairs = [(node, g) for node, g in zip(roots, grads) if node is not None and g is not None]
        found = run_backward(
            [node for node, _ in pairs],
            [g for _, g in pairs],
            targets=list(ends.values()),
            accumulate=False,
            retain_graph=create_graph,
            create_graph=create_graph,
        )
        results = [found.get(ends[edge]) for edge in self._edges]
        return [
            TensorBase.wrap(r) if r is not None and not isinstance(r, TensorBase) else r
            for r in results
        ]


class CheckpointBackward(Node):
    """The node that stands for a checkpointed segment."""

    __slots__ = ()
    explanation = "the segment is computed again and differentiated"


def _recorded(function: Any, args: Any, kwargs: Any, around: Any, again: Any, checked: bool) -> Any:
    """Run the segment, drop its graph, and put one node in its place.

    The node's parents are those of the segment's graph that it did not make itself: the inputs and
    whatever the function reaches otherwise, such as a model's parameters.
    """
    start = next_number()
    with _without_saved_hooks():
        result = function(*args, **kwargs)
    outputs = _tensors(result)
    made = [y for y in outputs if _is_made_since(y, start)]
    if not made:
        return result
    inside = dict.fromkeys(_made_since(start, [current_node(y) for y in made]))
    parents = [e for node in inside for e in node.edges if e is not None and e not in inside]
    edges = tuple(dict.fromkeys(parents))
    kinds = [(y.array.shape, y.array.dtype) for y in outputs]
    positions = [i for i, y in enumerate(outputs) if _is_made_since(y, start)]
    saved = _kinds_saved(inside)

    def run() -> list[Any]:
        start = next_number()
        with around(), again, _without_saved_hooks():
            repeated = _tensors(function(*args, **kwargs))
        _check_repeated(kinds, [(y.array.shape, y.array.dtype) for y in repeated], checked)
        roots = [current_node(y) for y in repeated if _is_made_since(y, start)]
        _check_repeated(saved, _kinds_saved(_made_since(start, roots)), checked)
        return [repeated[i] for i in positions]

    node = CheckpointBackward(edges, (), _RecomputedVJP(run, edges), None, None)
    if len(made) > 1:
        node.outputs = [kinds[i] for i in positions]
    new = {
        id(y): TensorBase.wrap(y.array, node if len(made) == 1 else node.output(i))
        for i, y in enumerate(made)
    }
    return _rebuilt(result, new)


@contextmanager
def _without_saved_hooks() -> Iterator[None]:
    """Let what is saved inside be no matter of the hooks around it: the segment drops that."""
    outer = state.saved_hooks
    use_saved_hooks(())
    try:
        yield
    finally:
        use_saved_hooks(outer)


def _kinds_saved(nodes: Iterable[Node]) -> list[Any]:
    """Shape and dtype of every array that these nodes saved, the oldest node first."""
    return [
        (tuple(value.shape), value.dtype)
        for node in sorted(nodes, key=attrgetter("number"))
        for value in node.saved or ()
        if hasattr(value, "strides")
    ]


def _check_repeated(before: list[Any], now: list[Any], kinds: bool) -> None:
    """Raise unless the segment, computed again, gave and saved as many tensors as before, and of
    the same ``kinds``."""
    if len(before) != len(now):
        raise CheckpointError(
            "torch.utils.checkpoint: A different number of tensors was saved during the original "
            f"forward and recomputation: {len(before)} before, {len(now)} now. The function must "
            "compute the same when it is called again"
        )
    if kinds and before != now:
        raise CheckpointError(
            "torch.utils.checkpoint: Recomputed values for the following tensors have different "
            f"metadata than during the forward pass: {before} became {now}"
        )


def _is_made_since(tensor: Any, start: int) -> bool:
    node = current_node(tensor)
    return node is not None and type(node) is not AccumulateGrad and node.number > start


def _made_since(start: int, nodes: Sequence[Any]) -> list[Node]:
    """The nodes made after ``start`` among these and all that they hang on; no leaves."""
    found: dict[Node, None] = {}
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if node is None or type(node) is AccumulateGrad or node.number < start or node in found:
            continue
        found[node] = None
        stack.extend(node.edges)
    return list(found)


def _tensors(value: Any) -> list[Any]:
    """The tensors in nested tuples, lists and dicts."""
    if isinstance(value, TensorBase):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (tuple, list)):
        return []
    return [t for item in value for t in _tensors(item)]


def _rebuilt(value: Any, new: dict[int, Any]) -> Any:
    """Nested tuples, lists and dicts with tensors replaced by id."""
    if isinstance(value, TensorBase):
        return new.get(id(value), value)
    if isinstance(value, dict):
        return type(value)((k, _rebuilt(v, new)) for k, v in value.items())
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_rebuilt(v, new) for v in value))
    if isinstance(value, (tuple, list)):
        return type(value)(_rebuilt(v, new) for v in value)
    return value


def checkpoint_sequential(
    functions: Module | Sequence[Callable[..., Any]],
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    **kwargs: Any,
) -> Any:
    """Run modules one after the other in ``segments`` checkpointed groups; the last is not one.

    Args:
        functions: a Sequential, or a list of callables.
        kwargs: ``preserve_rng_state``.
    """
    if use_reentrant is None:
        warn(_ABSENT)
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    steps: list[Any] = (
        list(functions.children()) if isinstance(functions, Module) else list(functions)
    )
    if not 1 <= segments <= len(steps):
        raise ValueError(
            f"checkpoint_sequential expected segments in [1, {len(steps)}], the number of "
            f"functions, got {segments}"
        )

    def group(start: int, end: int) -> Callable[[Any], Any]:
        def forward(x: Any) -> Any:
            for step in steps[start:end]:
                x = step(x)
            return x

        return forward

    size = len(steps) // segments
    for start in range(0, size * (segments - 1), size):
        input = checkpoint(
            group(start, start + size), input, use_reentrant=use_reentrant,
            preserve_rng_state=preserve,
        )  # fmt: skip
    return group(size * (segments - 1), len(steps))(input)


def noop_context_fn() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """A ``context_fn`` that changes nothing: two empty contexts."""
    return nullcontext(), nullcontext()


def set_checkpoint_early_stop(enable: bool) -> AbstractContextManager[None]:
    """Accepted: a block in which nothing changes."""
    return nullcontext()


def set_checkpoint_debug_enabled(enabled: bool | None) -> AbstractContextManager[None]:
    """Accepted: a block in which nothing changes."""
    return nullcontext()


class CheckpointPolicy(enum.Enum):
    """What is to be done with the output of an op of a segment."""

    MUST_SAVE = 0
    PREFER_SAVE = 1
    MUST_RECOMPUTE = 2
    PREFER_RECOMPUTE = 3
    MUST_CPU_OFFLOAD = 4
    PREFER_CPU_OFFLOAD = 5


class SelectiveCheckpointContext:
    """What a policy is told of an op: its output, and whether it is being computed again."""

    def __init__(self, *, is_recompute: bool, op_output: Any = None) -> None:
        self.is_recompute = is_recompute
        self.op_output = op_output


def create_selective_checkpoint_contexts(
    policy_fn_or_list: Callable[..., Any] | list[Any], allow_cache_entry_mutation: bool = False
) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """A ``context_fn`` for a policy that keeps the outputs of some ops.

    Here nothing is kept: all of the segment is computed again, which gives the same numbers.
    """
    if not callable(policy_fn_or_list) and not isinstance(policy_fn_or_list, list):
        raise TypeError("policy_fn_or_list must be either a function or a list of ops.")
    return noop_context_fn()
