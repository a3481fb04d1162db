"""Tools for inspecting the recorded graph: its nodes, hooks on several gradients, a drawing as
text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..backend import array_module
from . import formula_text
from .hook_handles import RemovableHandle
from .modes import state, use_saved_hooks
from .node import AccumulateGrad, GradientEdge, Node, Output
from .primitive import TensorBase, current_node
from .saved_tensors import Packed
from .versions import mark_written


def get_gradient_edge(tensor: Any) -> GradientEdge:
    """The node that made ``tensor`` and which of its outputs it is; a leaf's node accumulates its
    gradient."""
    node = current_node(tensor)
    if node is None:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require "
            "gradients"
        )
    array = tensor.array
    xp = array_module(array)
    like = xp.broadcast_to(xp.zeros((), array.dtype), array.shape)
    several = type(node) is Output
    return GradientEdge(node.edges[0] if several else node, tensor.output_nr, like)


class _Handles:
    """Several hooks that are removed together."""

    def __init__(self, handles: Sequence[RemovableHandle]) -> None:
        self._handles = tuple(handles)

    def remove(self) -> None:
        for handle in self._handles:
            handle.remove()

    def __enter__(self) -> _Handles:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def register_multi_grad_hook(
    tensors: Sequence[Any], fn: Callable[..., None], *, mode: str = "all"
) -> _Handles:
    """Call ``fn`` once per backward pass with the gradients of several tensors.

    Args:
        mode: "all" calls ``fn(grads)`` when the last of the gradients is known, with None for
            tensors that the pass doesn't reach; "any" calls ``fn(grad)`` with the first one.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    key = object()

    def hook_of(position: int) -> Callable[[Any], None]:
        def hook(grad: Any) -> None:
            running = state.backward_pass
            found = running.notes.get(key)
            if found is None:
                left = sum(running.reaches(current_node(t)) for t in tensors)
                found = running.notes[key] = {
                    "grads": [None] * len(tensors),
                    "left": left,
                    "first": True,
                }
            found["grads"][position] = grad
            found["left"] -= 1
            if mode == "any":
                if found["first"]:
                    fn(grad)
            elif found["left"] == 0:
                fn(found["grads"])
            found["first"] = False

        return hook

    return _Handles([t.register_hook(hook_of(i)) for i, t in enumerate(tensors)])


class saved_tensors_hooks:
    """Have what ops save for the backward pass go through two functions: to keep it elsewhere, or
    smaller, meanwhile.

    Args:
        pack_hook: gets each saved tensor; what it returns is kept instead.
        unpack_hook: gets that back when the backward pass needs it, and returns the tensor.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([2.0], requires_grad=True)
    >>> with torch.autograd.graph.saved_tensors_hooks(lambda t: t.half(), lambda t: t.float()):
    ...     y = x * x
    >>> y.backward()
    >>> x.grad
    tensor([4.])
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self) -> None:
        if state.saved_hooks_refused is not None:
            raise RuntimeError(state.saved_hooks_refused)
        for name in ("pack_hook", "unpack_hook"):
            if not callable(hook := getattr(self, name)):
                raise TypeError(
                    f"saved_tensors_hooks(): {name} must be callable, got {type(hook).__name__}"
                )
        use_saved_hooks((*state.saved_hooks, self))

    def __exit__(self, *exc: object) -> None:
        use_saved_hooks(state.saved_hooks[:-1])

    def keep(self, node: Node) -> None:
        """Pack what ``node`` saved."""
        if node.saved:
            Packed.of(node).pack_all(node, self.pack_hook, self.unpack_hook)


class disable_saved_tensors_hooks:
    """Refuse ``saved_tensors_hooks`` inside the block, with this text."""

    def __init__(self, error_message: str) -> None:
        self._message = error_message

    def __enter__(self) -> None:
        if state.saved_hooks:
            raise RuntimeError(self._message)
        self._outer, state.saved_hooks_refused = state.saved_hooks_refused, self._message

    def __exit__(self, *exc: object) -> None:
        state.saved_hooks_refused = self._outer


class allow_mutation_on_saved_tensors(saved_tensors_hooks):
    """Let tensors that a derivative needs be written in place inside the block: what ops save is
    copied.

    >>> import minitorch_dl as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.autograd.graph.allow_mutation_on_saved_tensors():
    ...     y = x.clone()
    ...     z = (y * y).sum()
    ...     _ = y.zero_()
    ...     z.backward()
    >>> x.grad
    tensor([2., 2.])
    """

    def __init__(self) -> None:
        super().__init__(lambda t: t.detach().clone(), lambda t: t)

    def __enter__(self) -> Any:
        if any(isinstance(hooks, allow_mutation_on_saved_tensors) for hooks in state.saved_hooks):
            raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
        super().__enter__()
        return self

    def clear(self) -> None:
        """Accepted: the copies go with the graph."""


def increment_version(tensor: Any) -> None:
    """Count a write to the memory of a tensor, or of several: one that went past autograd, so that
    a backward pass that needs the old values refuses."""
    for x in (tensor,) if isinstance(tensor, TensorBase) else tensor:
        mark_written(x.array, "increment_version")


class save_on_cpu(saved_tensors_hooks):
    """Keep what the backward pass needs in host memory, and bring it back when it is needed."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(
            lambda t: (t.device, t.cpu()),
            lambda kept: kept[1].to(kept[0]),
        )


class Drawing(str):
    """Text of several lines, which an interactive prompt shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def show_graph(tensor: Any, max_lines: int = 100) -> Drawing:
    """The graph behind a tensor as a tree in text: each op with the formulas of its gradients,
    down to the leaves.

    In a formula ``g`` is the gradient of the op's output, ``y`` the output. An op that is used
    twice is written once and referred to by its number afterwards.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> torch.autograd.show_graph((x * 3).tanh())
    TanhBackward0 (2,)  d/da = g * (1 - y * y)
    └─ MulBackward0 (2,)  d/da = g * b
       └─ AccumulateGrad (2,)  .grad += g
    """
    lines: list[str] = []
    numbers: dict[Node, int] = {}
    shared = _used_twice(current_node(tensor))
    stack: list[tuple[Any, Any, str, str]] = [
        (current_node(tensor), tuple(tensor.array.shape), "", "")
    ]
    while stack:
        if len(lines) >= max_lines:
            lines.append("...")
            break
        node, shape, lead, indent = stack.pop()
        if node is None:
            lines.append("no graph: the tensor requires no gradient")
            continue
        output = ""
        if type(node) is Output:
            parent = node.edges[0]
            output = f" output {node.index}"
            shape = parent.outputs[node.index][0]
            node = parent
        if node in numbers:
            lines.append(f"{lead}#{numbers[node]} {type(node).__name__}{output}")
            continue
        label = ""
        if node in shared:
            numbers[node] = len(numbers) + 1
            label = f"#{numbers[node]} "
        shape = _own_shape(node) if shape is None else shape
        size = "" if shape is None else f" {tuple(shape)}"
        text = formula_text.describe(node).replace("\n", ", ")
        lines.append(f"{lead}{label}{type(node).__name__}{output}{size}  {text}".rstrip())
        below = [
            (edge, s) for edge, s in zip(node.edges, _input_shapes(node, shape)) if edge is not None
        ]
        for i, (edge, s) in reversed(list(enumerate(below))):
            last = i == len(below) - 1
            branch, gap = ("└─ ", "   ") if last else ("├─ ", "│  ")
            stack.append((edge, s, indent + branch, indent + gap))
    return Drawing("\n".join(lines))


def _used_twice(root: Any) -> set[Node]:
    seen: set[Node] = set()
    twice: set[Node] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if type(node) is Output:
            node = node.edges[0]
        if node is None:
            continue
        if node in seen:
            twice.add(node)
            continue
        seen.add(node)
        stack.extend(node.edges)
    return twice


def _own_shape(node: Any) -> Any:
    """The shape of a node's output, where the node or those before it know it."""
    while node is not None:
        if isinstance(node, AccumulateGrad):
            leaf = node.variable
            return None if leaf is None else leaf.array.shape
        if isinstance(node, Output):
            return node.edges[0].outputs[node.index][0]
        saved = _saved_by_name(node)
        if hasattr(saved.get("y"), "shape"):
            return saved["y"].shape
        if node.primitive is None or not node.primitive.broadcasts:
            return None
        if node.shapes is not None:
            return np.broadcast_shapes(*node.shapes)
        # All inputs have the shape of the output, or are numbers.
        node = next((edge for edge in node.edges if edge is not None), None)
    return None


def _input_shapes(node: Node, shape: Any) -> list[Any]:
    """The shape of each input, where what the node saved tells it."""
    if node.shapes is not None:
        return list(node.shapes)
    if node.primitive is None:
        known = getattr(node.vjp, "inputs", None)
        return [one and one[0] for one in known] if known else [None] * len(node.edges)
    if node.primitive.broadcasts:
        return [shape] * len(node.edges)
    saved = _saved_by_name(node)
    return [
        getattr(saved[name], "shape", None) if name in saved else saved.get(f"{name}_shape")
        for name in (*node.primitive.inputs, *[""] * len(node.edges))
    ][: len(node.edges)]


def _saved_by_name(node: Node) -> dict[str, Any]:
    names = getattr(node.vjp, "names", ())
    return dict(zip(names, node.saved or ()))


__all__ = [
    "GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks",
    "get_gradient_edge", "increment_version", "register_multi_grad_hook", "save_on_cpu",
    "saved_tensors_hooks", "show_graph",
]  # fmt: skip
