"""The node of a custom Function, and how its backward is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..backend import array_module, dtypes
from .engine import run_backward
from .engine_ops import cast, sum_to
from .modes import enable_grad, state
from .node import AccumulateGrad, Node
from .primitive import TensorBase, current_node
from .saved_tensors import SavedTensor
from .vjp import VJP

if TYPE_CHECKING:
    from .function import Function, FunctionCtx


class Source(NamedTuple):
    """Where a saved array came from, so that backward gets a tensor that is still connected to the
    graph."""

    tensor: Any  # weak: the tensor itself, given back while it lives and is the same
    node: Any
    output: int | None  # the function's own output of this index

    def restore(self, array: Any, node: Node) -> Any:
        if array is None or isinstance(array, TensorBase):
            return array
        own = self.node
        if self.output is not None:
            own = node if node.outputs is None else node.output(self.output)
        tensor = self.tensor()
        if tensor is not None and tensor.array is array and tensor._node is own:
            return tensor
        return TensorBase.wrap(array, own)


class FunctionNode(Node):
    """The node of a custom function; the attributes of its ctx can be read from it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<torch.autograd.function.{type(self).__name__} object at {id(self):#x}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("vjp", "_known_outputs"):
            raise AttributeError(name)
        return getattr(self.vjp.ctx, name)

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """Per tensor among the arguments ``(node, output index)``."""
        known = zip(super().next_functions, self.vjp.inputs)
        return tuple(place for place, made in known if made is not None)

    @property
    def _raw_saved_tensors(self) -> tuple[SavedTensor, ...]:
        self.check_saved()
        return tuple(SavedTensor.at(self, i) for i in range(len(self.vjp.ctx._sources)))


class FunctionVJP(VJP):
    """How a custom function's gradient is computed: by the user's ``backward``, on Tensors."""

    def __init__(self, cls: type[Function], ctx: FunctionCtx, args: Sequence[Any]) -> None:
        self.function, self.ctx = cls, ctx
        self._pushed: Any = None
        self.inputs = [_made(a) if isinstance(a, TensorBase) else None for a in args]

    def on_arrays(self, g: Any, saved: Any) -> list[Any]:
        """The derivative on arrays."""
        wrap = TensorBase.wrap
        grads = tuple(
            None if one is None else wrap(one) for one in (g if isinstance(g, tuple) else (g,))
        )
        return [r if r is None or r.is_sparse else r.array for r in self.run(grads)]

    def on_tensors(self, node: Node, g: Any) -> list[Any]:
        """The derivative on Tensors that are connected to the graph."""
        return self.run(g if isinstance(g, tuple) else (g,))

    def run(self, grads: tuple[Any, ...]) -> list[Any]:
        ctx = self.ctx
        node = ctx._node()
        if node.outputs is not None and ctx.materialize_grads:
            array = next(one for one in grads if one is not None).array
            zeros = array_module(array).zeros
            grads = tuple(
                TensorBase.wrap(zeros(*made)) if one is None and made is not None else one
                for one, made in zip(grads, node.outputs, strict=True)
            )
        forward = state.pushing and self.function._defines("jvp")
        if forward:
            results = self._pulled(node, grads)
        else:
            boxed = self.function.boxed_grads_call
            results = self.backward(ctx, *((list(grads),) if boxed else grads))
        results = results if isinstance(results, tuple) else (results,)
        expected = len(self.inputs)
        if len(results) > expected and all(r is None for r in results[expected:]):
            results = results[:expected]
        if len(results) != expected:
            raise RuntimeError(
                f"function {node.name()} returned an incorrect number of gradients "
                f"(expected {expected}, got {len(results)})"
            )
        return [self.checked(i, r, node) for i, r in enumerate(results)]

    def _pulled(self, node: Node, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        """What ``jvp`` says of the gradients: it is linear in the tangents, and the derivative of
        that linear function is the transposed one. It is called once."""
        if self._pushed is None:
            zeros = array_module(next(g for g in grads if g is not None).array).zeros
            with enable_grad():
                tangents = [
                    None
                    if made is None or edge is None
                    else TensorBase.wrap(zeros(*made)).requires_grad_()
                    for made, edge in zip(self.inputs, node.edges, strict=True)
                ]
                given = [
                    t.clone()
                    if t is not None
                    else TensorBase.wrap(zeros(*made))
                    if made is not None and self.ctx.materialize_grads
                    else None
                    for t, made in zip(tangents, self.inputs, strict=True)
                ]
                pushed = self.function.jvp(self.ctx, *given)
            self._pushed = tangents, pushed if isinstance(pushed, tuple) else (pushed,)
        tangents, pushed = self._pushed
        pairs = [
            (current_node(p), g)
            for p, g in zip(pushed, grads, strict=True)
            if isinstance(p, TensorBase) and g is not None and current_node(p) is not None
        ]
        found = run_backward(
            [root for root, _ in pairs],
            [g for _, g in pairs],
            targets=[t._node for t in tangents if t is not None],
            accumulate=False,
            retain_graph=True,
            create_graph=True,
        )
        return tuple(None if t is None else found.get(t._node) for t in tangents)

    @property
    def backward(self) -> Callable[..., Any]:
        cls = self.function
        has_backward, has_vjp = cls._defines("backward"), cls._defines("vjp")
        if has_backward and has_vjp:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. "
                "You should only implement one of them."
            )
        return cls.vjp if has_vjp else cls.backward

    def checked(self, i: int, r: Any, node: Node) -> Any:
        """One gradient that backward returned, in the shape and dtype of its input."""
        if r is None:
            return None
        if not isinstance(r, TensorBase):
            raise RuntimeError(f"{node.name()}: expected Variable or None (got {type(r).__name__})")
        made = self.inputs[i]
        if made is None:
            raise RuntimeError(
                f"function {node.name()} returned a gradient different than None at position "
                f"{i + 1}, but the corresponding forward input was not a Variable"
            )
        shape, dtype = made
        edge = node.edges[i]
        if edge is None:
            return None
        if r.is_sparse:
            if type(edge) is not AccumulateGrad:
                return r.to_dense()
            edge.takes_any = True
            return r
        if r.array.shape != shape:
            if not _expands_to(shape, r.array.shape):
                raise RuntimeError(
                    f"Function {node.name()} returned an invalid gradient at index {i} - "
                    f"got {list(r.array.shape)} but expected shape compatible with {list(shape)}"
                )
            r = sum_to(r, shape=shape)
        if r.array.dtype == dtype:
            return r
        have, want = dtypes.from_numpy(r.array.dtype), dtypes.from_numpy(dtype)
        if have.is_complex and not want.is_complex:
            raise RuntimeError(
                f"Function {node.name()} returned an invalid gradient at index {i} - expected "
                f"{want} or another real dtype, as that of its input, but got {have}. Return the "
                "real part"
            )
        if type(edge) is AccumulateGrad and edge.takes_any:
            return r  # the leaf says which dtype it wants
        return cast(r, dtype=want.name)


def _made(x: Any) -> tuple[tuple[int, ...], Any]:
    """The shape of a tensor, which may be sparse, and the dtype of its array."""
    if x.is_sparse:
        return tuple(x.shape), x._values().array.dtype
    return x.array.shape, x.array.dtype


def _expands_to(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    extra = len(target) - len(shape)
    return extra >= 0 and all(n in (1, m) for n, m in zip(shape, target[extra:], strict=True))
