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

import functools
import sys
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from . import autograd
from .autograd.engine import nodes_below
from .autograd.engine_ops import alias
from .autograd.linearization import Linearization, gradients
from .autograd.node import AccumulateGrad
from .batching import spread, torch, vmap
from .compat.names import explain_missing
from .nn.ensembles import replace_all_batch_norm_modules_, stack_module_state
from .nn.functional_call import functional_call
from .ops.axis_patterns import rearrange
from .tensor import Tensor
from .utils._pytree import tree_leaves, tree_map, tree_structure

__all__ = [
    "debug_unwrap", "functional_call", "functionalize", "grad", "grad_and_value", "hessian",
    "jacfwd", "jacrev", "jvp", "linearize", "rearrange", "replace_all_batch_norm_modules_",
    "stack_module_state", "vjp", "vmap",
]  # fmt: skip


def _like(tree: Any, leaves: Sequence[Any]) -> Any:
    """The containers of ``tree`` around other leaves."""
    return tree_structure(tree).unflatten(leaves)


# -- derivatives -----------------------------------------------------------------------------------

_LEFT: weakref.WeakSet[Any] = weakref.WeakSet()
"""The nodes of the tensors of our own whose transforms are done: no caller knows of them."""


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
            self.args = tree_map(_own, args)
        self.tensors = tree_leaves(self.args)
        self._own = {x._node for x in self.tensors}

    def gradients(self, outputs: Sequence[Any], grads: Sequence[Any] | None = None) -> list[Any]:
        """v^T J, differentiable; zeros where nothing depends."""
        return self.filled(gradients(outputs, self.tensors, grads, create_graph=True))

    def linearized(self, outputs: Sequence[Any]) -> tuple[_Point, Linearization]:
        """The derivative of the outputs that have one as a function of tangents, and the point that
        it varies."""
        smooth = [y for y in outputs if _is_smooth(y)]
        u = _Point("jvp", [torch.zeros_like(y) for y in smooth])
        return u, Linearization(smooth, self.tensors, u.tensors)

    def pushed(self, linearized: tuple[_Point, Linearization], outputs: Any, tangents: Any) -> Any:
        """The tangents of a tree of outputs from those of the arguments; zeros where nothing
        depends, and for indices and flags."""
        u, linear = linearized
        found = iter(self.leave(u.leave(u.filled(linear.along(tree_leaves(tangents))))))
        return tree_map(lambda y: next(found) if _is_smooth(y) else torch.zeros_like(y), outputs)

    def filled(self, found: Sequence[Any]) -> list[Any]:
        return [torch.zeros_like(x) if g is None else g for x, g in zip(self.tensors, found)]

    def rows(self, y: Any) -> list[Any]:
        """The Jacobians of an output, one gradient per element, ``(y.numel(), *x.shape)``."""
        n = y.numel()
        if not n:
            return [x.detach().new_zeros((0, *x.shape)) for x in self.tensors]
        units = torch.eye(n, dtype=y.dtype, device=y.device).reshape((n, *y.shape))
        return list(vmap(lambda unit: self.gradients([y], [unit]))(units))

    def reaches(self, y: Any) -> bool:
        """Whether an output depends on the arguments."""
        return y.requires_grad and not self._own.isdisjoint(nodes_below([y._node]))

    def leave(self, tree: Any) -> Any:
        """Results without our own history, unless something of the caller's is behind it too; with
        none where the caller records no gradients."""
        _LEFT.update(self._own)
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
        leaves = [node for node in nodes_below([y._node]) if type(node) is AccumulateGrad]
        return any(node not in _LEFT for node in leaves)


def _is_smooth(y: Any) -> bool:
    return bool(y.is_floating_point() or y.is_complex())


def _own(x: Any) -> Any:
    """A tensor of our own on the memory of ``x``, whose gradient each entry of a ``vmap`` has for
    itself."""
    x = spread(x)
    return alias(x) if x.requires_grad else x.detach().requires_grad_()


def _chosen(args: tuple[Any, ...], argnums: int | tuple[int, ...]) -> tuple[bool, tuple[int, ...]]:
    single = isinstance(argnums, int)
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnum must be int or Tuple of ints, got: {type(argnums)}")
    numbers: tuple[int, ...] = (argnums,) if isinstance(argnums, int) else argnums
    if not numbers:
        raise RuntimeError("argnums must be non-empty")
    for n in numbers:
        if not isinstance(n, int):
            raise RuntimeError(f"each of argnums must be int, got {type(n)}")
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


def _split_aux(name: str, result: Any, has_aux: bool) -> tuple[Any, Any]:
    """A function's output, and what it returned besides."""
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise RuntimeError(
            f"{name}: output of function f should be a tuple: (output, aux) if has_aux is True"
        )
    for x in tree_leaves(result[1]):
        if not isinstance(x, Tensor):
            raise RuntimeError(f"Expected tensors, got unsupported type {type(x)}")
    return result


def _tensors_of(name: str, output: Any, smooth: bool = False) -> list[Any]:
    """The tensors that a function returned, of which there has to be one; only ``smooth`` ones,
    those of dtypes that have gradients."""
    leaves = [] if output is None else tree_leaves(output)
    if not leaves:
        raise RuntimeError(
            f"{name}: Expected f to be a function that has non-empty output (got output = {output})"
        )
    for y in leaves:
        if not isinstance(y, Tensor):
            raise RuntimeError(
                f"{name}: expected f(*primals) to return only tensors, got unsupported type "
                f"{type(y)}"
            )
        if smooth and not _is_smooth(y):
            raise RuntimeError(
                f"{name}: All outputs of f must be floating-point or complex Tensors, got Tensor "
                f"with dtype {y.dtype}. Return others apart, with has_aux=True"
            )
    return leaves


def grad_and_value(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns the gradient of ``func``, whose value has one element, and the value.

    Args:
        argnums: which positional argument (or several) to differentiate with respect to.
        has_aux: ``func`` returns ``(value, aux)``, and the second result is that pair.
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        single, numbers = _chosen(args, argnums)
        point = _Point("grad", [args[n] for n in numbers])
        with autograd.enable_grad():
            output = func(*_replaced(args, numbers, point.args), **kwargs)
            value, aux = _split_aux("grad_and_value(f)(*args)", output, has_aux)
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

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return wrapper


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """``func(*primals)`` and a function from cotangents of the output to those of the primals, a
    tuple. (Its ``retain_graph`` and ``create_graph`` are accepted: it may always be called again,
    and be differentiated.)"""
    point = _Point("vjp", list(primals))
    with autograd.enable_grad():
        result = func(*point.args)
    output, aux = _split_aux("vjp(f, *primals)", result, has_aux)
    outputs = _tensors_of("vjp(f, *primals)", output, smooth=True)

    def pull(
        cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None
    ) -> tuple[Any, ...]:
        if tree_structure(cotangents) != tree_structure(output):
            raise RuntimeError(
                f"Expected pytree structure of cotangents to be the same as pytree structure of "
                f"outputs to the function. cotangents: {tree_structure(cotangents)}, primal "
                f"output: {tree_structure(output)}"
            )
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
    name = "jvp(f, primals, tangents)"
    if not isinstance(primals, tuple):
        raise RuntimeError(
            f"{name}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals)."
        )
    if tree_structure(primals) != tree_structure(tangents):
        raise RuntimeError(
            f"{name}: Expected primals and tangents to have the same python structure. For example,"
            f" if primals is a tuple of 3 tensors, tangents also must be. Got primals with "
            f"structure {tree_structure(primals)} and tangents with {tree_structure(tangents)}"
        )
    for what, tree in (("primals", primals), ("tangents", tangents)):
        if not tree_leaves(tree):
            raise RuntimeError(f"{name}: Expected at least one Tensor in {what}")
        for x in tree_leaves(tree):
            if not isinstance(x, Tensor):
                raise RuntimeError(
                    f"{name}: Expected {what} to only contain Tensors, got {type(x).__name__}"
                )
    for x in tree_leaves(primals):
        if not _is_smooth(x):
            raise ValueError(
                f"{name}: Expected primal to be floating point or complex, but got: {x.dtype}. "
                "Give it to the function by a closure or functools.partial"
            )
    point = _Point("jvp", list(primals))
    with autograd.enable_grad():
        result = func(*point.args)
        output, aux = _split_aux(name, result, has_aux)
        outputs = _tensors_of(name, output)
        if strict and not all(point.reaches(y) for y in outputs):
            raise RuntimeError(
                f"{name}: the output of f is independent of the primals, which strict=True refuses"
            )
        linearized = point.linearized(outputs)
    results = (point.leave(output), point.pushed(linearized, output, tangents))
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
        linearized = point.linearized(tree_leaves(output))

    def push(*tangents: Any) -> Any:
        if tree_structure(list(tangents)) != tree_structure(list(primals)):
            raise RuntimeError(
                "Expected the tangents to have the same structure as the primals of linearize"
            )
        return point.pushed(linearized, output, list(tangents))

    return point.leave(output), push


def jacrev(
    func: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:
    """A function that returns the Jacobian of ``func``: per output the Jacobian per argument,
    ``output.shape + input.shape``.

    >>> import minitorch_dl as torch
    >>> torch.func.jacrev(torch.square)(torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")
    return _jacobian("jacrev", "vjp(f, *primals)", func, argnums, has_aux)


def _jacobian(
    transform: str,
    name: str,
    func: Callable[..., Any],
    argnums: int | tuple[int, ...],
    has_aux: bool,
    forward: bool = False,
) -> Callable[..., Any]:
    """``forward`` allows one pass per element of the arguments, by tangents, where these are fewer
    than the outputs'."""

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        single, numbers = _chosen(args, argnums)
        point = _Point(transform, [args[n] for n in numbers])
        _refuse_complex(transform, "inputs", point.tensors)
        with autograd.enable_grad():
            result = func(*_replaced(args, numbers, point.args), **kwargs)
            output, aux = _split_aux(name, result, has_aux)
            ys = _tensors_of(name, output, smooth=not forward)
            _refuse_complex(transform, "outputs", ys)
            smooth = [y for y in ys if _is_smooth(y)]
            if forward and sum(x.numel() for x in point.tensors) < sum(y.numel() for y in smooth):
                u, linear = point.linearized(smooth)
                columns = zip(*[u.rows(x) for x in point.filled(linear.transposed)])
                pushed = iter([[c.movedim(0, -1) for c in column] for column in columns])
                found = [next(pushed) if _is_smooth(y) else point.rows(y) for y in ys]
            else:
                found = [point.rows(y) for y in ys]

            def blocks_of(y: Any) -> Any:
                blocks = [
                    block.reshape((*y.shape, *x.shape)).to(y.dtype if forward else x.dtype)
                    for block, x in zip(found.pop(0), point.tensors)
                ]
                parts = _like(point.args, blocks)
                return parts[0] if single else tuple(parts)

            jacobian = tree_map(blocks_of, output)
        jacobian = point.leave(jacobian)
        return (jacobian, point.leave(aux)) if has_aux else jacobian

    return wrapper


def _refuse_complex(transform: str, what: str, tensors: Sequence[Any]) -> None:
    for x in tensors:
        if x.is_complex():
            raise RuntimeError(
                f"{transform}: Expected all {what} to be real but received a complex tensor. Its "
                "Jacobian isn't unique: use torch.view_as_real around the function"
            )


def jacfwd(
    func: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    has_aux: bool = False,
    *,
    randomness: str = "error",
) -> Callable[..., Any]:
    """``jacrev`` for functions with more outputs than arguments: by tangents where these are fewer
    passes."""
    return _jacobian("jacfwd", "jvp(f, primals, tangents)", func, argnums, has_aux, forward=True)


def hessian(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that returns the second derivatives of ``func``: the Jacobian of its Jacobian.

    >>> import minitorch_dl as torch
    >>> torch.func.hessian(lambda x: x[0] ** 2 * x[1])(torch.tensor([1.0, 2.0]))
    tensor([[4., 2.],
            [2., 0.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)


# -- names that need nothing here ------------------------------------------------------------------


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """Return the function as it is: the transforms here take in-place writes as they come."""
    return func


def debug_unwrap(tensor: Any, *, recurse: bool = True) -> Any:
    """Return the tensor: the transforms here work on ordinary ones."""
    return tensor


explain_missing(sys.modules[__name__])
