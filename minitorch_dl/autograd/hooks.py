"""Calling the hooks of a node during a backward pass, and checking what they return."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .base import TensorBase, as_raw, result_class
from .node import Node


def shown(g: Any) -> Any:
    """A gradient as users see it. A sparse one, which only leaves get, is a Tensor in every
    pass."""
    return g if isinstance(g, TensorBase) else result_class().wrap(as_raw(g))


def _passed_on(grad: Any, create_graph: bool) -> Any:
    """The gradient in the form that the pass continues with, after hooks have seen ``grad``."""
    return grad if create_graph or grad is None or grad.is_sparse else grad.array


def run_hooks(node: Node, g: Any, create_graph: bool) -> Any:
    """Show the gradient of a node's output to its tensor's hooks, which may replace it."""
    grad = shown(g)
    for hook in list(node.pre_hooks.values()) if node.pre_hooks else ():
        replaced = hook(grad)
        if replaced is not None:
            grad = _checked_replacement(node, hook, grad, replaced)
    if node.retained is not None:
        tensor = node.retained()
        if tensor is not None:
            kept = grad if create_graph else grad.clone()
            tensor._grad = kept if tensor._grad is None else tensor._grad + kept
    return _passed_on(grad, create_graph)


def run_prehooks(node: Node, g: Any, create_graph: bool) -> Any:
    """Show the gradients of all outputs of a node to its prehooks, which may replace them; None
    where they leave no gradient."""
    several = isinstance(g, list)
    grads = tuple(None if one is None else shown(one) for one in (g if several else (g,)))
    for hook in list(node.tuple_hooks.values()):
        grads = _checked_replacements(node, hook, grads, hook(grads))
    results = [_passed_on(one, create_graph) for one in grads]
    if all(one is None for one in results):
        return None
    return results if several else results[0]


def run_post_hooks(node: Node, results: Any, g: Any, create_graph: bool) -> Any:
    """Show the gradients of a node's inputs, and ``g`` of its outputs, to its hooks, which may
    replace the former."""
    inputs = tuple(None if r is None else shown(r) for r in results)
    several = g if isinstance(g, (list, tuple)) else (g,)
    outputs = tuple(None if one is None else shown(one) for one in several)
    for hook in list(node.hooks.values()):
        inputs = _checked_replacements(node, hook, inputs, hook(inputs, outputs))
    return tuple(_passed_on(r, create_graph) for r in inputs)


def _name_of(hook: Callable[..., Any]) -> str:
    return getattr(hook, "__name__", repr(hook))


def _checked_replacements(
    node: Node, hook: Callable[..., Any], grads: tuple[Any, ...], replaced: Any
) -> tuple[Any, ...]:
    """What a hook of the node returned in place of ``grads``; None keeps them."""
    if replaced is None:
        return grads
    if not isinstance(replaced, tuple):
        raise TypeError(
            f"{node.name()}: expected tuple, but hook returned '{type(replaced).__name__}' "
            f"(hook '{_name_of(hook)}' must return a tuple of as many gradients as it got, or None)"
        )
    if len(replaced) != len(grads):
        raise RuntimeError(
            f"hook '{_name_of(hook)}' has returned an incorrect number of values (got "
            f"{len(replaced)}, but expected {len(grads)})"
        )
    return tuple(
        None if new is None else _checked_replacement(node, hook, old, new)
        for old, new in zip(grads, replaced, strict=True)
    )


def _checked_replacement(node: Node, hook: Callable[..., Any], grad: Any, replaced: Any) -> Any:
    """What a hook returned in place of one gradient."""
    name = _name_of(hook)
    if not isinstance(replaced, result_class()):
        raise TypeError(
            f"{node.name()}: expected Variable, but hook returned '{type(replaced).__name__}' "
            f"(hook '{name}' must return a Tensor or None for each gradient)"
        )
    if grad is None:
        raise RuntimeError(
            f"hook '{name}' can't replace a None gradient with a non-None value at {node.name()}"
        )
    if replaced.shape != grad.shape:
        raise RuntimeError(
            f"hook '{name}' has changed the size of value: the gradient at {node.name()} has shape "
            f"{list(grad.shape)}, got {list(replaced.shape)}"
        )
    if replaced.dtype != grad.dtype:
        raise RuntimeError(
            f"hook '{name}' has changed the type of value at {node.name()} "
            f"(was {grad.dtype} got {replaced.dtype})"
        )
    return replaced
