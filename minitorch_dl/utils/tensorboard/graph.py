"""A model as a graph for TensorBoard: the ops that it runs, grouped by its modules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

from ...autograd.modes import no_grad, start_listening, stop_listening
from ...tensor import Tensor
from .._pytree import tree_leaves

__all__ = ["graph_of"]


def graph_of(model: Any, inputs: Any) -> GraphDef:
    """The graph of what ``model(*inputs)`` runs, in evaluation mode."""
    inputs = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    recorder = _Recorder(model)
    training = {module: module.training for module in model.modules()}
    hooks = [hook for place in model.named_modules() for hook in recorder.enter_and_leave(*place)]
    recorder.add_tensors("input", "Input", tree_leaves(inputs))
    model.eval()
    start_listening(recorder)
    try:
        with no_grad():
            outputs = model(*inputs)
    finally:
        stop_listening(recorder)
        for hook in hooks:
            hook.remove()
        for module, mode in training.items():
            module.training = mode
    for i, output in enumerate(_tensors(tree_leaves(outputs))):
        recorder.add(f"output/output.{i + 1}", "Output", [output], [])
    return recorder.graph


def _tensors(values: Iterable[Any]) -> list[Tensor]:
    return [value for value in values if isinstance(value, Tensor)]


class _Recorder:
    """Makes a node of every op, named after the module that runs it."""

    def __init__(self, model: Any) -> None:
        self.graph = GraphDef()
        self.graph.versions.producer = 22
        self._model = model
        self._scopes: list[str] = []
        self._names: dict[int, str] = {}  # per id of a tensor, which _held keeps its own
        self._held: list[Tensor] = []
        self._used: dict[str, int] = {}
        self._parameters = {
            id(value): name for name, value in (*model.named_parameters(), *model.named_buffers())
        }

    def enter_and_leave(self, place: str, module: Any) -> list[Any]:
        own = place.rpartition(".")[2]
        scope = f"{type(module).__name__}[{own}]" if own else type(module).__name__
        return [
            module.register_forward_pre_hook(lambda *_: self._scopes.append(scope)),
            module.register_forward_hook(lambda *_: self._leave(), always_call=True),
        ]

    def _leave(self) -> None:
        self._scopes.pop()

    def add_tensors(self, scope: str, op: str, values: Iterable[Any]) -> None:
        for i, tensor in enumerate(_tensors(values)):
            self.add(f"{scope}/{scope}.{i + 1}", op, [], [tensor])

    def add(self, name: str, op: str, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        """Add a node from these tensors to those."""
        sources = list(dict.fromkeys(self._source(tensor) for tensor in inputs))
        shapes = [
            TensorShapeProto(dim=[TensorShapeProto.Dim(size=n) for n in tensor.shape])
            for tensor in outputs
        ]
        shown = {"_output_shapes": AttrValue(list=AttrValue.ListValue(shape=shapes))}
        self.graph.node.append(NodeDef(name=name, op=op, input=sources, attr=shown))
        for tensor in outputs:
            self._names[id(tensor)] = name
            self._held.append(tensor)

    def _source(self, tensor: Tensor) -> str:
        """The name of the node that gave ``tensor``; of a parameter or a constant, a new one."""
        if id(tensor) not in self._names:
            own = self._parameters.get(id(tensor), "constant")
            op = "Const" if own == "constant" else "Parameter"
            self.add(self._new("/".join([*self._scopes, own])), op, [], [tensor])
        return self._names[id(tensor)]

    def _new(self, name: str) -> str:
        count = self._used[name] = self._used.get(name, 0) + 1
        return name if count == 1 else f"{name}_{count - 1}"

    def __call__(self, primitive: Any, inputs: Any, params: Any, outputs: Any) -> None:
        """After each op."""
        name = self._new("/".join([*self._scopes, primitive.name]))
        self.add(name, primitive.name, _tensors(inputs), _tensors(outputs))
