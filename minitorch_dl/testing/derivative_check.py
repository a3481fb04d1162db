"""The derivatives of one call of a function against differences of its values."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..autograd import grad
from ..autograd.gradcheck import (
    Check,
    GradcheckError,
    as_tuple,
    differentiable,
    direction,
    gradient_of,
    random_like,
    unit,
    with_pairs,
)
from ..autograd.gradcheck_diagnosis import epsilon, judge
from ..backend import array_module, dtypes, to_host
from ..ops import finfo
from ..tensor import Tensor
from .differences import Derivative, derivative
from .findings import ORDERS, CheckFailure, Measurement, Options

ENTRIES = 400
"""The most entries of a Jacobian that are looked at one by one when a direction disagrees."""


class BackwardWrote(Exception):
    """A backward pass wrote into the gradients that it was given."""


class ControlledCheck(Check):
    """``gradcheck``'s parts with differences whose step is chosen for each entry."""

    def __init__(self, func: Callable[..., Any], inputs: Any, options: Options) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a function may return float32
            super().__init__(func, inputs, 1e-6, options.atol, options.rtol, 0.0)
        outputs = as_tuple(func(*self.inputs))
        self.outputs = differentiable(outputs)
        self.names = options.names
        self.choose(outputs, lambda y: y.requires_grad)

    def name(self, i: int) -> str:
        return self.names[i] if self.names else super().name(i)

    def output_name(self, j: int, order: int) -> str:
        """What to call output ``j``, which in the second order is a gradient."""
        return f"output {j}" if order == 1 else f"the gradient of {self.name(self.wanted[j][0])}"

    def numerical(self, j: int, x: Any, v: np.ndarray, eps: float | None = None) -> np.ndarray:
        return np.asarray(self.derivative(j, x, v).value)

    def derivative(self, j: int, x: Any, v: np.ndarray) -> Derivative:
        return derivative(lambda t: self.value(j, x, v, t))

    def bound(self, n: float, error: float = 0.0) -> float:
        """How far a derivative may be from the numerical ``n``, which may be off by ``error``."""
        return self.atol + self.rtol * abs(n) + 4 * error

    def along(self, j: int, x: Any, v: np.ndarray, u: np.ndarray) -> Callable[[float], float]:
        """The sum of output ``j`` weighted by ``u``, as a function of the way along ``v``."""
        return lambda t: float(np.sum(u * self.value(j, x, v, t)))

    def along_all(self, us: list[np.ndarray], vs: list[np.ndarray]) -> Callable[[float], float]:
        """The weighted sum of all outputs, as a function of the way of all inputs."""
        befores = [x.array.copy() for _, x in self.wanted]

        def f(t: float) -> float:
            try:
                for (_, x), before, v in zip(self.wanted, befores, vs):
                    x.array[...] = before + array_module(before).asarray(t * v, before.dtype)
                outputs = as_tuple(self.func(*self.inputs))
                values = [outputs[i].array for i in self.positions]
                return float(sum(np.sum(u * to_host(y)) for u, y in zip(us, values)))
            finally:
                for (_, x), before in zip(self.wanted, befores):
                    x.array[...] = before

        return f

    def gradients(self, us: list[np.ndarray]) -> list[np.ndarray]:
        """Those of the weighted sum of all outputs, by each input; zeros where there is none.

        Raises:
            BackwardWrote: the backward pass wrote into the gradients that it was given.
        """
        weights = [
            Tensor.wrap(array_module(y.array).array(u, y.array.dtype))
            for u, y in zip(us, self.outputs)
        ]
        before = [to_host(weight.array).copy() for weight in weights]
        xs = [x for _, x in self.wanted]
        found = grad(self.outputs, xs, weights, retain_graph=True, allow_unused=True)
        for j, weight, was in zip(self.positions, weights, before):
            if not np.array_equal(to_host(weight.array), was):
                raise BackwardWrote(
                    f"the backward pass wrote into the gradient of output {j}, which others may "
                    "use, too: write to a copy"
                )
        return [
            np.zeros(x.array.shape) if g is None else np.asarray(to_host(g.array), np.float64)
            for g, x in zip(found, xs)
        ]


def check_derivatives(
    fn: Callable[..., Any], args: Sequence[Any], options: Options, found: Measurement
) -> None:
    """Compare the derivatives with differences along random directions, and entry by entry where
    these disagree.

    The second order is the first order of the gradient, as a function of the inputs and of the
    gradients of the outputs: so the derivative with respect to those, which is the function's
    forward derivative by double backward, is checked too. Complex numbers count as pairs of floats.

    Raises:
        CheckFailure: a derivative is wrong.
    """
    fn, given = with_pairs(fn, tuple(args))
    inputs = [for_gradients(x) for x in given]
    if not any(isinstance(x, Tensor) and x.requires_grad for x in inputs):
        return
    kinks = found.kinks
    _compare(fn, inputs, args, 1, options, found)
    found.oracles.add("differences")
    if options.order < 2 or found.kinks > kinks:
        return
    outputs = differentiable(fn(*inputs))
    rng = np.random.default_rng(options.seed)
    if outputs:
        points = [*inputs, *(random_like(y, rng) for y in outputs)]
        _compare(_connected(gradient_of(fn, len(inputs))), points, args, 2, options, found)


def _connected(gradient: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    """``gradient`` with zero for the derivative of what is cut from the graph, which then must not
    depend on the inputs."""

    def function(*inputs: Any) -> tuple[Any, ...]:
        nothing = inputs[-1].reshape(-1)[:0].sum()
        gradients = gradient(*inputs)
        return tuple(g if g.requires_grad else g + nothing for g in gradients) or (nothing,)

    return function


def for_gradients(x: Any) -> Any:
    """A float tensor as a float64 leaf; the derivative does not depend on the precision."""
    if not is_inexact(x):
        return x
    dtype = dtypes.complex128 if x.is_complex() else dtypes.float64
    return x.detach().to(dtype).clone().requires_grad_()


def is_inexact(x: Any) -> bool:
    """Whether this is a tensor of floats or complex numbers."""
    return isinstance(x, Tensor) and (x.dtype.is_floating_point or x.is_complex())


def _compare(
    fn: Callable[..., Any],
    inputs: Sequence[Any],
    args: Sequence[Any],
    order: int,
    options: Options,
    found: Measurement,
) -> None:
    check = ControlledCheck(fn, inputs, options)
    if not check.outputs:
        try:
            check.check_constant()
        except GradcheckError as fault:
            raise CheckFailure(ORDERS[order], str(fault), args, "wrong formula") from None
        return
    rng = np.random.default_rng(options.seed)
    us = [direction(y.array.shape, rng) for y in check.outputs]
    vs = [direction(x.array.shape, rng) for _, x in check.wanted]
    try:
        gradients = check.gradients(us)
    except BackwardWrote as fault:
        raise CheckFailure("gradients unchanged", str(fault), args) from None
    a = float(sum(np.sum(g * v) for g, v in zip(gradients, vs)))
    f = check.along_all(us, vs)
    n, error = map(float, derivative(f))
    if error > check.bound(n) or abs(a - n) > check.bound(n):
        _refuse_float32_inside(check, vs, (a, n), args, order)
    smooth = order > 1 or not _bends(f)
    if not smooth or not abs(a - n) <= check.bound(n, min(error, 1e-3 * (1 + abs(n)))):
        closer = _closer(check, f, a)
        if closer is None:
            pairs = [
                _is_kink(check, j, y, k, us[j], vs[k], args, order)
                for j, y in enumerate(check.outputs)
                for k in range(len(check.wanted))
            ]
            found.kinks += any(pairs)
            return  # every entry is right: the direction crossed a kink or left the domain
        n = closer
    if options.dtype is not dtypes.float64:
        a, n = _narrow_slope(fn, inputs, us, vs, a, options, args, order), a
    found.note(order, abs(a - n) / max(1.0, abs(n)), args)


def _in_dtype(x: Any, dtype: dtypes.dtype) -> Any:
    if not isinstance(x, Tensor) or not x.dtype.is_floating_point:
        return x
    return x.detach().to(dtype).requires_grad_(x.requires_grad)


def _narrow_slope(
    fn: Callable[..., Any],
    inputs: Sequence[Any],
    us: list[np.ndarray],
    vs: list[np.ndarray],
    n: float,
    options: Options,
    args: Sequence[Any],
    order: int,
) -> float:
    """The slope that gradients of fewer bits give; they must be within their rounding of
    ``n``, that of float64, which was found right."""
    narrow = ControlledCheck(fn, [_in_dtype(x, options.dtype) for x in inputs], options)
    terms = [g * v for g, v in zip(narrow.gradients(us), vs)]
    a = float(sum(np.sum(term) for term in terms))
    scale = 1.0 + abs(n) + float(sum(np.sum(np.abs(term)) for term in terms))
    if not np.isfinite(a) and abs(n) > 0.1 * finfo(options.dtype).max:
        return n  # overflow, as it must
    if not abs(a - n) <= 500 * epsilon(options.dtype.numpy) * scale:
        text = (
            f"along a random direction, with inputs of {options.dtype}\n"
            f"  analytical: {a:.8g}\n  in float64: {n:.8g}"
        )
        raise CheckFailure(ORDERS[order], text, args, "rounding at this precision", a, n)
    return a


def _bends(f: Callable[[float], float], h: float = 1e-4) -> bool:
    """Whether the one-sided derivatives of ``f`` at 0 differ: of a smooth function they approach
    each other with the step ``h``."""
    middle = f(0.0)
    wide, narrow = (abs(f(s) - 2 * middle + f(-s)) / s for s in (h, h / 8))
    return narrow > 1e-6 * (1 + abs(middle)) and narrow > 0.5 * wide


_CLOSER = ((2.0**-14, 1e-6), (2.0**-20, 1e-8))
"""Steps of differences, and of the search for a bend, that a kink beside the point doesn't reach;
not the first choice, for rounding costs them half of the digits."""


def _closer(check: ControlledCheck, f: Callable[[float], float], a: float) -> float | None:
    """The derivative by smaller steps, if it is ``a``: greater ones cross a kink."""
    for step, bend in _CLOSER:
        n, error = map(float, derivative(f, step))
        if abs(a - n) <= check.bound(n, min(error, 1e-4)) and not _bends(f, bend):
            return n
    return None


def _is_kink(
    check: ControlledCheck,
    j: int,
    output: Any,
    k: int,
    u: np.ndarray,
    v: np.ndarray,
    args: Sequence[Any],
    order: int,
) -> bool:
    """Whether the point is at a kink and the gradient between the one-sided derivatives.

    Raises:
        CheckFailure: the gradient is wrong.
    """
    x = check.wanted[k][1]
    kink = False
    for row, column in _entries(check, j, output, k, u, v):
        at_output, at_input = unit(output.array.shape, row), unit(x.array.shape, column)
        f = check.along(j, x, at_input, at_output)
        a = float(check.analytical(output, at_output)[k].reshape(-1)[column])
        n, error = map(float, derivative(f))
        bends = order == 1 and _bends(f)
        if not bends and abs(a - n) <= check.bound(n, min(error, 1e-4)):
            continue
        if _closer(check, f, a) is not None:
            continue
        verdict = judge(f, a, n, check.atol, check.rtol, epsilon(x.array.dtype))
        if verdict.sides is not None:
            low, high = sorted(verdict.sides)
            slack = 1e-4 * (1 + abs(low) + abs(high))
            if low - slack <= a <= high + slack:
                kink = True
                continue
        if abs(a - n) <= check.bound(n) or verdict.kind.startswith("rounding"):
            continue
        text = _describe(check, j, output, k, row, column, a, n, verdict.text, order, len(args))
        raise CheckFailure(ORDERS[order], text, args, verdict.kind, a, n)
    return kink


def _refuse_float32_inside(
    check: ControlledCheck,
    vs: list[np.ndarray],
    slopes: tuple[float, float],
    args: Sequence[Any],
    order: int,
) -> None:
    """
    Raises:
        CheckFailure: an output of float64, at an input with many digits, has all the digits of
            float32 and no more.
    """
    for j, position in enumerate(check.positions):
        for (_, x), v in zip(check.wanted, vs):
            values = check.value(j, x, v, 1e-3 / 3)
            with np.errstate(over="ignore"):
                few, fewer = values.astype(np.float32), values.astype(np.float16)
            if np.array_equal(values, few) and not np.array_equal(values, fewer):
                text = (
                    f"{check.output_name(position, order)} is of float64, but has the digits of "
                    "float32 only: something inside computes in float32, and differences show its "
                    f"rounding.\n  analytical: {slopes[0]:.10g}\n  numerical:  {slopes[1]:.10g}"
                )
                raise CheckFailure(ORDERS[order], text, args, "float32 inside", *slopes)


def _entries(
    check: ControlledCheck, j: int, output: Any, k: int, u: np.ndarray, v: np.ndarray
) -> Iterator[tuple[int, int]]:
    """The entries (output element, input element) of the Jacobian to look at."""
    _, x = check.wanted[k]
    if output.array.size * x.array.size > ENTRIES:
        yield check.locate(j, output, k, x, u, v)
        return
    for column in range(x.array.size):
        for row in range(output.array.size):
            yield row, column


def _describe(
    check: ControlledCheck,
    j: int,
    output: Any,
    k: int,
    row: int,
    column: int,
    a: float,
    n: float,
    text: str,
    order: int,
    arity: int,
) -> str:
    i, x = check.wanted[k]
    of = check.output_name(check.positions[j], order)
    by = check.name(i) if i < arity else f"the gradient of output {i - arity}"
    at = tuple(int(one) for one in np.unravel_index(row, output.array.shape))
    to = tuple(int(one) for one in np.unravel_index(column, x.array.shape))
    return (
        f"the derivative of {of} at index {at} by {by} at index {to}\n"
        f"  analytical: {a:.10g}\n  numerical:  {n:.10g}\n{text}"
    )
