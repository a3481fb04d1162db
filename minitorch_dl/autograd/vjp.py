"""How a recorded op turns the gradient of its output into those of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backend import array_module, generated
from ..backend.precision import widened
from .base import TensorBase, late_bound
from .node import Node
from .versions import next_number

if TYPE_CHECKING:
    from .primitive import Primitive


class VJP:
    """The vector-Jacobian product of one recorded op.

    Attributes:
        names: what the node's ``saved`` holds.
        may_alias: the results may share memory with something else.
        frees_saved: a backward pass lets go of what was saved.
        materialize_grads: zeros stand for the missing gradients of some of several outputs, not
            None.
        prunable: of a pass that wants fewer gradients, ``pruned(needs)`` computes those alone.
    """

    names: tuple[str, ...] = ()
    may_alias = frees_saved = True
    materialize_grads = prunable = False

    def on_arrays(self, g: Any, saved: Any) -> Any:
        """The gradients of the inputs, None where none is wanted, from that of the output; a tuple
        of several."""
        raise NotImplementedError

    def on_tensors(self, node: Node, g: Any) -> Any:
        """The same as Tensors that are connected to the graph, for gradients of gradients."""
        raise NotImplementedError


class FormulaVJP(VJP):
    """The formulas of a primitive, compiled to one function, for one choice of the inputs that want
    a gradient.

    Attributes:
        record: ``(edges, inputs..., outputs..., params, shapes) -> Node`` records the op and saves
            what the formulas name.
    """

    may_alias = False
    record: Callable[..., Node]
    on_arrays: Any
    on_tensors: Any

    def __init__(
        self, primitive: Primitive, needs: tuple[bool, ...], names: Sequence[str] | None = None
    ) -> None:
        self.primitive, self.needs = primitive, needs
        self.materialize_grads = primitive.materialize_grads
        self.prunable = not primitive.variadic
        self._pruned: dict[tuple[bool, ...], FormulaVJP] = {}
        used: list[str] = []
        calls = []
        scope: dict[str, Any] = {"needs": needs}
        arrays = (*primitive.inputs, *primitive.outputs, *primitive.aux)
        if primitive.joint is not None:
            wanted = primitive.reads(primitive.joint)
            used += [n for n in wanted if n != "needs"]
            scope["joint"] = primitive.joint
            body = f"joint({', '.join(['g', *wanted])})"
        else:
            for name, need in zip(primitive.inputs, needs, strict=True):
                if need:
                    wanted = primitive.reads(primitive.formulas[name])
                    used += [n for n in wanted if n not in used]
                    scope[f"d_{name}"] = primitive.formulas[name]
                    calls.append(f"d_{name}({', '.join(['g', *wanted])})")
                else:
                    calls.append("None")
            body = _tuple_of(calls)
        self.names = tuple(used if names is None else names)
        self.frees_saved = any(n == "inputs" or n in arrays for n in self.names)
        if names is None:
            self.record = _recorder(primitive, self.names, self)
        self.on_arrays = self._compile("g, saved", (), body, scope)
        connected = [line for n in used if (line := _connection(n, primitive))]
        self.on_tensors = self._compile("node, g", connected, body, scope)

    def _compile(
        self, arguments: str, lines: Sequence[str], body: str, scope: dict[str, Any]
    ) -> Callable[..., Any]:
        """A function of ``arguments``, "g, saved" or "node, g", that returns ``body`` with the
        saved values under their names."""
        saved, title = "saved", "backward"
        if "saved" not in arguments:
            saved, title = "node.saved", "differentiable backward"
        unpack = [f"{_tuple_of(self.names)} = {saved}"] if self.names else []
        text = "\n    ".join([f"def derive({arguments}):", *unpack, *lines, f"return {body}\n"])
        names = {"connected": _connected, "several": _connected_inputs, "__name__": __name__}
        scope = {**scope, **names}
        generated.execute(text, self.filename(title), scope)
        return scope["derive"]

    def filename(self, title: str) -> str:
        """Where debuggers find the code of this vjp."""
        if self.primitive.variadic or all(self.needs):
            return f"<{title} of {self.primitive.name}>"
        wanted = [x for x, need in zip(self.primitive.inputs, self.needs, strict=True) if need]
        return f"<{title} of {self.primitive.name} to {', '.join(wanted)}>"

    def pruned(self, needs: tuple[bool, ...]) -> FormulaVJP:
        """The vjp of fewer gradients, for a node that saved what this one names."""
        vjp = self._pruned.get(needs)
        if vjp is None:
            vjp = self._pruned[needs] = type(self)(self.primitive, needs, self.names)
        return vjp


def _recorder(primitive: Primitive, names: Sequence[str], vjp: FormulaVJP) -> Callable[..., Node]:
    """``(edges, inputs..., outputs..., aux..., params, shapes) -> Node`` that saves what these
    names stand for."""
    inputs = primitive.inputs
    if primitive.variadic and len(inputs) == 1:
        inputs = ("inputs",)
    arrays = (*inputs, *primitive.outputs, *primitive.aux)
    saved = []
    for name in names:
        stem, _, suffix = name.rpartition("_")
        if name in arrays:
            saved.append(name)
        elif name == "shapes":
            saved.append("[getattr(x, 'shape', ()) for x in inputs]")
        elif name in primitive.params:
            saved.append(f"params[{name!r}]")
        elif suffix == "dtype":
            saved.append(f"{stem}.dtype")
        else:
            saved.append(f"getattr({stem}, 'shape', ())")  # a number has none
    scope: dict[str, Any] = {"new": object.__new__, "Node": primitive.node_class, "vjp": vjp,
                             "next_number": next_number, "__name__": __name__}  # fmt: skip
    # One call per op: Node.__init__ and a function for what is saved would cost twice as much.
    source = (
        f"def record(edges, {', '.join(arrays)}, params, shapes):\n"
        "    node = new(Node)\n"
        "    node.edges = edges\n"
        f"    node.saved = {_tuple_of(saved)}\n"
        "    node.vjp = vjp\n"
        "    node.params = params\n"
        "    node.shapes = shapes\n"
        "    node.number = next_number()\n"
        "    return node\n"
    )
    generated.execute(source, vjp.filename("node"), scope)
    return scope["record"]


def _tuple_of(parts: Sequence[str]) -> str:
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def _connection(name: str, primitive: Primitive) -> str:
    """The line that makes of a saved array a Tensor that knows where it came from."""
    if name == "inputs":  # all inputs of an op that takes any number of them
        return "inputs = several(inputs, node.edges)"
    if name in primitive.inputs:
        return f"{name} = connected({name}, node.edges[{primitive.inputs.index(name)}])"
    if name in primitive.outputs and name not in primitive.constant:
        if primitive.differentiated is not None:
            return f"{name} = connected({name}, node)"
        return f"{name} = connected({name}, node.output({primitive.outputs.index(name)}))"
    if name in (*primitive.outputs, *primitive.aux):
        return f"{name} = connected({name}, None)"
    return ""  # a parameter, a shape or a dtype


def _connected(value: Any, node: Any) -> Any:
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return TensorBase.wrap(value, node)
    return value  # a number in place of a tensor


def _connected_inputs(values: Any, edges: Any) -> list[Any]:
    return [TensorBase.wrap(v, e) for v, e in zip(values, edges, strict=True)]


class ConjugatedVJP(FormulaVJP):
    """The formulas of a holomorphic op on complex numbers.

    The gradient of a real loss L by z = x + iy is, as in PyTorch, dL/dx + i dL/dy: of w = f(z) it
    is ``g * conj(f'(z))``. A formula is linear in ``g``, so that is ``conj(formula(conj(g)))``,
    with what it saved as it is.
    """

    def __init__(
        self, primitive: Primitive, needs: tuple[bool, ...], names: Sequence[str] | None = None
    ) -> None:
        super().__init__(primitive, needs, names)
        on_arrays, on_tensors = self.on_arrays, self.on_tensors
        self.on_arrays = lambda g, saved: _conjugates(on_arrays(_conjugates(g), saved))
        self.on_tensors = lambda node, g: _conjugates(on_tensors(node, _conjugates(g)))


def _conjugates(x: Any) -> Any:
    """The conjugate, or that of each of several; None where there is none."""
    if x.__class__ is tuple:
        return tuple(map(_conjugates, x))
    return None if x is None else late_bound.conj(x)


class WideVJP(FormulaVJP):
    """The formulas on 16-bit floats: computed in float32, each gradient rounded once."""

    def __init__(
        self, primitive: Primitive, needs: tuple[bool, ...], names: Sequence[str] | None = None
    ) -> None:
        super().__init__(primitive, needs, names)
        on_arrays = self.on_arrays

        def wide(g: Any, saved: tuple[Any, ...]) -> tuple[Any, ...]:
            gradients = on_arrays(widened(g), tuple(map(widened, saved)))
            return tuple([None if d is None else d.astype(g.dtype) for d in gradients])

        self.on_arrays = wide


class FusedVJP(FormulaVJP):
    """The hand-written backward on arrays; gradients of gradients come from the composite."""

    def __init__(self, primitive: Primitive, needs: tuple[bool, ...], *_: Any) -> None:
        self.primitive, self.needs = primitive, needs
        self.materialize_grads, self.prunable = primitive.materialize_grads, True
        self._pruned = {}
        backward = primitive.backward
        assert backward is not None
        wanted = primitive.reads(backward)
        extra = [n for n in wanted if n not in ("xp", "needs") and n not in primitive.inputs]
        self.names = (*primitive.inputs, *extra)
        self.record = _recorder(primitive, self.names, self)
        scope = {"backward": backward, "needs": needs, "module": _module_of_gradient}
        scope |= {"np": np, "ndarray": np.ndarray}
        xp = "np if g.__class__ is ndarray else module(g)"
        given = ", ".join(xp if n == "xp" else n for n in wanted)
        if primitive.variadic:
            raise TypeError(f"{primitive.name}: a fused op names each of its inputs")
        self.on_arrays = self._compile("g, saved", (), f"backward(g, {given})", scope)
        self.on_tensors = self._through_composite

    def _through_composite(self, node: Node, g: Any) -> Any:
        primitive = self.primitive
        n = len(primitive.inputs)
        inputs = [_connected(x, edge) for x, edge in zip(node.saved[:n], node.edges, strict=True)]
        # Each input gets a node of its own, so that one tensor used twice gets two gradients.
        inputs = [
            late_bound.alias(x) if need else x for x, need in zip(inputs, self.needs, strict=True)
        ]
        outputs = primitive.composite(*inputs, **node.params)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        if primitive.differentiated is not None:
            outputs = (outputs[primitive.differentiated],)
        gs = g if isinstance(g, tuple) else (g,)
        pairs = [
            (o._node, one)
            for o, one in zip(outputs, gs, strict=False)
            if one is not None and isinstance(o, TensorBase) and o._node is not None
        ]
        targets = [x._node if need else None for x, need in zip(inputs, self.needs, strict=True)]
        found = late_bound.run_backward(
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
