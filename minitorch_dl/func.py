"""Derivatives as functions of functions, in the style of ``torch.func``: grad, vjp, jvp, jacrev,
hessian, vmap, functional_call.

Arguments and results may be tuples, lists and dicts of Tensors, nested. The transforms can be
nested in each other, and their results can be differentiated by ordinary autograd with respect to
tensors that require a gradient.

>>> import minitorch_dl as torch
>>> torch.func.grad(torch.func.grad(torch.sin))(torch.tensor(0.5)) + torch.tensor(0.5).sin()
tensor(0.)
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from . import autograd
from .autograd.node import AccumulateGrad
from .autograd.structural import alias
from .batching import vmap
from .nn.calling import functional_call
from .nn.normalization import _BatchNorm
from .ops import joining
from .tensor import Tensor
from .torch_names import explain_missing
from .utils._pytree import tree_leaves, tree_map, tree_structure

__all__ = [
    "debug_unwrap", "functional_call", "functionalize", "grad", "grad_and_value", "hessian",
    "jacfwd", "jacrev", "jvp", "linearize", "replace_all_batch_norm_modules_",
    "stack_module_state", "vjp", "vmap",
]  # fmt: skip


def _like(tree: Any, leaves: Sequence[Any]) -> Any:
    """The containers of ``tree`` around other leaves."""
    return tree_structure(tree).unflatten(leaves)


# -- derivatives -----------------------------------------------------------------------------------


class _Point:
    """The arguments to differentiate with respect to, as tensors of our own that are connected to
    the caller's."""

    def __init__(self, transform: str, args: Any) -> None:
        for x in tree_leaves(args):
            if not isinstance(x, Tensor):
                raise ValueError(
                    f"{transform}: expected Tensors to differentiate with respect to, got "
                    f"{type(x).__name__}"
                )
        with autograd.enable_grad():
            self.args = tree_map(
                lambda x: alias(x) if x.requires_grad else x.detach().requires_grad_(), args
            )
        self.tensors = tree_leaves(self.args)
        self._own = {x._node for x in self.tensors}

    def gradients(self, outputs: Sequence[Any], grads: Sequence[Any] | None = None) -> list[Any]:
        """v^T J, differentiable; zeros where nothing depends."""
        pairs = [
            (y, None if grads is None else grads[i])
            for i, y in enumerate(outputs)
            if y.requires_grad
        ]
        if not pairs:
            return [x.detach() * 0 for x in self.tensors]
        return list(
            autograd.grad(
                [y for y, _ in pairs],
                self.tensors,
                [g for _, g in pairs],
                create_graph=True,
                materialize_grads=True,
            )
        )

    def leave(self, tree: Any) -> Any:
        """Results without our own history, unless something of the caller's is behind it too; with
        none where the caller records no gradients."""
        recorded = autograd.is_grad_enabled()
        return tree_map(
            lambda y: (
                y
                if not isinstance(y, Tensor) or (recorded and self._is_the_callers(y))
                else y.detach()
            ),
            tree,
        )

    def _is_the_callers(self, y: Any) -> bool:
        if not y.requires_grad:
            return True
        seen, stack = set(), [y.grad_fn if not y.is_leaf else y._node]
        while stack:
            node = stack.pop()
            if node is None or node in seen:
                continue
            seen.add(node)
            if type(node) is AccumulateGrad and node not in self._own:
                return True
            stack.extend(node.edges)
        return False


def _chosen(args: tuple[Any, ...], argnums: int | tuple[int, ...]) -> tuple[bool, tuple[int, ...]]:
    single = isinstance(argnums, int)
    numbers: tuple[int, ...] = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    if not numbers or not all(isinstance(n, int) for n in numbers):
        raise RuntimeError(f"argnums must be non-empty and hold ints, got {argnums}")
    for n in numbers:
        if not -len(args) <= n < len(args):
            raise RuntimeError(f"Got argnum={n}, but only {len(args)} positional inputs")
    numbers = tuple(n % len(args) for n in numbers)
    if len(set(numbers)) < len(numbers):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")
    return single, numbers


def _replaced(args: tuple[Any, ...], numbers: tuple[int, ...], values: Sequence[Any]) -> list[Any]:
    new = list(args)
    for n, value in zip(numbers, values, strict=True):
        new[n] = value
    return new


def grad_and_value(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns the gradient of ``func``, whose value has one element, and the value.

    Args:
        argnums: which positional argument (or several) to differentiate with respect to.
        has_aux: ``func`` returns ``(value, aux)``, and the second result is that pair.
    """

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        single, numbers = _chosen(args, argnums)
        point = _Point("grad", [args[n] for n in numbers])
        with autograd.enable_grad():
            output = func(*_replaced(args, numbers, point.args), **kwargs)
            value, aux = output if has_aux else (output, None)
            if not isinstance(value, Tensor):
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a tensor, got "
                    f"{type(value).__name__}"
                )
            if value.dim() != 0:
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, "
                    f"got tensor with {value.dim()} dims. Maybe you wanted to use the vjp or "
                    "jacrev APIs instead?"
                )
            found = _like(point.args, point.gradients([value]))
        found, value, aux = point.leave(found), point.leave(value), point.leave(aux)
        found = found[0] if single else tuple(found)
        return (found, (value, aux)) if has_aux else (found, value)

    return wrapper


def grad(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns the gradient of ``func``, whose value has one element; with
    ``has_aux`` also its second result.

    >>> import minitorch_dl as torch
    >>> torch.func.grad(lambda p, x: (p["w"] * x).sum())(
    ...     {"w": torch.ones(2)}, torch.tensor([2.0, 3.0])
    ... )
    {'w': tensor([2., 3.])}
    """
    both = grad_and_value(func, argnums, has_aux)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return wrapper


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """``func(*primals)`` and a function from cotangents of the output to those of the primals, a
    tuple."""
    point = _Point("vjp", list(primals))
    with autograd.enable_grad():
        result = func(*point.args)
    output, aux = result if has_aux else (result, None)
    outputs = tree_leaves(output)

    def pull(cotangents: Any) -> tuple[Any, ...]:
        with autograd.enable_grad():
            found = point.gradients(outputs, tree_leaves(cotangents))
        return tuple(point.leave(_like(point.args, found)))

    return (point.leave(output), pull, point.leave(aux)) if has_aux else (point.leave(output), pull)


def jvp(
    func: Callable[..., Any],
    primals: tuple[Any, ...],
    tangents: tuple[Any, ...],
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> tuple[Any, ...]:
    """``func(*primals)`` and its directional derivative along ``tangents``, by two reverse passes.

    >>> import minitorch_dl as torch
    >>> torch.func.jvp(torch.sin, (torch.zeros(2),), (torch.tensor([1.0, 2.0]),))
    (tensor([0., 0.]), tensor([1., 2.]))
    """
    if len(tree_leaves(primals)) != len(tree_leaves(tangents)):
        raise RuntimeError(
            f"jvp: got {len(tree_leaves(primals))} primals and "
            f"{len(tree_leaves(tangents))} tangents"
        )
    point = _Point("jvp", list(primals))
    with autograd.enable_grad():
        result = func(*point.args)
        output, aux = result if has_aux else (result, None)
        outputs = tree_leaves(output)
        dual = _Point("jvp", [y.detach() * 0 for y in outputs])
        pulled = point.gradients(outputs, dual.tensors)
        pushed = _like(output, dual.gradients(pulled, tree_leaves(tangents)))
    results = (point.leave(output), point.leave(dual.leave(pushed)))
    return (*results, point.leave(aux)) if has_aux else results


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """``func(*primals)`` and its linear approximation there: a function from tangents of the
    primals to those of the output, for which ``func`` isn't run again.

    >>> import minitorch_dl as torch
    >>> output, push = torch.func.linearize(torch.square, torch.tensor([1.0, 2.0]))
    >>> push(torch.tensor([1.0, 1.0])), push(torch.tensor([0.0, 10.0]))
    (tensor([2., 4.]), tensor([ 0., 40.]))
    """
    point = _Point("linearize", list(primals))
    with autograd.enable_grad():
        output = func(*point.args)
        dual = _Point("linearize", [y.detach() * 0 for y in tree_leaves(output)])
        pulled = point.gradients(tree_leaves(output), dual.tensors)

    def push(*tangents: Any) -> Any:
        if tree_structure(list(tangents)) != tree_structure(list(primals)):
            raise RuntimeError(
                "Expected the tangents to have the same structure as the primals of linearize"
            )
        with autograd.enable_grad():
            found = dual.gradients(pulled, tree_leaves(list(tangents)))
        return point.leave(dual.leave(_like(output, found)))

    return point.leave(output), push


def jacrev(
    func: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """A function that returns the Jacobian of ``func``: per output the Jacobian per argument,
    ``output.shape + input.shape``.

    >>> import minitorch_dl as torch
    >>> torch.func.jacrev(torch.square)(torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        single, numbers = _chosen(args, argnums)
        point = _Point("jacrev", [args[n] for n in numbers])
        with autograd.enable_grad():
            result = func(*_replaced(args, numbers, point.args), **kwargs)
            output, aux = result if has_aux else (result, None)

            def rows_of(y: Any) -> Any:
                units = autograd.functional.unit_vectors(y)
                rows = [point.gradients([y], [unit]) for unit in units]
                blocks = [
                    joining.stack([row[i] for row in rows]).reshape((*y.shape, *x.shape))
                    if rows
                    else x.detach().new_zeros((*y.shape, *x.shape))
                    for i, x in enumerate(point.tensors)
                ]
                found = _like(point.args, blocks)
                return found[0] if single else tuple(found)

            jacobian = tree_map(rows_of, output)
        jacobian = point.leave(jacobian)
        return (jacobian, point.leave(aux)) if has_aux else jacobian

    return wrapper


def jacfwd(
    func: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    has_aux: bool = False,
    *,
    randomness: str = "error",
) -> Callable[..., Any]:
    """``jacrev`` under its other name: tangents cost as much as gradients here."""
    return jacrev(func, argnums, has_aux=has_aux)


def hessian(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that returns the second derivatives of ``func``: the Jacobian of its Jacobian.

    >>> import minitorch_dl as torch
    >>> torch.func.hessian(lambda x: x[0] ** 2 * x[1])(torch.tensor([1.0, 2.0]))
    tensor([[4., 2.],
            [2., 0.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)


# -- batches and modules ---------------------------------------------------------------------------


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """Return the function as it is: the transforms here take in-place writes as they come."""
    return func


def debug_unwrap(tensor: Any, *, recurse: bool = True) -> Any:
    """Return the tensor: the transforms here work on ordinary ones."""
    return tensor


def replace_all_batch_norm_modules_(root: Any) -> Any:
    """Have every batch norm in a module use each batch's own statistics, in place, so that calling
    the module changes no buffer."""
    for module in root.modules():
        if isinstance(module, _BatchNorm):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and the buffers of several modules of one kind, stacked: for ``vmap`` over an
    ensemble."""
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    parameters = {
        name: joining.stack([dict(m.named_parameters())[name] for m in models])
        .detach()
        .requires_grad_()
        for name, _ in models[0].named_parameters()
    }
    buffers = {
        name: joining.stack([dict(m.named_buffers())[name] for m in models])
        for name, _ in models[0].named_buffers()
    }
    return parameters, buffers


explain_missing(sys.modules[__name__])
