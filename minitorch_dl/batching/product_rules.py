"""How products and functions of matrices run on all entries of a batch at once; see ``rules``."""

from __future__ import annotations

import functools
import inspect
from typing import Any

from ..tensor import Tensor
from .batched import is_at, lifted, rewrapped, rule_for, torch
from .rules import aligned, bound_arguments, only


def _matmul(
    func: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    level: int,
    dims: tuple[int, int] | None = None,
) -> Any:
    """The product of two tensors, which must have so many ``dims`` where these are given."""
    a, b = args
    if kwargs or not (a.ndim and b.ndim) or (dims and (a.ndim, b.ndim) != dims):
        return NotImplemented
    if a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
        return NotImplemented
    if a.ndim == b.ndim == 1:
        return (a * b).sum(0)
    if a.ndim == 1:
        return torch.matmul(a.unsqueeze(0), b).squeeze(-2)
    if b.ndim == 1:
        return torch.matmul(a, b.unsqueeze(1)).squeeze(-1)
    rank = max(a.ndim, b.ndim)
    return rewrapped(torch.matmul(aligned(a, rank, level), aligned(b, rank, level)), level)


rule_for("matmul __matmul__")(_matmul)
rule_for("mm")(functools.partial(_matmul, dims=(2, 2)))
rule_for("bmm")(functools.partial(_matmul, dims=(3, 3)))
rule_for("mv")(functools.partial(_matmul, dims=(2, 1)))


@rule_for("dot inner")
def _dot(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    a, b = args
    if a.ndim != 1 or a.shape != b.shape or a.dtype != b.dtype:
        return NotImplemented
    return (a * b).sum(0)


@rule_for("outer ger")
def _outer(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    a, b = args
    return a.unsqueeze(1) * b.unsqueeze(0) if a.ndim == b.ndim == 1 else NotImplemented


@rule_for("addmm addmv baddbmm")
def _plus_product(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    given = bound_arguments(func, args, kwargs).arguments
    x, a, b, *_ = [v for v in given.values() if isinstance(v, Tensor)]
    if given.get("out") is not None or not a.is_floating_point():
        return NotImplemented
    beta, alpha = given["beta"], given["alpha"]
    product = torch.matmul(a, b)
    product = product if alpha == 1 else alpha * product
    return product if beta == 0 else (x if beta == 1 else beta * x) + product


@rule_for("linear")
def _linear(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    given = bound_arguments(func, args, kwargs).arguments
    x, weight, bias = given["input"], given["weight"], given["bias"]
    if is_at(x, level) and only((weight, bias), level) and x.ndim:
        return rewrapped(func(x.entries, weight, bias), level)
    if weight.ndim != 2 or not x.ndim or x.shape[-1] != weight.shape[-1]:
        return NotImplemented
    y = torch.matmul(x, weight.transpose(0, 1))
    return y if bias is None else y + bias


@rule_for("einsum")
def _einsum(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    equation, *operands = args
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = list(operands[0])
    if not isinstance(equation, str) or not all(isinstance(x, Tensor) for x in operands):
        return NotImplemented
    equation = equation.replace(" ", "")
    batch = next((c for c in "ZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in equation), None)
    if batch is None:
        return NotImplemented
    inputs, arrow, output = equation.partition("->")
    if not arrow:
        letters = inputs.replace(",", "").replace("...", "")
        output = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
        output = f"...{output}" if "..." in inputs else output
    parts = [
        batch + part if is_at(x, level) else part for part, x in zip(inputs.split(","), operands)
    ]
    arrays = [x.entries if is_at(x, level) else x for x in operands]
    return rewrapped(func(f"{','.join(parts)}->{batch}{output}", *arrays), level)


def _of_last_dims(
    func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int, least: int = 2
) -> Any:
    """A function of the last dims of its tensors, at ``least`` so many, which all those before may
    be a batch of."""
    tensors = [x for x in (*args, *kwargs.values()) if isinstance(x, Tensor)]
    if min([x.ndim for x in tensors]) < least:
        return NotImplemented
    if len({x.ndim for x in tensors}) > 1 or "dim" in kwargs or kwargs.get("out") is not None:
        return NotImplemented
    given = inspect.signature(func).parameters
    if "dim1" in given and len(args) > 1:
        return NotImplemented
    lift = functools.partial(lifted, level=level)
    args = tuple(lift(x) if isinstance(x, Tensor) else x for x in args)
    kwargs = {k: lift(x) if isinstance(x, Tensor) else x for k, x in kwargs.items()}
    return rewrapped(func(*args, **kwargs), level)


rule_for(
    """
    inv inv_ex det slogdet logdet inverse cholesky cholesky_ex eigh eigvalsh eig eigvals svd svdvals
    qr pinv matrix_exp matrix_power matrix_rank cond solve solve_triangular tril triu lu_factor lu
    cdist
    """
)(_of_last_dims)
rule_for("one_hot")(functools.partial(_of_last_dims, least=0))
rule_for("diag_embed")(functools.partial(_of_last_dims, least=1))
rule_for("pixel_shuffle pixel_unshuffle")(functools.partial(_of_last_dims, least=3))


@rule_for("trace")
def _trace(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], level: int) -> Any:
    (x,) = args
    return x.diagonal().sum(0) if x.ndim == 2 else NotImplemented
