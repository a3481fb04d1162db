"""Derivatives that have none themselves."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .modes import GRAD, no_grad, state
from .node import Node
from .primitive import TensorBase
from .vjp import VJP


class _RefusedVJP(VJP):
    """The derivative of a derivative that was declared to have none."""

    def on_arrays(self, g: Any, saved: Any) -> Any:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )

    def on_tensors(self, node: Node, g: Any) -> Any:
        return self.on_arrays(g, ())


class OnceDifferentiable(Node):
    """The node of gradients that can't be differentiated again."""

    __slots__ = ()


def once_differentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a custom ``backward`` that is not differentiable itself: a gradient of gradients
    through it is an error."""

    @functools.wraps(function)
    def wrapper(ctx: Any, *grads: Any) -> Any:
        with no_grad():
            results = function(ctx, *grads)
        if not state.flags & GRAD:
            return results
        inputs = tuple(g._node for g in grads if isinstance(g, TensorBase))
        error = OnceDifferentiable((*ctx._node().edges, *inputs), (), _RefusedVJP(), None, None)
        several = results if isinstance(results, tuple) else (results,)
        error.outputs = [None if r is None else (r.array.shape, r.array.dtype) for r in several]
        several = tuple(
            None if r is None else TensorBase.wrap(r.array, error.output(i))
            for i, r in enumerate(several)
        )
        return several if isinstance(results, tuple) else several[0]

    return wrapper
