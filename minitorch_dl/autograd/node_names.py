"""PyTorch's names for ops: those of graph nodes, and those by which autocast decides.

A node is called after its primitive, or as the primitive's option ``grad_fn`` says. Where PyTorch
has one op for what is several primitives here, ``@as_one("MseLossBackward0")`` over the public
function says so; where it has another name for some arguments, ``named(y, "SumBackward1")`` in the
branch that needs it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from .modes import LISTENING, state
from .node import Node, Output
from .versions import next_number

__all__ = ["as_one", "named", "node_class", "transformed"]

F = TypeVar("F", bound=Callable[..., Any])


@functools.cache
def node_class(primitive: Any, full_name: str) -> type[Node]:
    """The class of this primitive's nodes that go by ``full_name``."""
    namespace = {"__slots__": (), "primitive": primitive, "full_name": full_name}
    return type(full_name.rpartition("::")[2], (Node,), namespace)


def named(result: Any, name: str) -> Any:
    """``result``, a tensor that an op has just made (or a raw array), with its node called
    ``name``."""
    node = getattr(result, "_node", None)
    if node is not None:
        if node.__class__ is Output:
            node = node.edges[0]
        node.__class__ = node_class(node.primitive, name)
    return result


def as_one(node: str | None = None) -> Callable[[F], F]:
    """Mark a public function that is one op in PyTorch and several primitives here: its node is
    called ``node``, and autocast decides about it as a whole."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if state.flags & LISTENING:
                result = transformed(call, args, kwargs)
                if result is not NotImplemented:
                    return result
            if node is None or not state.flags:  # without gradients there are no nodes
                return function(*args, **kwargs)
            before = next_number()
            result = function(*args, **kwargs)
            for y in result if isinstance(result, (tuple, list)) else (result,):
                made = getattr(y, "_node", None)
                if made is None or made.number < before or (args and y is args[0]):
                    continue  # not made here, or written in place, which has a name of its own
                if (made.edges[0] if made.__class__ is Output else made).primitive is not None:
                    named(y, node)
            return result

        return call  # type: ignore[return-value]

    return decorate


def transformed(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """What the transforms of ops (autocast) make of this call; NotImplemented if none of them
    knows the function."""
    for transform in state.transforms:
        whole = getattr(transform, "whole", None)
        result = NotImplemented if whole is None else whole(function, args, kwargs)
        if result is not NotImplemented:
            return result
    return NotImplemented
