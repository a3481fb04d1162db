"""How a recorded op turns the gradient of its output into those of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..backend import array_module
from .base import TensorBase, late
from .node import Node

if TYPE_CHECKING:
    from .primitive import Primitive


class Plan:
    """How one op sends gradients back, for one choice of the inputs that want one.

    Attributes:
        node: ``(edges, inputs..., outputs..., params, shapes) -> Node`` records the op and saves
            what the derivative names.
        rule: ``(g, saved) -> gradients`` per input, None where none is wanted.
        names: what ``saved`` holds.
        borrows: the results may share memory with something else.
        keeps_missing: a missing gradient of one of several outputs reaches the rule as None, not
            as zeros.
        frees: a backward pass lets go of what was saved; shapes and parameters alone may stay.
    """

    borrows = False
    frees = True
    keeps_missing = False

    node: Any
    rule: Any

    def __init__(self, primitive: Primitive, needs: tuple[bool, ...]) -> None:
        self.primitive, self.needs = primitive, needs
        self.keeps_missing = primitive.keeps_missing
        names: list[str] = []
        calls = []
        scope: dict[str, Any] = {"needs": needs}
        arrays = (*primitive.inputs, *primitive.outputs, *primitive.aux)
        if primitive.joint is not None:
            wanted = primitive.reads(primitive.joint)
            names += [n for n in wanted if n != "needs"]
            scope["joint"] = primitive.joint
            body = f"joint(g, {', '.join(wanted)})"
        else:
            for name, need in zip(primitive.inputs, needs, strict=True):
                if need:
                    wanted = primitive.reads(primitive.formulas[name])
                    names += [n for n in wanted if n not in names]
                    scope[f"d_{name}"] = primitive.formulas[name]
                    calls.append(f"d_{name}(g, {', '.join(wanted)})")
                else:
                    calls.append("None")
            body = f"({', '.join(calls)},)"
        self.names = tuple(names)
        self.frees = any(n == "inputs" or n in arrays for n in names)
        self.node = primitive.compile_node(self.names, self)
        self.rule = _compile_rule(self.names, body, scope)

    def differentiate(self, node: Node, g: Any) -> Any:
        """The rule on Tensors that are connected to the graph, for gradients of gradients."""
        return self.rule(g, _reconnect(node, self.names, node.saved, self.primitive))

    def zeros(self, shape: Any, dtype: Any, like: Any) -> Any:
        """The gradient of an output that nothing used."""
        array = like.array if isinstance(like, TensorBase) else like
        zeros = array_module(array).zeros(shape, dtype)
        return TensorBase.wrap(zeros) if isinstance(like, TensorBase) else zeros


def _compile_rule(names: Sequence[str], body: str, scope: dict[str, Any]) -> Callable[..., Any]:
    """``(g, saved) -> gradients``, with the saved values under their names."""
    unpack = f"({', '.join(names)},) = saved" if names else "pass"
    exec(f"def rule(g, saved):\n    {unpack}\n    return {body}", scope)
    return scope["rule"]


class FusedPlan(Plan):
    """The hand-written backward on arrays; gradients of gradients come from the composite."""

    def __init__(self, primitive: Primitive, needs: tuple[bool, ...]) -> None:
        self.primitive, self.needs = primitive, needs
        self.keeps_missing = primitive.keeps_missing
        backward = primitive.backward
        assert backward is not None
        wanted = primitive.reads(backward)
        extra = [n for n in wanted if n not in ("xp", "needs") and n not in primitive.inputs]
        self.names = (*primitive.inputs, *extra)
        self.node = primitive.compile_node(self.names, self)
        scope = {"backward": backward, "needs": needs, "module": _module_of_gradient}
        given = ", ".join("module(g)" if n == "xp" else n for n in wanted)
        if primitive.variadic:
            raise TypeError(f"{primitive.name}: a fused op names each of its inputs")
        self.rule = _compile_rule(self.names, f"backward(g, {given})", scope)

    def differentiate(self, node: Node, g: Any) -> Any:
        primitive = self.primitive
        n = len(primitive.inputs)
        inputs = _reconnect(node, self.names[:n], node.saved[:n], primitive)
        # Each input gets a node of its own, so that one tensor used twice gets two gradients.
        inputs = [late.alias(x) if need else x for x, need in zip(inputs, self.needs, strict=True)]
        outputs = primitive.composite(*inputs, **node.params)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        gs = g if isinstance(g, tuple) else (g,)
        pairs = [
            (o._node, one)
            for o, one in zip(outputs, gs, strict=False)
            if one is not None and isinstance(o, TensorBase) and o._node is not None
        ]
        targets = [x._node if need else None for x, need in zip(inputs, self.needs, strict=True)]
        found = late.run_backward(
            [root for root, _ in pairs],
            [one for _, one in pairs],
            targets=[t for t in targets if t is not None],
            accumulate=False,
            retain_graph=True,
            create_graph=True,
        )
        return tuple(None if t is None else found.get(t) for t in targets)


def _module_of_gradient(g: Any) -> Any:
    if isinstance(g, tuple):
        g = next(one for one in g if one is not None)
    return array_module(g)


def _reconnect(
    node: Node, names: Sequence[str], saved: Sequence[Any], primitive: Primitive
) -> list[Any]:
    """What a node saved, as Tensors that know where they came from."""
    result: list[Any] = []
    for name, value in zip(names, saved, strict=True):
        if name == "inputs":  # all inputs of an op that takes any number of them
            result.append([TensorBase.wrap(v, e) for v, e in zip(value, node.edges, strict=True)])
        elif not hasattr(value, "dtype") or not hasattr(value, "shape"):
            result.append(value)
        elif name in primitive.inputs:
            result.append(TensorBase.wrap(value, node.edges[primitive.inputs.index(name)]))
        elif name in primitive.outputs and len(primitive.outputs) == 1:
            result.append(TensorBase.wrap(value, node))
        elif name in primitive.outputs and name not in primitive.constant:
            result.append(TensorBase.wrap(value, node.output(primitive.outputs.index(name))))
        else:
            result.append(TensorBase.wrap(value))
    return result
