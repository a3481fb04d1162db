"""The names of nodes: what ``tensor.grad_fn`` shows is what PyTorch shows.

A node is called after its primitive, or as the primitive's option ``grad_fn`` says. Where PyTorch
has one op for what is several primitives here, or another name for some arguments, the public
function says how the node that made its result is called: by ``@records("MseLossBackward0")`` over
it, or by ``named(y, "SumBackward1")`` in the branch that needs it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from .node import Node, Output
from .versions import next_number

__all__ = ["named", "node_class", "records"]

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


def records(name: str) -> Callable[[F], F]:
    """Have the nodes that make the results of a function called ``name``."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            before = next_number()
            result = function(*args, **kwargs)
            for y in result if isinstance(result, (tuple, list)) else (result,):
                node = getattr(y, "_node", None)
                if node is None or node.number < before or (args and y is args[0]):
                    continue  # not made here, or written in place, which has a name of its own
                if (node.edges[0] if node.__class__ is Output else node).primitive is not None:
                    named(y, name)
            return result

        return call  # type: ignore[return-value]

    return decorate
