"""Noting on each node what tensor it gives."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...backend import layouts
from ...tensor import Tensor
from ..interpreter import Interpreter
from ..node import Node, map_aggregate

__all__ = ["ShapeProp", "TensorMetadata"]


class TensorMetadata(NamedTuple):
    """What a program sees of a tensor besides its values."""

    shape: Any
    dtype: Any
    requires_grad: bool
    stride: tuple[int, ...]
    memory_format: Any
    is_quantized: bool
    qparams: dict[str, Any]


def _described(value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    stride = () if value.is_sparse else value.stride()
    order = layouts.contiguous_format if not value.is_sparse and value.is_contiguous() else None
    return TensorMetadata(value.shape, value.dtype, value.requires_grad, stride, order, False, {})


class ShapeProp(Interpreter):
    """Runs a graph on inputs, and notes as each node's ``meta["tensor_meta"]`` the
    :class:`TensorMetadata` of its result (or of the tensors in it), as ``meta["type"]`` the class.

    >>> import minitorch_dl as torch
    >>> from minitorch_dl.fx.passes.shape_prop import ShapeProp
    >>> traced = torch.fx.symbolic_trace(lambda x: (x @ x.t()).sum(1))
    >>> _ = ShapeProp(traced).propagate(torch.ones(2, 3))
    >>> [tuple(node.meta["tensor_meta"].shape) for node in traced.graph.nodes]
    [(2, 3), (3, 2), (2, 2), (2,), (2,)]
    """

    def __init__(self, gm: Any, fake_mode: Any = None) -> None:
        super().__init__(gm)

    def run_node(self, n: Node) -> Any:
        result = super().run_node(n)
        tensors: list[Any] = []
        map_aggregate(result, lambda x: tensors.append(x) if isinstance(x, Tensor) else None)
        if tensors:
            n.meta["tensor_meta"] = map_aggregate(result, _described)
        n.meta["type"] = type(result)
        return result

    def propagate(self, *args: Any) -> Any:
        """Run the graph on these inputs; returns its result."""
        return super().run(*args)
