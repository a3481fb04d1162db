"""The backward pass: one loop over the nodes, newest first.

Creation numbers give the order for nothing: a node's parents were always made before it, so taking the highest number
first visits every node after all of its children. No recursion, so a chain of any length works; what a node saved is
freed as soon as its derivative ran.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import Any

from . import versions
from .modes import enable_grad, no_grad
from .node import AccumulateGrad, Node, Output
from .primitive import as_raw, provide, result_class
from .structural import sum_to


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
        targets: visit only what lies between the roots and these nodes; None goes down to every leaf.
        accumulate: add to the ``.grad`` of leaves; False returns the targets' gradients instead.
        retain_graph: keep what the nodes saved, for another pass.
        create_graph: gradients are Tensors with a graph of their own.

    Returns:
        The gradient of each target reached (empty when accumulating).
    """
    wanted = None if targets is None else _ancestors_of(roots, set(targets))
    targeted = () if targets is None else set(targets)
    found: dict[Node, Any] = {}
    waiting: dict[int, Any] = {}  # by negated creation number: the node and its gradient so far
    order: list[int] = []  # heap of the keys of `waiting`
    owned: set[int] = set()  # keys whose gradient array is ours to write to

    def arrive(node: Any, g: Any, is_ours: bool) -> None:
        key = -node.number
        entry = waiting.get(key)
        if entry is None:
            heappush(order, key)
            waiting[key] = (node, g)
            if is_ours:
                owned.add(key)
        elif type(entry[1]) is list:  # several outputs: no sum here, each has its own place
            entry[1][g[0]] = g[1]
        elif key in owned and not create_graph and entry[1].dtype == g.dtype:
            total = entry[1]
            total += g
            waiting[key] = (node, total)  # a NumPy scalar is not changed in place
        else:
            waiting[key] = (node, entry[1] + g)
            owned.add(key)

    with enable_grad() if create_graph else no_grad():
        for root, grad in zip(roots, grads, strict=True):
            if wanted is None or root in wanted:
                arrive(root, grad if create_graph else grad.array, False)
        while order:
            key = heappop(order)
            node, g = waiting.pop(key)
            cls = node.__class__
            if cls is Output:
                if node.pre_hooks is not None or node.retained is not None:
                    g = _run_hooks(node, g, create_graph)
                if node in targeted:
                    found[node] = g
                parent = node.edges[0]
                if wanted is None or parent in wanted:
                    entry = waiting.get(-parent.number)
                    if entry is None:
                        heappush(order, -parent.number)
                        entry = waiting[-parent.number] = (parent, [None] * len(parent.outputs))
                    entry[1][node.index] = g
                continue
            if node.pre_hooks is not None or node.retained is not None:
                g = _run_hooks(node, g, create_graph)
            if node in targeted:
                found[node] = g
            if cls is AccumulateGrad:
                if accumulate:
                    _accumulate(node, g, key in owned, create_graph)
                continue
            if wanted is not None and not any(edge in wanted for edge in node.edges):
                continue
            if type(g) is list:
                g = _fill_missing(node, g)
            saved = node.saved
            if saved is None:
                raise RuntimeError(
                    f"{node.name()}: trying to backward through the graph a second time. What the derivative needs was "
                    "freed by the first pass; pass retain_graph=True to that first backward() or grad() to keep it"
                )
            if node.number < versions.latest:
                _check_versions(node, saved)
            results = node.plan.differentiate(node, g) if create_graph else node.plan.rule(g, *saved)
            if not retain_graph and saved:
                node.saved = None
            if node.shapes is not None:
                results = [
                    r if r is None or r.shape == shape else sum_to(r, shape=shape)
                    for r, shape in zip(results, node.shapes, strict=True)
                ]
            if node.hooks is not None:
                results = _run_post_hooks(node, results, g, create_graph)
            borrows = node.plan.borrows
            for edge, r in zip(node.edges, results, strict=True):
                if edge is None or r is None or (wanted is not None and edge not in wanted):
                    continue
                key = -edge.number
                entry = waiting.get(key)
                if entry is None:
                    heappush(order, key)
                    waiting[key] = (edge, r)
                    if not (borrows or create_graph or r is g or r.base is not None):
                        owned.add(key)
                else:
                    arrive(edge, r, False)
    return {} if accumulate and targets is None else found


def _ancestors_of(roots: Iterable[Node], targets: set[Node]) -> set[Node]:
    """The nodes from which a target can be reached, targets included."""
    seen: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(edge for edge in node.edges if edge is not None)
    wanted: set[Node] = set()
    for node in sorted(seen, key=lambda n: n.number):
        if node in targets or any(edge in wanted for edge in node.edges):
            wanted.add(node)
    return wanted


def _accumulate(node: AccumulateGrad, g: Any, is_ours: bool, create_graph: bool) -> None:
    leaf = node.leaf()
    if leaf is None:
        return
    if create_graph:
        leaf.grad = g if leaf.grad is None else leaf.grad + g
    else:
        g = as_raw(g, leaf.array)
        if leaf.grad is None:
            leaf.grad = result_class().wrap(g if is_ours and g.base is None else g.copy())
        elif leaf.grad._node is None:
            total = leaf.grad.array
            total += g
            versions.mark_written(total, "accumulation into .grad")
        else:
            leaf.grad = result_class().wrap(leaf.grad.array + g)
    if node.post_hooks:
        for hook in list(node.post_hooks.values()):
            hook(leaf)


def _run_hooks(node: Node, g: Any, create_graph: bool) -> Any:
    """Show the gradient of a node's output to its tensor's hooks, which may replace it."""
    grad = g if create_graph else result_class().wrap(as_raw(g))
    for hook in list(node.pre_hooks.values()) if node.pre_hooks else ():
        replaced = hook(grad)
        if replaced is not None:
            grad = _checked_replacement(node, hook, grad, replaced)
    if node.retained is not None:
        tensor = node.retained()
        if tensor is not None:
            kept = grad if create_graph else grad.clone()
            tensor.grad = kept if tensor.grad is None else tensor.grad + kept
    return grad if create_graph else grad.array


def _checked_replacement(node: Node, hook: Any, grad: Any, replaced: Any) -> Any:
    if not isinstance(replaced, result_class()):
        raise TypeError(
            f"hook {hook!r} on {node.name()} must return a Tensor or None, got {type(replaced).__name__}"
        )
    if replaced.shape != grad.shape:
        raise RuntimeError(
            f"hook {hook!r} on {node.name()} must return a gradient of shape {tuple(grad.shape)}, "
            f"got {tuple(replaced.shape)}"
        )
    return replaced


def _run_post_hooks(node: Node, results: Any, g: Any, create_graph: bool) -> Any:
    wrap = (lambda r: r) if create_graph else result_class().wrap
    inputs = tuple(None if r is None else wrap(r) for r in results)
    outputs = tuple(wrap(one) for one in g) if isinstance(g, (list, tuple)) else (wrap(g),)
    for hook in list(node.hooks.values()):
        replaced = hook(inputs, outputs)
        if replaced is not None:
            inputs = replaced if isinstance(replaced, tuple) else (replaced,)
    return inputs if create_graph else tuple(None if r is None else r.array for r in inputs)


def _fill_missing(node: Node, grads: list[Any]) -> tuple[Any, ...]:
    """Zeros for the outputs that nothing used; a rule that says so gets None instead."""
    if node.plan.keeps_missing:
        return tuple(grads)
    like = next(one for one in grads if one is not None)
    return tuple(
        node.plan.zeros(*node.outputs[i], like) if one is None else one for i, one in enumerate(grads)
    )


def _check_versions(node: Node, saved: Iterable[Any]) -> None:
    for value in saved:
        if type(value) is list:
            _check_versions(node, value)
        elif hasattr(value, "base") and hasattr(value, "shape"):
            write = versions.written_since(value, node.number)
            if write is not None:
                file, line = write.where
                raise RuntimeError(
                    f"one of the variables needed for gradient computation has been modified by an inplace operation: "
                    f"{node.name()} saved a {value.dtype} array of shape {tuple(value.shape)}, which {write.op} "
                    f'overwrote afterwards (File "{file}", line {line}). Write to a copy (x = x + y instead of x += y, '
                    "or x.clone() first), or write before the op that needs the old values"
                )


provide(run_backward=run_backward)
