"""``backward`` and ``grad``: the user's entry points to the backward pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..backend import array_module, devices, dtypes
from ..backend.row_major import row_major_copy
from .base import TensorBase, as_raw, current_node
from .engine import run_backward
from .engine_ops import cast
from .node import AccumulateGrad, GradientEdge
from .primitive import PRIMITIVES
from .torch_function import LIVE, call_override, overriding


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradient of ``tensors`` to the ``.grad`` of every leaf that they depend on.

    Args:
        tensors: a Tensor, a GradientEdge or several; those with more than one element need a
            gradient.
        grad_tensors: the gradient with respect to each of ``tensors``; None means 1 for a scalar.
        retain_graph: keep the graph for another pass (default: ``create_graph``).
        create_graph: record the backward pass itself, for gradients of gradients.
        inputs: accumulate only into these tensors; of those that are no leaves the gradient is
            retained from then on.
    """
    roots = _as_tuple(tensors)
    nodes, grads = _starts(roots, grad_tensors, "backward()")
    targets = None
    if inputs is not None:
        inputs = _as_tuple(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        targets = _targets(inputs, "backward(inputs=...)")
        for x, node in zip(inputs, targets, strict=True):
            if type(node) is not AccumulateGrad and isinstance(x, TensorBase):
                x.retain_grad()  # type: ignore[attr-defined]
    run_backward(
        nodes,
        grads,
        targets=targets,
        retain_graph=create_graph if retain_graph is None else retain_graph,
        create_graph=create_graph,
    )


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradient of ``outputs`` with respect to ``inputs``, returned instead of accumulated.

    Args:
        outputs: a Tensor, a GradientEdge or several.
        inputs: the Tensors or GradientEdges to differentiate with respect to; leaves or not.
        grad_outputs: the gradient with respect to each output; None means 1 for a scalar.
        retain_graph: keep the graph for another pass (default: ``create_graph``).
        create_graph: the gradients can be differentiated again.
        is_grads_batched: each grad_output has one more dimension in front, and so have the results:
            one pass per entry.
        allow_unused: give None for an input that the outputs don't depend on, instead of raising.
        materialize_grads: give zeros instead of None.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> (g,) = torch.autograd.grad(x**3, x, create_graph=True)
    >>> g.item(), torch.autograd.grad(g, x)[0].item()
    (27.0, 18.0)
    """
    if is_grads_batched:
        return _batched_grad(
            _as_tuple(outputs), _as_tuple(inputs), grad_outputs, retain_graph,
            create_graph=create_graph, allow_unused=allow_unused,
            materialize_grads=materialize_grads,
        )  # fmt: skip
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    roots, inputs = _as_tuple(outputs), _as_tuple(inputs)
    if not inputs:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    given = None if grad_outputs is None else _as_tuple(grad_outputs)
    if LIVE and (values := overriding((*roots, *inputs, *(given or ())))):
        options = {
            "retain_graph": retain_graph, "create_graph": create_graph,
            "allow_unused": allow_unused, "materialize_grads": materialize_grads,
        }  # fmt: skip
        return call_override(grad, values, (roots, inputs, given), options)
    nodes, grads = _starts(roots, grad_outputs, "grad()")
    targets = _targets(inputs, "grad()")
    found = run_backward(
        nodes,
        grads,
        targets=targets,
        accumulate=False,
        retain_graph=create_graph if retain_graph is None else retain_graph,
        create_graph=create_graph,
    )
    results = []
    seen = {id(g.array) for g in grads}
    for i, (x, node) in enumerate(zip(inputs, targets, strict=True)):
        g = found.get(node)
        array = getattr(x, "array", None)
        if g is None:
            if materialize_grads:
                g = _zero_gradient(array, create_graph)
            elif not allow_unused:
                raise RuntimeError(
                    f"The differentiated Tensor at index {i} appears to not have been used in the "
                    "graph. Set allow_unused=True if this is the desired behavior."
                )
        elif isinstance(g, TensorBase):
            if array is not None and not g.is_sparse and g.array.dtype != array.dtype:
                g = cast(g, dtype=dtypes.from_numpy(array.dtype).name)
        else:
            g = as_raw(g, array)
            if g.base is not None or id(g) in seen:  # each result has its own memory
                g = row_major_copy(g)
            seen.add(id(g))
            g = TensorBase.wrap(g)
        results.append(g)
    return tuple(results)


def _zero_gradient(array: Any, create_graph: bool) -> Any:
    """The gradient of an input that nothing used."""
    if array is None:
        raise RuntimeError(
            "materialize_grads cannot be used when the given input is a GradientEdge"
        )
    return TensorBase.wrap(array_module(array).zeros_like(array)).requires_grad_(create_graph)


def _batched_grad(
    outputs: tuple[Any, ...],
    inputs: tuple[Any, ...],
    grad_outputs: Any,
    retain_graph: bool | None,
    **options: Any,
) -> tuple[Any, ...]:
    """One ``grad`` per entry of the batch of gradients, stacked."""
    if grad_outputs is None:
        raise RuntimeError(
            "grad(is_grads_batched=True) needs grad_outputs, a batch for each output"
        )
    batches = _as_tuple(grad_outputs)
    for i, (y, g) in enumerate(zip(outputs, batches)):
        if g is not None and g.array.shape[1:] != y.array.shape:
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output "
                f"as the batch dimension, and the others as the shape of its output: "
                f"grad_output[{i}] has shape {list(g.array.shape)}, output[{i}] "
                f"{list(y.array.shape)}"
            )
    size = {g.array.shape[0] for g in batches if g is not None}
    if len(size) != 1:
        raise RuntimeError(
            "grad(is_grads_batched=True): the grad_outputs need one batch size in front, got "
            f"{sorted(size)}"
        )
    last = size.pop() - 1
    rows = [
        grad(
            outputs,
            inputs,
            [None if g is None else g[i] for g in batches],
            retain_graph=True if i < last else retain_graph,
            **options,
        )
        for i in range(last + 1)
    ]
    return tuple(None if row[0] is None else stacked(row) for row in zip(*rows))


def stacked(rows: Sequence[Any]) -> Any:
    """Tensors of one shape along a new first dimension."""
    return PRIMITIVES["cat"](*[row.reshape((1, *row.array.shape)) for row in rows], dim=0)


def _as_tuple(tensors: Any) -> tuple[Any, ...]:
    return (tensors,) if isinstance(tensors, (TensorBase, GradientEdge)) else tuple(tensors)


def _node_of(x: Any) -> Any:
    """Where the gradient of a tensor, or of what a GradientEdge stands for, arrives."""
    return x.target if x.__class__ is GradientEdge else current_node(x)


def _targets(inputs: Sequence[Any], caller: str) -> list[Any]:
    targets = []
    for x in inputs:
        targets.append(_node_of(x))
        if targets[-1] is None:
            raise RuntimeError(
                f"{caller}: One of the differentiated Tensors does not require grad: a "
                f"{x.array.dtype} tensor of shape {tuple(x.array.shape)}. Call requires_grad_() "
                "on it before it is used"
            )
    return targets


def _starts(roots: Sequence[Any], grads: Any, caller: str) -> tuple[list[Any], list[Any]]:
    """The node of each root and the gradient there, checked; 1 for a scalar for which none is
    given."""
    grads = (None,) * len(roots) if grads is None else _as_tuple(grads)
    if len(grads) != len(roots):
        raise RuntimeError(f"{caller}: got {len(roots)} tensors and {len(grads)} gradients")
    nodes, checked = [], []
    for i, (root, g) in enumerate(zip(roots, grads)):
        array = root.like if root.__class__ is GradientEdge else root.array
        nodes.append(_node_of(root))
        if nodes[i] is None:
            raise RuntimeError(
                f"element {i} of tensors does not require grad and does not have a grad_fn: "
                "nothing that it was computed from "
                "requires a gradient (or it was computed under no_grad, or detached)"
            )
        if g is None:
            g = _one(array)
        elif array is None:  # an edge that says nothing of its shape
            pass
        elif g.is_sparse:
            g = _sparse_start(i, g, nodes[i], array)
        elif g.array.shape != array.shape or g.array.dtype is not array.dtype:
            g = _fitted(i, g, array)
        checked.append(g)
    return nodes, checked


def _sparse_start(i: int, g: Any, node: Any, array: Any) -> Any:
    """The sparse gradient given for output ``i``, whose array this is: dense for what was
    computed."""
    if tuple(g.shape) != array.shape:
        raise _other_shape(i, g, array)
    if type(node) is not AccumulateGrad:
        return _fitted(i, g.to_dense(), array)
    node.takes_any = True
    return g.to(dtypes.from_numpy(array.dtype))


def _one(array: Any) -> Any:
    """The gradient of a scalar, whose array this is, by itself."""
    if array is None or array.size != 1:
        raise RuntimeError(
            "grad can be implicitly created only for scalar outputs, but got shape "
            f"{array if array is None else tuple(array.shape)}. Reduce it first, as in "
            "loss.sum(), or pass the gradient"
        )
    if not dtypes.from_numpy(array.dtype).is_floating_point:
        raise RuntimeError(
            "grad can be implicitly created only for real scalar outputs but got "
            f"{dtypes.from_numpy(array.dtype)}"
        )
    if devices.several:
        with devices.beside((array,)):
            return TensorBase.wrap(array_module(array).ones_like(array))
    return TensorBase.wrap(array_module(array).ones_like(array))


def _fitted(i: int, g: Any, array: Any) -> Any:
    """The gradient given for output ``i``, whose array this is, in its dtype."""
    if g.array.shape != array.shape:
        raise _other_shape(i, g, array)
    if g.array.dtype == array.dtype:
        return g
    have, want = dtypes.from_numpy(g.array.dtype), dtypes.from_numpy(array.dtype)
    if have.is_complex != want.is_complex:
        raise RuntimeError(
            "For complex Tensors, both grad_output and output are required to have the "
            f"same dtype. Mismatch in dtype: grad_output[{i}] has a dtype of {have} and "
            f"output[{i}] has a dtype of {want}."
        )
    return cast(g, dtype=want.name)


def _other_shape(i: int, g: Any, array: Any) -> RuntimeError:
    return RuntimeError(
        f"Mismatch in shape: grad_output[{i}] has a shape of torch.Size({list(g.shape)}) and "
        f"output[{i}] has a shape of torch.Size({list(array.shape)})."
    )
