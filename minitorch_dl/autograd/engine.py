"""The backward pass: one loop over the nodes, newest first.

Creation numbers give the order for free: a node's parents were always made before it, so taking the
highest number first visits every node after all of its children. There is no recursion, so a chain
of any length works. What a node saved is freed as soon as its derivative has run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from operator import attrgetter
from sys import getrefcount
from typing import Any

import numpy as np

from ..backend import array_module, devices
from ..backend.row_major import row_major_copy
from . import versions
from .base import TensorBase, as_raw, in_dtype_of, late_bound, result_class
from .engine_ops import sum_to
from .hooks import run_hooks, run_post_hooks, run_prehooks, shown
from .modes import GRAD, state, use_saved_hooks
from .node import SECOND_BACKWARD, AccumulateGrad, Node, Output

Waiting = dict[int, tuple[Node, Any, bool]]
"""By negated creation number: a node, its gradient so far, and whether that array is ours to add
to."""


class Pass:
    """One run of the backward pass.

    Attributes:
        notes: a place for hooks to keep what they know of this pass.
        callbacks: what to call at its end.
        targeted: whether it goes to some nodes only, not to every leaf.
    """

    def __init__(self, roots: Sequence[Node], wanted: set[Node] | None) -> None:
        self.roots, self.wanted, self.targeted = roots, wanted, wanted is not None
        self.notes: dict[Any, Any] = {}
        self.callbacks: list[Callable[[], None]] = []
        self._device: Any = None

    def follow(self, g: Any) -> None:
        """Make the GPU of this gradient, or of the first in a list, the current one."""
        given = [x for x in (g if isinstance(g, list) else [g]) if x is not None]
        self.leave()
        self._device = devices.beside([getattr(x, "array", x) for x in given])
        self._device.__enter__()

    def leave(self) -> None:
        """Make the GPU current again that was current before the pass."""
        if self._device is not None:
            self._device.__exit__(None, None, None)
            self._device = None

    def reaches(self, node: Node) -> bool:
        """Whether this pass computes the gradient of ``node``'s output."""
        if self.wanted is None:
            self.wanted = nodes_below(self.roots)
        return node in self.wanted


def run_backward(
    roots: Sequence[Node],
    grads: Sequence[Any],
    *,
    targets: Sequence[Node] | None = None,
    accumulate: bool = True,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> dict[Node, Any]:
    """Send ``grads`` (one per root) down the graph.

    Args:
        roots, grads: where to start, and the gradient there (Tensors).
        targets: visit only what lies between the roots and these nodes; None goes down to every
            leaf.
        accumulate: add to the ``.grad`` of the leaves that are reached.
        retain_graph: keep what the nodes saved, for another pass.
        create_graph: gradients are Tensors with a graph of their own.

    Returns:
        The gradient of each target reached.
    """
    targeted = None if targets is None else set(targets)
    wanted = None if targeted is None else _ancestors_of(roots, targeted)
    waiting: Waiting = {}
    order: list[int] = []
    outer, flags, hooks = state.backward_pass, state.flags, state.saved_hooks
    state.backward_pass = this_pass = Pass(roots, wanted)
    state.flags = flags | GRAD if create_graph else flags & ~GRAD
    try:
        for root, grad in zip(roots, grads):
            if wanted is None or root in wanted:
                g = grad if create_graph or grad.is_sparse else grad.array
                if -root.number in waiting:
                    _add(waiting, -root.number, g, create_graph)
                else:
                    heappush(order, -root.number)
                    waiting[-root.number] = (root, g, False)
        found = _descend(waiting, order, targeted, wanted, accumulate, retain_graph, create_graph)
        for callback in this_pass.callbacks:  # which may add some
            callback()
    finally:
        if devices.several:
            this_pass.leave()
        state.backward_pass = outer
        if state.saved_hooks is not hooks:
            use_saved_hooks(hooks)
        state.flags = state.flags & ~GRAD | flags & GRAD
    return found


def _descend(
    waiting: Waiting,
    order: list[int],
    targeted: set[Node] | None,
    wanted: set[Node] | None,
    accumulate: bool,
    retain_graph: bool,
    create_graph: bool,
) -> dict[Node, Any]:
    """Take the newest node that waits, send its gradients to its parents, until none waits.

    Args:
        waiting, order: the nodes with a gradient, and a heap of their keys.
        targeted, wanted: the nodes whose gradient is returned, and those that lead to them; None
            for all leaves.
    """
    found: dict[Node, Any] = {}
    watcher = state.profile or state.anomaly
    while order:
        node: Any
        node, g, is_ours = waiting.pop(heappop(order))
        if devices.several:
            state.backward_pass.follow(g)
        watched = node.watched  # a leaf, one of several outputs, or one with hooks
        if watched and (node.pre_hooks is not None or node.retained is not None):
            g, is_ours = run_hooks(node, g, create_graph), False
        if targeted is not None and node in targeted:
            found[node] = g
        if watched:
            cls = node.__class__
            if cls is AccumulateGrad:
                if accumulate:
                    _accumulate(node, g, is_ours, create_graph)
                continue
            if cls is Output:
                if wanted is None or node.edges[0] in wanted:
                    _put_beside_others(node, g, waiting, order)
                continue
        vjp = node.vjp
        if wanted is not None:
            needs = tuple([edge in wanted for edge in node.edges])
            if True not in needs:  # a target
                if watched and accumulate and node.tuple_hooks is not None:
                    run_prehooks(node, g, create_graph)
                continue
            if vjp.prunable and needs != vjp.needs:
                vjp = vjp.pruned(needs)
        if watched and node.tuple_hooks is not None:
            g, is_ours = run_prehooks(node, g, create_graph), False
            if g is None:
                continue
        if g.__class__ is list:
            g = _fill_missing(node, g)
        saved = node.saved
        if saved is None:
            raise RuntimeError(SECOND_BACKWARD.format(node.name()))
        if watched and node.packed is not None:
            node.saved = saved = node.packed.restore()
        if node.number < versions.latest:
            check_versions(node, saved)
        if watcher is not None:
            results = watcher.derive(vjp, node, g, saved, create_graph)
        elif create_graph:
            results = vjp.on_tensors(node, g)
        else:
            try:
                results = vjp.on_arrays(g, saved)
            except RuntimeWarning as warning:
                results = _despite_warning(warning, node, vjp, g, saved)
        if saved and vjp.frees_saved and not retain_graph:
            node.saved = saved = None
            if watched and node.packed is not None:
                node.packed = None
        elif watched and node.packed is not None:
            node.saved = saved = ()
        if node.shapes is not None:
            results = [
                r if r is None or r.shape == shape else sum_to(r, shape=shape)
                for r, shape in zip(results, node.shapes)
            ]
        if watched and node.hooks is not None:
            results = run_post_hooks(node, results, g, create_graph)
        is_new = not (create_graph or vjp.may_alias)
        for edge, r in zip(node.edges, results):
            if edge is None or r is None or (wanted is not None and edge not in wanted):
                continue
            key = -edge.number
            if key in waiting:
                _add(waiting, key, r, create_graph)
            else:
                heappush(order, key)
                waiting[key] = (edge, r, is_new and r is not g)
    return found


def _despite_warning(warning: RuntimeWarning, node: Node, vjp: Any, g: Any, saved: Any) -> Any:
    """The gradients though a program makes errors of NumPy's warnings: infinities and NaN are
    results. A user's Function answers for its own."""
    if node.primitive is None:
        raise warning
    with np.errstate(all="ignore"):
        return vjp.on_arrays(g, saved)


def _add(waiting: Waiting, key: int, g: Any, create_graph: bool) -> None:
    """Another gradient for a node that has one."""
    if devices.several:
        state.backward_pass.follow(g)
    node, total, is_ours = waiting[key]
    if is_ours and not create_graph and total.base is None and total.dtype is g.dtype:
        try:  # noqa: SIM105  # a context manager for each sum would take time
            total += g  # a NumPy scalar gives a new one
        except RuntimeWarning:  # of an overflow, after all has been added
            pass
    elif node.takes_any:
        total, is_ours = _sum(total, g), False
    else:
        try:
            total, is_ours = total + g, True
        except RuntimeWarning:
            with np.errstate(all="ignore"):
                total, is_ours = total + g, True
    waiting[key] = (node, total, is_ours)


def nodes_below(roots: Iterable[Node], lowest: int = 0) -> set[Node]:
    """Every node that the roots depend on, roots included, down to this creation number."""
    seen: set[Node] = set()
    stack: list[Any] = list(roots)
    while stack:
        node = stack.pop()
        if node is not None and node not in seen and node.number >= lowest:
            seen.add(node)
            stack += node.edges
    return seen


def _ancestors_of(roots: Iterable[Node], targets: set[Node]) -> set[Node]:
    """The nodes from which a target can be reached, targets included."""
    wanted: set[Node] = set()
    oldest = min([target.number for target in targets], default=0)
    for node in sorted(nodes_below(roots, oldest), key=attrgetter("number")):
        if node in targets or not wanted.isdisjoint(node.edges):
            wanted.add(node)
    return wanted


def _put_beside_others(node: Output, g: Any, waiting: Waiting, order: list[int]) -> None:
    """Hand the gradient of one of several outputs to the node that made them."""
    parent, i = node.edges[0], node.index
    key = -parent.number
    if key not in waiting:
        heappush(order, key)
        waiting[key] = (parent, [None] * len(parent.outputs), True)
    slots = waiting[key][1]
    slots[i] = g if slots[i] is None else slots[i] + g


def _accumulate(node: AccumulateGrad, g: Any, is_ours: bool, create_graph: bool) -> None:
    """Add a gradient to the ``.grad`` of a leaf, and call the hooks of its node."""
    if node.tuple_hooks is not None:
        g, is_ours = run_prehooks(node, g, create_graph), False
    leaf = node.leaf()
    if leaf is None or g is None:
        return
    before = leaf._grad
    if leaf._node is None:
        pass  # it has been frozen since
    elif create_graph or node.takes_any or (before is not None and before.is_sparse):
        leaf._grad = _sum_of_any_kind(leaf, shown(g), create_graph)
    elif before is None:
        g = as_raw(g, leaf.array)
        keeps = is_ours and (g.base is None or _is_all_of_its_memory(g))
        leaf._grad = result_class().wrap(g if keeps else row_major_copy(g))
    else:
        total = before.array
        try:
            total += as_raw(g, leaf.array)
        except ValueError as error:
            raise RuntimeError(
                f"backward(): can't add to .grad in place ({error}). Set .grad to a clone of it"
            ) from error
        versions.mark_written(total, "accumulation into .grad")
    if node.post_hooks:
        for hook in list(node.post_hooks.values()):
            returned = hook(leaf)
            if returned is not None and returned is not leaf:
                raise RuntimeError("Tensor post accumulate grad hooks should return None.")
    if node.hooks is not None:
        run_post_hooks(node, (), g, create_graph)


def _holders_of_base(view: Any) -> int:
    return getrefcount(view.base)


_ONLY_THE_VIEW = _holders_of_base(np.empty(2).reshape(1, 2))


def _is_all_of_its_memory(g: Any) -> bool:
    """Whether ``g`` is a reshaped view of all of an array that nothing else holds, and may be
    written to. What was broadcast may not, even along axes of size 1."""
    return (
        g.__class__ is np.ndarray
        and _holders_of_base(g) == _ONLY_THE_VIEW
        and (flags := g.flags).c_contiguous
        and flags.writeable
        and g.nbytes == getattr(g.base, "nbytes", None)
    )


def _sum_of_any_kind(leaf: Any, g: Any, create_graph: bool) -> Any:
    """The ``.grad`` of a leaf after ``g``: the tensor that it was, where that can hold the sum."""
    g, before = in_dtype_of(leaf, g), leaf._grad
    if before is None:
        return g.clone()
    if create_graph or (before.is_sparse and not g.is_sparse):
        return _sum(before, g)
    return before.add_(g)


def _sum(a: Any, b: Any) -> Any:
    """The sum of gradients of which some are sparse: the dense one has to be the first."""
    mixed = getattr(a, "is_sparse", False) and not getattr(b, "is_sparse", False)
    return b + a if mixed else a + b


def _fill_missing(node: Node, grads: list[Any]) -> tuple[Any, ...]:
    """Zeros for the outputs that nothing used; a VJP that says so gets None instead."""
    if not node.vjp.materialize_grads:
        return tuple(grads)
    like = next(one for one in grads if one is not None)
    return tuple(
        _zeros(node.outputs[i], like) if one is None else one for i, one in enumerate(grads)
    )


def _zeros(output: tuple[Any, Any], like: Any) -> Any:
    """The gradient of an output that nothing used, of which ``(shape, dtype)`` is given; a Tensor
    where ``like`` is one."""
    boxed = isinstance(like, TensorBase)
    zeros = array_module(like.array if boxed else like).zeros(*output)
    return TensorBase.wrap(zeros) if boxed else zeros


def check_versions(node: Node, saved: Iterable[Any]) -> None:
    """Raise when what ``node`` saved was overwritten since."""
    for value in saved:
        if type(value) is list:
            check_versions(node, value)
        elif hasattr(value, "strides"):
            write = versions.written_since(value, node.number)
            if write is not None:
                if state.anomaly is not None:
                    state.anomaly.report(node)
                file, line = write.where
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an "
                    f"inplace operation: {node.name()} saved a {value.dtype} array of shape "
                    f"{tuple(value.shape)}, which {write.op} "
                    f'overwrote afterwards (File "{file}", line {line}). '
                    "Write to a copy (x = x + y instead of x += y, "
                    "or x.clone() first), or write before the op that needs the old values"
                )


late_bound.run_backward = run_backward
