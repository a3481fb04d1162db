"""How a differentiable op is written: a forward on arrays, and one formula per input next to it.

    @primitive
    def tanh(xp, a):
        return xp.tanh(a)

    tanh.defvjp(a=lambda g, y: g * (1 - y * y))

The forward gets the array module ``xp`` (NumPy, CuPy, ...), the input arrays, and keyword-only parameters. A formula gets the
gradient ``g`` of the output and whatever else it *names*: ``y`` (the output; of several outputs, their names), an input, ``<input>_shape``,
``<input>_dtype`` or a parameter. Exactly that is saved by the forward pass, nothing else.
Formulas use operators and other primitives only, so that one text serves twice: on raw arrays in an ordinary backward pass, and on Tensors
when the gradient is to be differentiated again (``create_graph=True``).

A ``fused`` op has a hand-written backward on arrays instead of formulas, and a *composite*: the same function in plain ops, which serves double
backward, is the reference of the tests, and is what a learner reads first.

Called with raw arrays a primitive returns raw arrays; called with at least one Tensor it returns Tensors.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..backend import array_module, common_module, describe, describe_one, dtypes
from .modes import GRAD, LISTENING, state
from .node import Node
from .versions import mark_written, next_number, owner_of

ndarray = np.ndarray
_FLOATS = frozenset(d.numpy for d in dtypes.ALL if d.is_floating_point and d._numpy is not None)
PRIMITIVES: dict[str, Primitive] = {}
"""Every registered primitive by name."""


class TensorBase:
    """What autograd knows of a Tensor. ``tensor.py`` derives the class that users see.

    Attributes:
        array: the raw array.
        _grad: the accumulated gradient, a Tensor or None; users see it as ``grad``.
        _node: the node that made this tensor; a leaf's AccumulateGrad; None when no gradient is wanted.
        _view: how this tensor views another one's memory, or None.
    """

    __slots__ = ("__dict__", "__weakref__", "_grad", "_node", "_view", "array")

    array: Any
    _grad: Any
    _node: Any
    _view: Any

    @staticmethod
    def wrap(array: Any, node: Any = None) -> Any:
        """A Tensor around a raw array, without any check or copy."""
        if not hasattr(array, "shape") or isinstance(array, np.generic):
            array = np.asarray(array)
        t = _new(_Tensor)
        t.array = array
        t._grad = None
        t._node = node
        t._view = None
        return t


_new: Callable[[type], Any] = object.__new__
_Tensor: Any = TensorBase


def register_result_class(cls: type) -> None:
    """Name the class of which primitives return instances."""
    global _Tensor
    _Tensor = cls


def result_class() -> Any:
    """The class of which primitives return instances."""
    return _Tensor


def as_raw(value: Any, like: Any = None) -> Any:
    """A gradient as an array: NumPy reductions give scalars, which nobody could write to; a leaf wants its own dtype."""
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if like is not None and value.dtype != like.dtype:
        value = value.astype(like.dtype)
    return value


class View:
    """How a tensor came to share another's memory: ``primitive(parent, **params)``.

    Attributes:
        root: the tensor at the end of the chain of parents, which owns the history of the memory.
        stamp: the root's node when the view's own node was made; another one now means that history was rewritten.
        frozen: why writing to this view can't be recorded ("no_grad", "several outputs"), or None; "data" marks what ``.data``
            gave, which shares memory but no history.
    """

    __slots__ = ("frozen", "params", "parent", "primitive", "root", "stamp")

    def __init__(self, parent: Any, primitive: Any, params: dict[str, Any], frozen: str | None = None) -> None:
        above = parent._view
        self.parent, self.primitive, self.params, self.frozen = parent, primitive, params, frozen
        self.root = root = parent if above is None or above.frozen == "data" else above.root
        self.stamp = root._node


def current_node(tensor: Any) -> Any:
    """The tensor's node; of a view whose root was written in place since, made anew from the root's new history."""
    view = tensor._view
    if view is None or view.stamp is view.root._node or view.frozen == "no_grad":
        return tensor._node
    parent_node = current_node(view.parent)
    if view.frozen == "dtype":
        return tensor._node
    if view.frozen is not None:
        raise RuntimeError(
            "a view of a tensor that was written in place afterwards can't be given its gradient: "
            "it is one of several outputs of one op (split, chunk, unbind), or came from a custom Function. "
            "Use .clone() on it, or index the base tensor instead"
        )
    view.stamp = view.root._node
    tensor._node = view.primitive.record((view.parent.array,), (parent_node,), view.params, tensor.array)
    return tensor._node


class Plan:
    """How one op sends gradients back, for one choice of the inputs that want one.

    Attributes:
        node: ``(edges, inputs..., outputs..., params, shapes) -> Node`` records the op and saves what the derivative names.
        rule: ``(g, saved) -> gradients`` per input, None where none is wanted.
        names: what ``saved`` holds.
        borrows: the results may share memory with something else.
        keeps_missing: a missing gradient of one of several outputs reaches the rule as None, not as zeros.
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
    return scope["rule"]  # type: ignore[no-any-return]


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
        inputs = [alias(x) if need else x for x, need in zip(inputs, self.needs, strict=True)]
        outputs = primitive.composite(*inputs, **node.params)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        gs = g if isinstance(g, tuple) else (g,)
        pairs = [
            (o._node, one)
            for o, one in zip(outputs, gs, strict=False)
            if one is not None and isinstance(o, TensorBase) and o._node is not None
        ]
        targets = [x._node if need else None for x, need in zip(inputs, self.needs, strict=True)]
        found = run_backward(
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


def _reconnect(node: Node, names: Sequence[str], saved: Sequence[Any], primitive: Primitive) -> list[Any]:
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


class Primitive:
    """One op that the engine knows by name. Made by the decorators ``primitive`` and ``fused``.

    Attributes:
        name: what graphs, profiles and error messages call it.
        kernel: ``(xp, *arrays, **params) -> array`` or a tuple of arrays.
        inputs, params, outputs: names, in order.
        aux: names of further arrays that the kernel returns, for the backward only.
        constant: the outputs that have no gradient (indices).
        broadcasts: the inputs are broadcast together, so their gradients are summed back to their shapes.
        promotes: None, "same" (inputs are brought to their common dtype) or "float" (and an integer one to the default float).
        view: the result may share the input's memory.
        formulas: the derivative per input.
        composite: a fused op's definition in plain ops.
        domain: where a pointwise op is defined and smooth: (low, high), for the gradient checks.
        kinks: points at which its derivative jumps.
    """

    def __init__(self, kernel: Callable[..., Any], **options: Any) -> None:
        self.kernel = kernel
        self.name: str = options.pop("name", None) or kernel.__name__.strip("_")
        self.outputs: tuple[str, ...] = options.pop("outputs", ("y",))
        self.constant = frozenset(options.pop("constant", ()))
        self.aux: tuple[str, ...] = options.pop("aux", ())
        self.broadcasts: bool = options.pop("broadcasts", False)
        self.promotes: str | None = options.pop("promotes", None)
        self.view: bool = options.pop("view", False)
        self.composite: Any = options.pop("composite", None)
        self.keeps_missing: bool = options.pop("keeps_missing", False)
        self.domain: tuple[float | None, float | None] = options.pop("domain", (None, None))
        self.kinks: tuple[float, ...] = options.pop("kinks", ())
        if options:
            raise TypeError(f"primitive {self.name}: unknown options {sorted(options)}")
        parameters = list(inspect.signature(kernel).parameters.values())[1:]
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.inputs = tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)
        self.params = tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
        self.formulas: dict[str, Callable[..., Any]] = {}
        self.joint: Callable[..., Any] | None = None
        self.backward: Callable[..., Any] | None = None
        self._plans: dict[tuple[bool, ...], Plan] = {}
        camel = "".join(part.capitalize() for part in self.name.split("_"))
        self.node_class = type(f"{camel}Backward0", (Node,), {"__slots__": (), "primitive": self})
        if self.name in PRIMITIVES:
            raise ValueError(f"a primitive named {self.name!r} exists already")
        PRIMITIVES[self.name] = self

    def __repr__(self) -> str:
        return f"<primitive {self.name}({', '.join((*self.inputs, *self.params))})>"

    def __reduce__(self) -> Any:
        return PRIMITIVES.__getitem__, (self.name,)

    # -- derivatives ---------------------------------------------------------------------------------------------------

    def defvjp(self, **formulas: Callable[..., Any]) -> None:
        """Give the derivative per input: ``input=lambda g, <names>: ...``."""
        for name, formula in formulas.items():
            if name not in self.inputs:
                raise TypeError(f"primitive {self.name} has no input {name!r}; it has {self.inputs}")
            self.reads(formula)
        self.formulas.update(formulas)

    def defvjp_joint(self, formula: Callable[..., Any]) -> Callable[..., Any]:
        """Give all derivatives at once, where they share work: ``f(g, needs, <names>)`` returns one gradient per input."""
        self.reads(formula)
        self.joint = formula
        self.formulas = dict.fromkeys(self.inputs, formula)
        return formula

    def defbackward(self, backward: Callable[..., Any]) -> Callable[..., Any]:
        """Give a fused op's backward on arrays: ``f(g, xp, needs, <names>)`` returns one gradient array per input."""
        if self.composite is None:
            raise TypeError(f"{self.name}: only a fused op, which has a composite, takes a backward on arrays")
        self.reads(backward)
        self.backward = backward
        self.formulas = dict.fromkeys(self.inputs, backward)
        return backward

    def reads(self, formula: Callable[..., Any]) -> list[str]:
        """The names that a formula asks for, checked."""
        names = list(inspect.signature(formula).parameters)[1:]
        known = {*self.inputs, *self.params, *self.outputs, *self.aux, "needs"}
        known |= {f"{i}_shape" for i in self.inputs} | {f"{i}_dtype" for i in self.inputs}
        if self.variadic:
            known |= {"inputs", "shapes"}
        if self.composite is not None:
            known.add("xp")
        for name in names:
            if name not in known:
                raise TypeError(
                    f"the derivative of {self.name} names {name!r}, which it can't have: it may name g, {', '.join(sorted(known))}"
                )
        return names

    def compile_node(self, names: Sequence[str], plan: Plan) -> Callable[..., Any]:
        """``(edges, inputs..., outputs..., aux..., params, shapes) -> Node`` that saves what these names stand for."""
        inputs = ("inputs",) if self.variadic and len(self.inputs) == 1 else self.inputs
        picks = []
        for name in names:
            stem, _, suffix = name.rpartition("_")
            if name == "shapes":
                picks.append("[shape_of(x) for x in inputs]")
            elif name in (*inputs, *self.outputs, *self.aux):
                picks.append(name)
            elif name in self.params:
                picks.append(f"params[{name!r}]")
            else:
                picks.append(f"{stem}.dtype" if suffix == "dtype" else f"shape_of({stem})")
        given = ", ".join((*inputs, *self.outputs, *self.aux))
        scope = {
            "new": object.__new__, "Node": self.node_class, "plan": plan, "next_number": next_number,
            "shape_of": lambda x: getattr(x, "shape", ()),
        }  # fmt: skip
        # One call per op: Node.__init__ and a function for what is saved would cost twice as much.
        exec(
            f"def record(edges, {given}, params, shapes):\n"
            "    node = new(Node)\n"
            "    node.edges = edges\n"
            f"    node.saved = ({', '.join(picks)}{',' if picks else ''})\n"
            "    node.plan = plan\n"
            "    node.params = params\n"
            "    node.shapes = shapes\n"
            "    node.number = next_number()\n"
            "    return node\n",
            scope,
        )
        return scope["record"]  # type: ignore[return-value]

    def plan(self, needs: tuple[bool, ...]) -> Plan:
        """The compiled derivative for these inputs."""
        plan = self._plans.get(needs)
        if plan is None:
            plan = self._plans[needs] = (FusedPlan if self.backward else Plan)(self, needs)
        return plan

    # -- the call ------------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **params: Any) -> Any:
        """Run the op: the general path, which serves every case. The closures below shorten the common ones."""
        if state.flags & LISTENING:
            for transform in state.transforms:
                args = transform(self, args)
        arrays = [x.array if isinstance(x, TensorBase) else x for x in args]
        boxed = any(isinstance(x, TensorBase) for x in args)
        if self.promotes is not None and boxed:
            args, arrays = self._promote(args, arrays)
        xp = common_module(self.name, arrays)
        try:
            results = self.kernel(xp, *arrays, **params)
        except (ValueError, TypeError, IndexError, OverflowError) as error:
            raise explain(self, error, arrays, params) from error
        if type(results) is not tuple:
            results = (results,)
        n = len(results) - len(self.aux)
        if not boxed:
            if not any(hasattr(x, "dtype") for x in arrays):
                raise TypeError(f"{self.name}(): expected a Tensor, got {describe(arrays)}")
            return results[0] if n == 1 and self.outputs != ("many",) else results[:n]
        outputs = [TensorBase.wrap(r) for r in results[:n]]
        if state.flags & GRAD and self.formulas:
            nodes = tuple(current_node(x) if isinstance(x, TensorBase) else None for x in args)
            if any(node is not None for node in nodes):
                self._attach(nodes, arrays, results, outputs, params)
        if self.view:
            parent = args[0]
            frozen = None if state.flags & GRAD else "no_grad"
            if n > 1 or self.outputs == ("many",):
                frozen = "several outputs"
            for out in outputs:
                if _shares_memory(out.array, parent.array):
                    out._view = View(parent, self, params, frozen)
        if state.flags & LISTENING:
            for listener in state.listeners:
                listener(self, args, params, outputs)
        return outputs[0] if n == 1 and self.outputs != ("many",) else tuple(outputs)

    def as_view(self, input: Any, y: Any, params: dict[str, Any]) -> Any:
        """The Tensor around ``y``, which is this one-input op's result on a NumPy-backed Tensor."""
        a = input.array
        out = _new(_Tensor)
        out.array = y
        out._grad = None
        node = input._node if input._view is None else current_node(input)
        if node is not None and state.flags:
            plan = self.plan((True,))
            out._node = plan.node((node,), a, y, params, None)
        else:
            out._node = None
        base = y.base
        if base is not None and (base is a or base is a.base or _shares_memory(y, a)):
            out._view = View(input, self, params, None if state.flags else "no_grad")
        else:
            out._view = None
        return out

    def _attach(
        self, nodes: tuple[Any, ...], arrays: Sequence[Any], results: Any, outputs: list[Any], params: Any
    ) -> None:
        """Give the outputs their node."""
        n = len(outputs)
        node = self._make_node(nodes, arrays, results, params)
        if node is None:
            return
        if n == 1 and self.outputs != ("many",):
            if outputs[0].array.dtype in _FLOATS:
                outputs[0]._node = node
            return
        node.outputs = [(o.array.shape, o.array.dtype) for o in outputs]
        for i, out in enumerate(outputs):
            named = self.outputs[i] if len(self.outputs) == n else None
            if named not in self.constant and out.array.dtype in _FLOATS:
                out._node = node.output(i)

    def _make_node(self, nodes: tuple[Any, ...], arrays: Sequence[Any], results: Any, params: Any) -> Any:
        formulas = self.formulas
        if self.variadic and self.joint is not None:
            needs = (True,)
            edges = nodes
        else:
            edges = tuple(
                [node if name in formulas else None for name, node in zip(self.inputs, nodes, strict=False)]
            )
            needs = tuple([edge is not None for edge in edges])
            if len(needs) < len(self.inputs):
                needs += (False,) * (len(self.inputs) - len(needs))
                arrays = [*arrays, *([None] * (len(self.inputs) - len(arrays)))]
                edges += (None,) * (len(self.inputs) - len(edges))
        if not any(edge is not None for edge in edges):
            return None
        plan = self.plan(needs)
        given: Sequence[Any] = arrays
        if self.variadic:
            named = len(self.inputs) - 1
            given = (*arrays[:named], arrays[named:])
        outs = (results,) if self.outputs == ("many",) else results
        shapes = None
        if self.broadcasts:
            shapes = tuple([getattr(x, "shape", ()) for x in arrays])
            if all(s == shapes[0] for s in shapes):
                shapes = None
        node = plan.node(edges, *given, *outs, params, shapes)
        if state.saved_hooks is not None:
            state.saved_hooks.keep(node)
        return node

    def record(self, arrays: Sequence[Any], nodes: Sequence[Any], params: dict[str, Any], result: Any) -> Any:
        """A node as if the op had been run on these arrays with this result; None when no input wants a gradient."""
        return self._make_node(tuple(nodes), arrays, (result,), params)

    def _promote(self, args: Sequence[Any], arrays: Sequence[Any]) -> tuple[Any, Any]:
        operands = [x for x in arrays if x is not None]
        try:
            target = dtypes.result_type(*operands)
        except TypeError as error:
            raise TypeError(f"{self.name}(): {error}. Got {describe(arrays)}") from None
        if self.promotes == "float" and not target.is_floating_point:
            target = dtypes.get_default_dtype()
        wanted = target.numpy
        args = [
            cast(x, dtype=target.name) if hasattr(a, "dtype") and a.dtype != wanted else x
            for x, a in zip(args, arrays, strict=True)
        ]
        return args, [x.array if isinstance(x, TensorBase) else x for x in args]


def _shares_memory(a: Any, b: Any) -> bool:
    return owner_of(a) is owner_of(b)


def explain(primitive: Primitive, error: Exception, arrays: Sequence[Any], params: dict[str, Any]) -> Exception:
    """The exception to raise for a kernel's: op, operands and reason. Bad shapes are RuntimeErrors, as in PyTorch."""
    given = ", ".join(
        [
            *(f"{n}={describe_one(a)}" for n, a in zip(primitive.inputs, arrays, strict=False)),
            *(f"{k}={v!r}" for k, v in params.items()),
        ]
    )
    if primitive.variadic:
        given = describe(arrays)
    kind = RuntimeError if isinstance(error, (ValueError, OverflowError)) else type(error)
    try:
        return kind(f"{primitive.name}({given}): {error}")
    except TypeError:  # an exception class with a constructor of its own (NumPy's AxisError)
        return IndexError(f"{primitive.name}({given}): {error}")


def primitive(kernel: Any = None, /, **options: Any) -> Any:
    """Register a differentiable op; see the module's docstring. Options: those of ``Primitive``."""
    if kernel is None:
        return lambda k: primitive(k, **options)
    return _callable(Primitive(kernel, **options))


def fused(*, composite: Callable[..., Any], **options: Any) -> Any:
    """Register an op with a hand-written backward on arrays (``defbackward``) and its definition in plain ops."""
    return lambda kernel: _callable(Primitive(kernel, composite=composite, **options))


def _callable(p: Primitive) -> Any:
    """The function that stands for a primitive: a shortened call where the signature allows one."""
    plain = p.outputs == ("y",) and not (p.aux or p.composite or p.variadic)
    call: Callable[..., Any]
    if plain and p.view and len(p.inputs) == 1:
        call = _viewing(p)
    elif plain and len(p.inputs) == 1 and not p.params:
        call = _unary(p)
    elif plain and len(p.inputs) == 2 and not p.params:
        call = _binary(p)
    elif plain and len(p.inputs) == 1:
        call = _parametrized(p)
    elif plain and len(p.inputs) == 2:

        def call(input: Any, other: Any, **params: Any) -> Any:
            if input.__class__ is ndarray and other.__class__ is ndarray:
                return p.kernel(np, input, other, **params)
            return p(input, other, **params)

    else:

        def call(*args: Any, **params: Any) -> Any:
            return p(*args, **params)

    functools.update_wrapper(call, p.kernel, assigned=("__module__", "__doc__"))
    call.__name__ = call.__qualname__ = p.name
    call.primitive = p  # type: ignore[attr-defined]
    call.defvjp = p.defvjp  # type: ignore[attr-defined]
    call.defvjp_joint = p.defvjp_joint  # type: ignore[attr-defined]
    call.defbackward = p.defbackward  # type: ignore[attr-defined]
    return call


def _unary(p: Primitive) -> Callable[..., Any]:
    kernel, as_float = p.kernel, p.promotes == "float"
    plan = None

    def call(input: Any, *, out: Any = None) -> Any:
        nonlocal plan
        if out is not None:
            return write_out(p.name, out, call(input))
        flags = state.flags
        if flags > GRAD or not isinstance(input, TensorBase):
            return p(input)
        a = input.array
        if a.__class__ is not ndarray or (as_float and a.dtype.kind != "f"):
            return p(input)
        y = kernel(np, a)
        out = _new(_Tensor)
        out.array = y if y.__class__ is ndarray else np.asarray(y)
        out._grad = None
        out._view = None
        node = input._node if input._view is None else current_node(input)
        if node is None or not flags or not p.formulas:
            out._node = None
            return out
        if plan is None:
            plan = p.plan((True,))
        out._node = plan.node((node,), a, out.array, None, None)
        return out

    return call


def _parametrized(p: Primitive) -> Callable[..., Any]:
    kernel, as_float = p.kernel, p.promotes == "float"
    plan = None

    def call(input: Any, **params: Any) -> Any:
        nonlocal plan
        if input.__class__ is ndarray:
            return kernel(np, input, **params)
        flags = state.flags
        if flags > GRAD or not isinstance(input, TensorBase):
            return p(input, **params)
        a = input.array
        if a.__class__ is not ndarray or (as_float and a.dtype.kind != "f"):
            return p(input, **params)
        try:
            y = kernel(np, a, **params)
        except (ValueError, TypeError, IndexError, OverflowError) as error:
            raise explain(p, error, (a,), params) from error
        out = _new(_Tensor)
        # `transfer` gives an array of another device; reductions give NumPy scalars.
        out.array = np.asarray(y) if isinstance(y, np.generic) else y
        out._grad = None
        out._view = None
        node = input._node if input._view is None else current_node(input)
        if node is None or not flags or not p.formulas or y.dtype not in _FLOATS:
            out._node = None
            return out
        if plan is None:
            plan = p.plan((True,))
        out._node = plan.node((node,), a, out.array, params, None)
        return out

    return call


def _viewing(p: Primitive) -> Callable[..., Any]:
    kernel = p.kernel

    def call(input: Any, **params: Any) -> Any:
        if input.__class__ is ndarray:
            return kernel(np, input, **params)
        if state.flags > GRAD or not isinstance(input, TensorBase) or input.array.__class__ is not ndarray:
            return p(input, **params)
        try:
            y = kernel(np, input.array, **params)
        except (ValueError, TypeError, IndexError, OverflowError) as error:
            raise explain(p, error, (input.array,), params) from error
        return p.as_view(input, y, params)

    return call


def _binary(p: Primitive) -> Callable[..., Any]:
    kernel, formulas = p.kernel, p.formulas
    as_float, broadcasts = p.promotes == "float", p.broadcasts
    first, second = p.inputs
    plans: dict[Any, Plan] = {}

    def call(input: Any, other: Any, *, out: Any = None) -> Any:
        if out is not None:
            return write_out(p.name, out, call(input, other))
        flags = state.flags
        if flags > GRAD or not isinstance(input, TensorBase):
            return p(input, other)
        a = input.array
        na = input._node if input._view is None else current_node(input)
        if isinstance(other, TensorBase):
            b = other.array
            nb = other._node if other._view is None else current_node(other)
            if b.__class__ is not ndarray or b.dtype is not a.dtype:
                return p(input, other)
        elif other.__class__ is float or other.__class__ is int:
            if a.dtype.kind != "f":
                return p(input, other)
            b = other
            nb = None
        else:
            return p(input, other)
        if a.__class__ is not ndarray or (as_float and a.dtype.kind != "f"):
            return p(input, other)
        try:
            y = kernel(np, a, b)
        except (ValueError, TypeError, OverflowError) as error:
            raise explain(p, error, (a, b), {}) from error
        out = _new(_Tensor)
        out.array = y if y.__class__ is ndarray else np.asarray(y)
        out._grad = None
        out._view = None
        if not flags or (na is None and nb is None) or not formulas:
            out._node = None
            return out
        needs = (na is not None, nb is not None)
        plan = plans.get(needs)
        if plan is None:
            if len(formulas) < 2:
                needs = (needs[0] and first in formulas, needs[1] and second in formulas)
                if not any(needs):
                    out._node = None
                    return out
                na, nb = na if needs[0] else None, nb if needs[1] else None
                plan = p.plan(needs)
            else:
                plan = plans[needs] = p.plan(needs)
        shapes = None
        if broadcasts and b is not other and a.shape != b.shape:
            shapes = (a.shape, b.shape)
        out._node = plan.node((na, nb), a, b, out.array, None, shapes)
        return out

    return call


def write_out(op: str, out: Any, result: Any) -> Any:
    """Store a result in the tensor given as ``out=``, which takes the result's shape; returns ``out``.

    Raises:
        RuntimeError: ``out`` requires a gradient, or its dtype can't hold the result.
    """
    if isinstance(result, tuple):
        return tuple(write_out(op, o, r) for o, r in zip(out, result, strict=True))
    if not isinstance(out, TensorBase):
        raise TypeError(f"{op}(): argument 'out' must be Tensor, not {type(out).__name__}")
    if state.flags & GRAD and (out._node is not None or result._node is not None):
        raise RuntimeError(
            f"{op}(): functions with out=... arguments don't support automatic differentiation, but one of the arguments requires grad."
        )
    have, want = dtypes.from_numpy(result.array.dtype), dtypes.from_numpy(out.array.dtype)
    if not dtypes.can_cast(have, want):
        raise RuntimeError(
            f"{op}(): result type {have.name} can't be cast to the desired output type {want.name}"
        )
    if out.array.shape == result.array.shape:
        out.array[...] = result.array
    else:
        out.array = result.array.astype(out.array.dtype)
    mark_written(out.array, f"{op}(out=...)")
    return out


# What this module calls but lies above it: the modules that define these hand them over when they are imported.
cast: Any = None
alias: Any = None
run_backward: Any = None


def provide(**functions: Any) -> None:
    """Hand over ``cast``, ``alias`` (structural.py) and ``run_backward`` (engine.py)."""
    globals().update(functions)
