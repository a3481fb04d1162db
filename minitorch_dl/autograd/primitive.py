"""How a differentiable op is written: a forward on arrays, and one formula per input next to it.

    @primitive
    def tanh(xp, a):
        return xp.tanh(a)

    tanh.defvjp(a=lambda g, y: g * (1 - y * y))

The forward gets the array module ``xp`` (NumPy, CuPy, ...), the input arrays, and keyword-only
parameters. A formula gets the gradient ``g`` of the output and whatever else it *names*: ``y`` (the
output; of several outputs, their names), an input, ``<input>_shape``, ``<input>_dtype`` or a
parameter. Exactly that is saved by the forward pass, nothing else. Formulas use operators and other
primitives only, so that one text serves twice: on raw arrays in an ordinary backward pass, and on
Tensors when the gradient is to be differentiated again (``create_graph=True``).

Where a public function of that name checks arguments first, the primitive behind it is ``tanh_p``.

A ``fused`` op has a hand-written backward on arrays instead of formulas, and a *composite*: the
same function in plain ops, which serves double backward, is the reference of the tests, and is what
a learner reads first.

Called with raw arrays a primitive returns raw arrays; called with at least one Tensor it returns
Tensors.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from ..backend import common_module, devices, dtypes
from ..backend.blocks import by_blocks
from ..backend.precision import in_float32
from . import fast_paths
from .base import NO_GRAD, ORDINARY, TensorBase, View, ViewKind, current_node, late_bound
from .errors import KERNEL_ERRORS, complex_refused, handle_kernel_error, no_tensor, not_implemented
from .fast_paths import BFLOAT16, DIFFERENTIABLE, shares_memory
from .modes import GRAD, LISTENING, records, state
from .node import Node
from .node_names import node_class
from .operands import NUMBERS, any_complex, any_half, as_tensor, keep_bfloat16, promote, weak
from .out_argument import write_out
from .torch_function import PLAIN, call_override, overriding
from .vjp import ConjugatedVJP, FormulaVJP, FusedVJP, WideVJP

__all__ = [
    "PRIMITIVES", "Primitive", "TensorBase", "View", "current_node", "fused", "primitive",
    "register_result_class", "write_out",
]  # fmt: skip

ndarray = np.ndarray
_PACKAGE = f"{__package__.partition('.')[0]}."
PRIMITIVES: dict[str, Primitive] = {}
"""Every registered primitive by name."""


def register_result_class(cls: type) -> None:
    """Name the class of which primitives return instances."""
    late_bound.Tensor = cls
    PLAIN.add(cls)
    fast_paths.use_result_class(cls)


class Primitive:
    """One op that the engine knows by name. Made by the decorators ``primitive`` and ``fused``.

    Args and attributes:
        kernel: ``(xp, *arrays, **params) -> array`` or a tuple of arrays.
        name: what graphs, profiles and error messages call it; the kernel's name unless given.
        grad_fn: PyTorch's name of its nodes, where that isn't ``<Name>Backward0``.
        edge_order: the inputs in the order in which ``next_functions`` lists them, where PyTorch's
            is another.

        outputs: their names, in order.
        constant: the outputs that have no gradient (indices).
        aux: names of further arrays that the kernel returns, for the backward only.

        broadcasts: the inputs are broadcast together, so their gradients are summed back to their
            shapes.
        promotes: None, "same" (inputs are brought to their common dtype) or "float" (and an integer
            one to the default float).
        wide: 16-bit floats are computed in float32, the result and each gradient rounded once.
            "numbers": beside numbers, which keep all their digits. By default where a formula's op
            promotes to floats.
        complex: what becomes of complex numbers. False: they are refused. "holomorphic": the
            formulas are the complex derivatives, which the engine conjugates as PyTorch's
            convention wants. True: the formulas hold as they read (those of views always do). A
            fused op runs its composite on them.
        min_kind: "bool", "integer" or "float": operands that are all of a lower kind are refused.
        tensors: the inputs of a broadcasting op in whose place no Python number may stand.
        numbers: all inputs may be Python numbers: the first one is then a 0-d tensor.
        check: called with the operands before they are promoted, to refuse some of them.
        exact: the tensor given as ``out=`` must have the result's dtype.

        view: the result may share the input's memory.
        blocks: the kernel and the formulas are several pointwise operations each, on one dtype,
            which of large arrays are done block by block.
        materialize_grads: of several outputs, those that nothing used have gradients of zeros,
            not None.
        composite: a fused op's definition in plain ops.

    Attributes:
        inputs, params: names, in order.
        differentiated: the index of the only output that has a gradient, which is then ``g``; None
            where several have, and ``g`` is a tuple.
        refused: the dtypes below ``min_kind``.
        formulas: the derivative per input.
        node_class: the class of its nodes.
    """

    def __init__(
        self,
        kernel: Callable[..., Any],
        *,
        name: str | None = None,
        grad_fn: str | None = None,
        edge_order: tuple[str, ...] = (),
        outputs: tuple[str, ...] = ("y",),
        constant: tuple[str, ...] = (),
        aux: tuple[str, ...] = (),
        broadcasts: bool = False,
        promotes: str | None = None,
        wide: bool | str | None = None,
        complex: bool | str | None = None,
        min_kind: str = "bool",
        tensors: tuple[str, ...] = (),
        numbers: bool = False,
        check: Callable[..., None] | None = None,
        exact: bool = False,
        view: bool = False,
        blocks: bool = False,
        materialize_grads: bool = True,
        composite: Any = None,
    ) -> None:
        self.kernel = by_blocks(kernel) if blocks else kernel
        self.name = name or kernel.__name__.removesuffix("_p")
        camel = "".join(part.capitalize() for part in self.name.split("_"))
        self.node_class = node_class(self, grad_fn or f"{camel}Backward0")
        self.edge_order = edge_order
        self.outputs, self.constant, self.aux = outputs, frozenset(constant), aux
        derived = [i for i, output in enumerate(outputs) if output not in constant]
        several = len(derived) != 1 or outputs == ("many",)
        self.differentiated: int | None = None if several else derived[0]
        self.broadcasts, self.promotes = broadcasts, promotes
        self.wide = promotes == "float" and composite is None if wide is None else wide
        self.complex = view if complex is None else complex
        lowest = dtypes.KINDS[min_kind]
        self.refused = frozenset([d._numpy for d in dtypes.ALL if d.kind < lowest])
        self.tensors, self.numbers, self.check = frozenset(tensors), numbers, check
        self.exact, self.view, self.blocks = exact, view, blocks
        self.materialize_grads, self.composite = materialize_grads, composite
        (_, *inputs), rest, params = _parameters(kernel)
        self.variadic = bool(rest)
        self.inputs, self.params = (*inputs, *rest), params
        self.formulas: dict[str, Callable[..., Any]] = {}
        self.joint: Callable[..., Any] | None = None
        self.backward: Callable[..., Any] | None = None
        self.public: Callable[..., Any] = self
        self._vjps: dict[tuple[type[FormulaVJP], tuple[bool, ...]], FormulaVJP] = {}
        earlier = PRIMITIVES.get(self.name)
        # A user's own may be defined again: a notebook's cell that is run twice.
        if (
            earlier is not None
            and earlier.kernel.__module__.startswith(_PACKAGE)
            and _line(earlier.kernel) != _line(kernel)  # else its file is loaded again
        ):
            raise ValueError(f"a primitive named {self.name!r} exists already")
        PRIMITIVES[self.name] = self

    def __repr__(self) -> str:
        return f"<primitive {self.name}({', '.join((*self.inputs, *self.params))})>"

    def __reduce__(self) -> Any:
        return PRIMITIVES.__getitem__, (self.name,)

    # -- derivatives -------------------------------------------------------------------------------

    def defvjp(self, **formulas: Callable[..., Any]) -> None:
        """Give the derivative per input: ``input=lambda g, <names>: ...``."""
        for name, formula in formulas.items():
            if name not in self.inputs:
                raise TypeError(
                    f"primitive {self.name} has no input {name!r}; it has {self.inputs}"
                )
            self.reads(formula)
        if self.blocks:
            formulas = {name: by_blocks(formula) for name, formula in formulas.items()}
        self.formulas.update(formulas)

    def defvjp_joint(self, formula: Callable[..., Any]) -> Callable[..., Any]:
        """Give all derivatives at once, where they share work: ``f(g, needs, <names>)`` returns one
        gradient per input."""
        self.reads(formula)
        self.joint = formula
        self.formulas.update(dict.fromkeys(self.inputs, formula))
        return formula

    def defbackward(self, backward: Callable[..., Any]) -> Callable[..., Any]:
        """Give a fused op's backward on arrays: ``f(g, xp, needs, <names>)`` returns one gradient
        array per input."""
        if self.composite is None:
            raise TypeError(
                f"{self.name}: only a fused op, which has a composite, takes a backward on arrays"
            )
        self.reads(backward)
        self.backward = backward
        self.formulas.update(dict.fromkeys(self.inputs, backward))
        return backward

    def reads(self, formula: Callable[..., Any]) -> list[str]:
        """The names that a formula asks for, checked."""
        taken = {"g", "xp", "needs", "edges", "node", *self.outputs, *self.aux}
        if clash := taken & {*self.inputs, *self.params}:
            raise TypeError(
                f"primitive {self.name}: {sorted(clash)} already name something in its derivative"
            )
        names = [name for names in _parameters(formula) for name in names][1:]
        known = {*self.inputs, *self.params, *self.outputs, *self.aux, "needs"}
        known |= {f"{i}_shape" for i in self.inputs} | {f"{i}_dtype" for i in self.inputs}
        if self.variadic:
            known |= {"inputs", "shapes"}
        if self.composite is not None:
            known.add("xp")
        for name in names:
            if name not in known:
                raise TypeError(
                    f"the derivative of {self.name} names {name!r}, which it can't have: it may "
                    f"name g, {', '.join(sorted(known))}"
                )
        return names

    def vjp(self, needs: tuple[bool, ...], arrays: Sequence[Any] = ()) -> FormulaVJP:
        """The compiled derivative for these inputs, if need be that of such operands."""
        kind = FusedVJP if self.backward else FormulaVJP
        if self.complex == "holomorphic" and any_complex(arrays):
            kind = ConjugatedVJP
        elif self.wide and any_half(arrays):
            kind = WideVJP
        vjp = self._vjps.get((kind, needs))
        if vjp is None:
            vjp = self._vjps[kind, needs] = kind(self, needs)
        return vjp

    # -- the call ----------------------------------------------------------------------------------

    def __call__(self, *args: Any, **params: Any) -> Any:
        """Run the op: the general path, which serves every case. The closures below shorten the
        common ones."""
        if (values := overriding(args)) is not None:
            return call_override(self.public, values, args, params)
        if state.flags & LISTENING:
            for transform in state.transforms:
                args = transform(self, args, params)
        if self.numbers and {x.__class__ for x in args} <= NUMBERS:
            args = (as_tensor(args[0]), *args[1:])
        boxed = any(isinstance(x, TensorBase) for x in args)
        if boxed and (self.promotes or self.broadcasts):
            args = tuple([weak(x) for x in args])
            params = {name: weak(value) for name, value in params.items()}
        arrays = [x.array if isinstance(x, TensorBase) else x for x in args]
        if boxed or not any(hasattr(x, "dtype") for x in arrays):
            self._check_operands(args, boxed)
            if self.check is not None:
                self.check(*arrays)
            if self.refused and boxed:
                self._check_kinds(arrays)
        if self.promotes is not None and boxed:
            args, arrays = promote(self.name, self.promotes, args, arrays, self.wide)
        if boxed and any_complex(arrays):
            if not self.complex:
                raise complex_refused(self.name, arrays)
            if self.composite is not None:
                return self.composite(*args, **params)
        xp = common_module(self.name, arrays)
        kernel = in_float32(self.kernel) if self.wide and any_half(arrays) else self.kernel
        try:
            if devices.several:
                with devices.beside(arrays):
                    results = kernel(xp, *arrays, **params)
            else:
                results = kernel(xp, *arrays, **params)
        except KERNEL_ERRORS as error:
            results = handle_kernel_error(error, self, arrays, params, kernel, xp)
        if type(results) is not tuple:
            results = (results,)
        n = len(results) - len(self.aux)
        if BFLOAT16 is not None and "dtype" not in self.params:
            results = (*keep_bfloat16(arrays, results[:n]), *results[n:])
        if not boxed:
            return results[0] if n == 1 and self.outputs != ("many",) else results[:n]
        outputs = [TensorBase.wrap(r) for r in results[:n]]
        if self.formulas and records(args):
            nodes = tuple(current_node(x) if isinstance(x, TensorBase) else None for x in args)
            if any(node is not None for node in nodes):
                node = self._make_node(nodes, arrays, results, params)
                if node is not None:
                    self.attach_outputs(node, outputs)
        if self.view:
            parent = args[0]
            followed = state.flags & GRAD or state.dual_level is not None
            kind = ORDINARY if followed else NO_GRAD
            if n > 1 or self.outputs == ("many",):
                kind = ViewKind.SEVERAL_OUTPUTS
            for out in outputs:
                if shares_memory(out.array, parent.array):
                    out._view = View(parent, self, params, kind)
        if state.flags & LISTENING:
            for listener in state.listeners:
                listener(self, args, params, outputs)
        return outputs[0] if n == 1 and self.outputs != ("many",) else tuple(outputs)

    def attach_outputs(self, node: Node, outputs: Sequence[Any]) -> None:
        """Give the output its node, or each of several its place in it; indices and such get
        none."""
        if self.differentiated is not None:
            out = outputs[self.differentiated]
            if out.array.dtype in DIFFERENTIABLE:
                out._node = node
            return
        node.outputs = [(o.array.shape, o.array.dtype) for o in outputs]
        for i, out in enumerate(outputs):
            named = self.outputs[i] if len(self.outputs) == len(outputs) else None
            if named not in self.constant and out.array.dtype in DIFFERENTIABLE:
                out._node = node.output(i)

    def _make_node(
        self, nodes: tuple[Any, ...], arrays: Sequence[Any], results: Any, params: Any
    ) -> Any:
        formulas = self.formulas
        if self.variadic and self.joint is not None:
            needs: tuple[bool, ...] = (True,)
            edges = nodes
        else:
            edges = tuple(
                [
                    node if name in formulas else None
                    for name, node in zip(self.inputs, nodes, strict=False)
                ]
            )
            needs = tuple([edge is not None for edge in edges])
            if len(needs) < len(self.inputs):
                needs += (False,) * (len(self.inputs) - len(needs))
                arrays = [*arrays, *([None] * (len(self.inputs) - len(arrays)))]
                edges += (None,) * (len(self.inputs) - len(edges))
        if not any(edge is not None for edge in edges):
            return None
        vjp = self.vjp(needs, arrays)
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
        node = vjp.record(edges, *given, *outs, params, shapes)
        if state.saved_hooks:
            state.saved_hooks[-1].keep(node)
        return node

    def record(
        self, arrays: Sequence[Any], nodes: Sequence[Any], params: dict[str, Any], result: Any
    ) -> Any:
        """A node as if the op had been run on these arrays with this result; None when no input
        wants a gradient."""
        if all(node is None for node in nodes):
            return None
        return self._make_node(tuple(nodes), arrays, (result,), params)

    def _check_operands(self, args: Sequence[Any], boxed: bool) -> None:
        """Refuse what is neither a tensor nor may stand for one."""
        for i, x in enumerate(args):
            if isinstance(x, TensorBase) or hasattr(x, "dtype"):
                continue
            name = self.inputs[min(i, len(self.inputs) - 1)]
            stands = isinstance(x, (int, float, complex)) or (
                x is None and (len(args) > 2 or not self.broadcasts)
            )
            if not (boxed and stands) or name in self.tensors:
                raise no_tensor(self.name, name, x, i + 1)

    def _check_kinds(self, arrays: Sequence[Any]) -> None:
        """Refuse operands that are all of a lower kind than the op takes; a Python int beside them
        is of int64."""
        kinds = [
            getattr(x, "dtype", fast_paths.INT64)
            for x in arrays
            if hasattr(x, "dtype") or type(x) is int
        ]
        if self.refused.issuperset(kinds):
            raise not_implemented(self.name, arrays)


def _line(function: Callable[..., Any]) -> tuple[str, int]:
    """Where a function is defined."""
    code = inspect.unwrap(function).__code__
    return code.co_filename, code.co_firstlineno


def _parameters(function: Callable[..., Any]) -> tuple[tuple[str, ...], ...]:
    """The names of the positional parameters, of ``*args``, and of the keyword-only ones."""
    function = inspect.unwrap(function)
    if isinstance(function, FunctionType):  # there are hundreds: ``signature`` takes 50 us for each
        code = function.__code__
        n, end = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
        names, starred = code.co_varnames, bool(code.co_flags & inspect.CO_VARARGS)
        return names[:n], names[end : end + starred], names[n:end]
    kind = inspect.Parameter
    parameters = inspect.signature(function).parameters.values()
    groups = (
        (kind.POSITIONAL_ONLY, kind.POSITIONAL_OR_KEYWORD), (kind.VAR_POSITIONAL,),
        (kind.KEYWORD_ONLY,),
    )  # fmt: skip
    return tuple([tuple([p.name for p in parameters if p.kind in group]) for group in groups])


def primitive(kernel: Any = None, /, **options: Any) -> Any:
    """Register a differentiable op; see the module's docstring. Options: those of ``Primitive``."""
    if kernel is None:
        return lambda k: primitive(k, **options)
    return _callable(Primitive(kernel, **options))


def fused(*, composite: Callable[..., Any], **options: Any) -> Any:
    """Register an op with a hand-written backward on arrays (``defbackward``) and its definition in
    plain ops."""
    return lambda kernel: _callable(Primitive(kernel, composite=composite, **options))


def _callable(p: Primitive) -> Any:
    """The function that stands for a primitive: a shortened call where the signature allows one."""
    plain = p.outputs == ("y",) and not (p.aux or p.composite or p.variadic)
    call: Callable[..., Any]
    if plain and p.view and len(p.inputs) == 1:
        call = fast_paths.viewing(p)
    elif plain and len(p.inputs) == 1 and not p.params:
        call = fast_paths.unary(p)
    elif plain and len(p.inputs) == 2 and not p.params:
        call = fast_paths.binary(p)
    elif plain and len(p.inputs) == 1:
        call = fast_paths.parametrized(p)
    elif not p.variadic and not p.view and p.outputs != ("many",):
        call = fast_paths.general(p)
    elif p.variadic and p.outputs == ("y",) and not (p.view or p.promotes or p.broadcasts or p.aux):
        call = fast_paths.variadic(p)
    elif p.view and p.outputs == ("many",) and len(p.inputs) == 1 and not p.variadic:
        call = fast_paths.many(p)
    else:

        def call(*args: Any, **params: Any) -> Any:
            return p(*args, **params)

    functools.update_wrapper(call, p.kernel, assigned=("__module__", "__doc__"))
    del call.__wrapped__  # type: ignore[attr-defined]  # the kernel's signature is another one
    call.__name__ = call.__qualname__ = p.name
    p.public = call
    call.primitive = p  # type: ignore[attr-defined]
    call.defvjp = p.defvjp  # type: ignore[attr-defined]
    call.defvjp_joint = p.defvjp_joint  # type: ignore[attr-defined]
    call.defbackward = p.defbackward  # type: ignore[attr-defined]
    return call
