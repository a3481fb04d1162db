"""Changes of a traced module that keep its results in eval mode and make it do less."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from ..nn import BatchNorm1d, BatchNorm2d, BatchNorm3d, Conv1d, Conv2d, Conv3d, Dropout, Module
from ..nn.utils.fusion import fuse_conv_bn_eval
from .graph_module import GraphModule
from .interpreter import Transformer
from .node import Node
from .tracer import symbolic_trace

__all__ = ["fuse", "matches_module_pattern", "remove_dropout", "replace_node_module"]

_FUSED = ((Conv1d, BatchNorm1d), (Conv2d, BatchNorm2d), (Conv3d, BatchNorm3d))


def matches_module_pattern(pattern: Iterable[type], node: Node, modules: dict[str, Any]) -> bool:
    """Whether ``node``, and the node that it is called on, are calls of modules of just the two
    classes of ``pattern``, the earlier first."""
    calls = node.args[0] if node.args else None, node
    return all(
        isinstance(call, Node)
        and call.op == "call_module"
        and type(modules.get(call.target)) is kind
        for kind, call in zip(pattern, calls)
    )


def replace_node_module(node: Node, modules: dict[str, Any], new_module: Module) -> None:
    """Put ``new_module`` where the module that ``node`` calls is."""
    parent, _, name = str(node.target).rpartition(".")
    modules[str(node.target)] = new_module
    setattr(modules[parent], name, new_module)


def fuse(model: Module, inplace: bool = False, no_trace: bool = False) -> GraphModule:
    """``model`` traced, with each batch normalisation that only follows a convolution done by the
    convolution's weights. The model is to be in eval mode.

    Args:
        inplace: change the model's own modules, not those of a copy.
        no_trace: the model is a :class:`GraphModule` whose graph is to be changed.

    >>> import minitorch_dl as torch
    >>> model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2)).eval()
    >>> [name for name, _ in fuse(model).named_children()]
    ['0']
    """
    model = model if inplace else copy.deepcopy(model)
    traced: Any = model if no_trace and isinstance(model, GraphModule) else symbolic_trace(model)
    modules = dict(traced.named_modules())
    for node in list(traced.graph.nodes):
        if not any(matches_module_pattern(pattern, node, modules) for pattern in _FUSED):
            continue
        conv, bn = node.args[0], modules[node.target]
        if len(conv.users) > 1 or not bn.track_running_stats:
            continue
        replace_node_module(conv, modules, fuse_conv_bn_eval(modules[conv.target], bn))
        node.replace_all_uses_with(conv)
        traced.graph.erase_node(node)
    return GraphModule(traced, traced.graph)


class _WithoutDropout(Transformer):
    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if isinstance(self.fetch_attr(target), Dropout):
            return args[0]
        return super().call_module(target, args, kwargs)


def remove_dropout(model: Module) -> Module:
    """``model`` traced, without its :class:`~minitorch_dl.nn.Dropout` layers."""
    return _WithoutDropout(symbolic_trace(model)).transform()
