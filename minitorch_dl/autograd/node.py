"""The graph that an op leaves behind.

A node knows its parents (``edges``), the arrays its derivative needs (``saved``), and the vjp
that turns the gradient of its output into those of its inputs. Nodes save arrays, never Tensors,
and a leaf's node holds its Tensor weakly. So there are no reference cycles, and memory is freed as
soon as its last user is gone.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from . import formula_text
from .base import TensorBase
from .hook_handles import RemovableHandle, add_hook
from .saved_tensors import SavedTensor
from .versions import next_number

SECOND_BACKWARD = (
    "Trying to backward through the graph a second time (or directly access saved tensors after "
    "they have already been freed): "
    "what {} saved was freed by the first pass. Specify retain_graph=True in that first "
    "backward() or grad() to keep it."
)


class Node:
    """One recorded op. ``tensor.grad_fn`` is the node that made the tensor.

    Attributes:
        edges: per input the node that made it, or None where no gradient is wanted.
        saved: the arrays and values that the derivative names; None once a backward pass has freed
            them.
        vjp: how gradients of the inputs come from the gradient of the output.
        number: creation number; a parent's is always lower than its child's.
        shapes: the inputs' shapes when the op broadcast them, else None.
        params: the op's keyword parameters.
    """

    __slots__ = ("__dict__", "__weakref__", "edges", "number", "params", "saved", "shapes", "vjp")

    # Rarely set; an instance that needs one gets it in its __dict__.
    primitive: Any = None
    full_name = ""
    explanation = ""
    """What a node without a primitive computes, in words."""
    watched: bool = False
    """Whether the backward pass must look closer: at hooks, a leaf, or one of several outputs."""
    hooks: Any = None
    pre_hooks: Any = None
    tuple_hooks: Any = None
    retained: Any = None
    takes_any: bool = False
    """Whether the gradient of this node, a leaf's, may be sparse or of a dtype of its own."""
    packed: Any = None
    """What saved_tensors_hooks made of the saved values."""
    origin: Any = None
    outputs: Any = None
    """Of a node with several outputs: (shape, dtype) per output, to make zeros from."""

    def __init__(
        self, edges: tuple[Any, ...], saved: Any, vjp: Any, params: Any, shapes: Any
    ) -> None:
        self.edges = edges
        self.saved = saved
        self.vjp = vjp
        self.params = params
        self.shapes = shapes
        self.number = next_number()

    def name(self) -> str:
        """PyTorch's name of the node, such as ``MulBackward0``."""
        return self.full_name or type(self).__name__

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """Per input ``(node, output index)``; ``(None, 0)`` where no gradient flows."""
        edges, p = self.edges, self.primitive
        if p is not None and p.edge_order and type(self) is p.node_class:
            edges = tuple(edges[p.inputs.index(name)] for name in p.edge_order)
        return tuple(
            (edge.edges[0], edge.index) if type(edge) is Output else (edge, 0) for edge in edges
        )

    def saved_places(self) -> dict[str, tuple[int, str]]:
        """What the derivative keeps, by PyTorch's names: ``self`` and ``other`` for the first two
        inputs, ``result`` for the output; per name the place in ``saved`` and the name here."""
        names, p = getattr(self.vjp, "names", ()), self.primitive
        if p is None:
            return {}
        known = dict(zip(p.inputs, ("self", "other"), strict=False))
        known |= {name: "result" for name in p.outputs if len(p.outputs) == 1}
        return {known.get(name, name): (i, name) for i, name in enumerate(names)}

    def check_saved(self) -> None:
        """Raise if what the node saved was freed."""
        if self.saved is None:
            raise RuntimeError(SECOND_BACKWARD.format(self.name()))

    def __getattr__(self, name: str) -> Any:
        kind, _, own = name.partition("saved_")
        place = self.saved_places().get(own) if kind in ("_", "_raw_") else None
        if place is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self.check_saved()
        if kind == "_raw_":
            return SavedTensor.at(self, place[0])
        saved = self.saved or self.packed.restore()
        value, name = saved[place[0]], place[1]
        if not hasattr(value, "strides"):
            return value
        is_output = self.primitive.outputs == (name,)
        return TensorBase.wrap(value, self) if is_output else self.input_tensor(name, value)

    def input_tensor(self, name: str, value: Any) -> Any:
        """A saved array as a tensor, with its history where it is the input ``name``; the leaf
        itself where it is one's."""
        p, node = self.primitive, None
        if p is not None and name in p.inputs:
            node = self.edges[p.inputs.index(name)]
        leaf = node.variable if type(node) is AccumulateGrad else None
        return leaf if leaf is not None and leaf.array is value else TensorBase.wrap(value, node)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(f"_saved_{name}" for name in self.saved_places())]

    def formula(self) -> str:
        """The derivative as text, a line per input: ``g`` is the gradient of the output, ``y`` the
        output. The source of a derivative that is longer than a line follows.

        >>> import minitorch_dl as torch
        >>> x = torch.tensor(2.0, requires_grad=True)
        >>> print((x * x).grad_fn.formula())
        d/da = g * b
        d/db = g * a
        """
        return formula_text.describe_in_full(self)

    @property
    def metadata(self) -> dict[str, Any]:
        """A place for the user's own notes on the node."""
        return self.__dict__.setdefault("_metadata", {})

    def register_hook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call ``fn(grad_inputs, grad_outputs)`` after this node's derivative ran; a returned
        tuple replaces grad_inputs."""
        if self.hooks is None:
            self.hooks = OrderedDict()
        self.watched = True
        return add_hook(self.hooks, fn)

    def watch_gradient(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call ``hook(grad)`` with the gradient of this node's output, which it may replace."""
        if self.pre_hooks is None:
            self.pre_hooks = OrderedDict()
        self.watched = True
        return add_hook(self.pre_hooks, hook)

    def retain_gradient(self, tensor: Any) -> None:
        """Store the gradient of this node's output as ``tensor.grad``; the tensor is held
        weakly."""
        self.retained = weakref.ref(tensor)
        self.watched = True

    def take_retained(self, old: Node | None, tensor: Any) -> None:
        """Store the gradient in place of the tensor's earlier node, if that was asked to:
        ``retain_grad`` means the value that the tensor has now."""
        if old is not None and old.retained is not None and old.retained() is tensor:
            old.retained = None
            self.retain_gradient(tensor)

    def output(self, index: int) -> Output:
        """Output ``index`` of a node that has several: one object for as long as anything uses it,
        so that gradients meet there."""
        known = self.__dict__.setdefault("_known_outputs", {})
        reference = known.get(index)
        found = None if reference is None else reference()
        if found is None:
            found = Output(self, index)
            known[index] = weakref.ref(found)
        return found

    def register_prehook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call ``fn(grad_outputs)`` before this node's derivative runs; a returned tuple
        replaces grad_outputs."""
        if self.tuple_hooks is None:
            self.tuple_hooks = OrderedDict()
        self.watched = True
        return add_hook(self.tuple_hooks, fn)

    def __call__(self, *grads: Any) -> Any:
        """The gradients of the inputs from those of the outputs; a tuple of several."""
        expected = 1 if self.outputs is None else len(self.outputs)
        if len(grads) != expected:
            raise TypeError(
                f"{self.name()}: expected {expected} arguments, got {len(grads)} instead"
            )
        self.check_saved()
        if self.packed is not None:
            self.saved = self.packed.restore()
        results = self.vjp.on_tensors(self, grads if self.outputs is not None else grads[0])
        return results[0] if len(results) == 1 else tuple(results)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"


class AccumulateGrad(Node):
    """The node of a leaf: adds what arrives to the leaf's ``.grad``."""

    __slots__ = ("leaf",)

    full_name = "torch::autograd::AccumulateGrad"
    watched = True
    explanation = ".grad += g"
    post_hooks: Any = None

    def __init__(self, leaf: Any) -> None:
        super().__init__((), (), None, None, None)
        self.leaf = weakref.ref(leaf)

    @property
    def variable(self) -> Any:
        """The leaf tensor; None when nothing else holds it any more."""
        return self.leaf()


class Output(Node):
    """One output of a node that has several: hands its gradient to the right place."""

    __slots__ = ("index",)

    watched = True

    def __init__(self, parent: Node, index: int) -> None:
        self.edges = (parent,)
        self.saved = ()
        self.vjp = self.params = self.shapes = None
        self.number = next_number()
        self.index = index

    def name(self) -> str:
        return self.edges[0].name()

    def __repr__(self) -> str:
        return repr(self.edges[0])


class GradientEdge(NamedTuple):
    """One output of a node: what a tensor is to the graph.

    Attributes:
        like: an array of the tensor's shape and dtype that takes no memory, or None if not known.
    """

    node: Node
    output_nr: int
    like: Any = None

    @property
    def target(self) -> Node:
        """The node at which the gradient of that output arrives."""
        return self.node if self.node.outputs is None else self.node.output(self.output_nr)
