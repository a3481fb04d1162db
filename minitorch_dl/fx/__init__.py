"""Programs as graphs: a module's ``forward`` is traced with symbols in place of tensors, the graph
of its calls can be changed, and run again as a module.

>>> import minitorch_dl as torch
>>> class Scaled(torch.nn.Module):
...     def __init__(self):
...         super().__init__()
...         self.linear = torch.nn.Linear(2, 3)
...
...     def forward(self, x):
...         return torch.relu(self.linear(x)) * 2
>>> traced = torch.fx.symbolic_trace(Scaled())
>>> print(traced.code.strip())
def forward(self, x):
    linear = self.linear(x);  x = None
    relu = torch.relu(linear);  linear = None
    mul = relu * 2;  relu = None
    return mul
"""

from . import immutable_collections, operator_schemas, rewriting as subgraph_rewriter
from .graph import CodeGen, Graph
from .graph_module import GraphModule
from .interpreter import Interpreter, Transformer
from .node import Node, has_side_effect, map_arg
from .proxy import Attribute, ParameterProxy, Proxy, TraceError, TracerBase
from .rewriting import Match, replace_pattern
from .tracer import Tracer, symbolic_trace, wrap


def get_proxy_mode() -> None:
    """The mode that traces every op that runs: there is none here."""


__all__ = [
    "Attribute", "CodeGen", "Graph", "GraphModule", "Interpreter", "Match", "Node",
    "ParameterProxy", "Proxy", "TraceError", "Tracer", "TracerBase", "Transformer",
    "has_side_effect", "immutable_collections", "map_arg", "operator_schemas",
    "replace_pattern", "subgraph_rewriter", "symbolic_trace", "wrap",
]  # fmt: skip
