"""The checks of one call of a function: its results, and its derivatives against other oracles."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..autograd import grad
from ..autograd.gradcheck import (
    Check,
    as_tuple,
    differentiable,
    direction,
    epsilon,
    gradient_of,
    judge,
    random_like,
    unit,
)
from ..backend import array_module, dtypes, to_host
from ..ops import finfo
from ..tensor import Tensor
from .differences import Derivative, complex_step, derivative
from .pytorch import derivatives

TYPED_ERRORS = (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError)
ENTRIES = 400
"""The most entries of a Jacobian that are looked at one by one when a direction disagrees."""
ORDERS = {1: "first derivative", 2: "second derivative"}


class CheckFailure(AssertionError):
    """A function failed a check.

    Attributes:
        check: which, such as "first derivative" or "inputs unchanged".
        verdict: what probably explains it: "wrong formula", "rounding at this precision", "kink",
            "not differentiable here", "not deterministic", or None where that says nothing.
        inputs: the arguments of the call.
        analytical, numerical: the two numbers that differ, if it is about a derivative.
    """

    def __init__(
        self,
        check: str,
        text: str,
        inputs: Sequence[Any],
        verdict: str | None = None,
        analytical: float | None = None,
        numerical: float | None = None,
    ) -> None:
        super().__init__(text)
        self.check, self.text, self.inputs, self.verdict = check, text, tuple(inputs), verdict
        self.analytical, self.numerical = analytical, numerical


@dataclass
class Options:
    """What ``check_op`` was asked for; its docstring explains them."""

    order: int = 2
    rtol: float = 1e-6
    atol: float = 1e-7
    reference: Callable[..., Any] | None = None
    torch_reference: Callable[..., Any] | None = None
    keeps_dtype: bool = True
    may_alias: bool = False
    ignores_nan: bool = False
    edges: bool = True
    seed: int = 0
    dtype: dtypes.dtype = dtypes.float64


@dataclass
class Measurement:
    """What the points examined so far gave.

    Attributes:
        points: how many calls were examined.
        kinks: how many of them lay at a kink, where the gradient must only lie between the
            one-sided derivatives.
        errors: per order the greatest ``|analytical - numerical| / max(1, |numerical|)``.
        worst: per order the arguments that gave it.
        oracles: what the derivatives were compared with.
    """

    points: int = 0
    kinks: int = 0
    errors: dict[int, float] = field(default_factory=dict)
    worst: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    oracles: set[str] = field(default_factory=set)

    def note(self, order: int, error: float, args: Sequence[Any]) -> None:
        if error >= self.errors.get(order, -1.0):
            self.errors[order] = error
            self.worst[order] = tuple(args)


class ControlledCheck(Check):
    """``gradcheck``'s parts with differences whose step is chosen for each entry."""

    def __init__(self, func: Callable[..., Any], inputs: Any, options: Options) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a function may return float32
            super().__init__(func, inputs, 1e-6, options.atol, options.rtol, 0.0)
        outputs = as_tuple(func(*self.inputs))
        self.outputs = differentiable(outputs)
        self.positions = [
            j for j, y in enumerate(outputs) if isinstance(y, Tensor) and y.requires_grad
        ]

    def numerical(self, j: int, x: Any, v: np.ndarray, eps: float | None = None) -> np.ndarray:
        return np.asarray(self.derivative(j, x, v).value)

    def derivative(self, j: int, x: Any, v: np.ndarray) -> Derivative:
        return derivative(lambda t: self.value(j, x, v, t))

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
        """Those of the weighted sum of all outputs, by each input; zeros where there is none."""
        weights = [
            Tensor.wrap(array_module(y.array).asarray(u, y.array.dtype))
            for u, y in zip(us, self.outputs)
        ]
        xs = [x for _, x in self.wanted]
        found = grad(self.outputs, xs, weights, retain_graph=True, allow_unused=True)
        return [
            np.zeros(x.array.shape) if g is None else np.asarray(to_host(g.array), np.float64)
            for g, x in zip(found, xs)
        ]


# -- derivatives -----------------------------------------------------------------------------------


def check_derivatives(
    fn: Callable[..., Any], args: Sequence[Any], options: Options, found: Measurement
) -> None:
    """Compare the derivatives with differences along random directions, and entry by entry where
    these disagree.

    The second order is the first order of the gradient, as a function of the inputs and of the
    gradients of the outputs: so the derivative with respect to those, which is the function's
    forward derivative by double backward, is checked too.

    Raises:
        CheckFailure: a derivative is wrong.
    """
    inputs = [_for_gradients(x) for x in args]
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
        given = [*inputs, *(random_like(y, rng) for y in outputs)]
        _compare(gradient_of(fn, len(inputs)), given, args, 2, options, found)


def _for_gradients(x: Any) -> Any:
    """A float tensor as a float64 leaf; the derivative does not depend on the precision."""
    if not isinstance(x, Tensor) or not x.dtype.is_floating_point:
        return x
    return x.detach().to(dtypes.float64).clone().requires_grad_()


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
        return
    rng = np.random.default_rng(options.seed)
    us = [direction(y.array.shape, rng) for y in check.outputs]
    vs = [direction(x.array.shape, rng) for _, x in check.wanted]
    a = float(sum(np.sum(g * v) for g, v in zip(check.gradients(us), vs)))
    f = check.along_all(us, vs)
    n, error = map(float, derivative(f))
    smooth = order > 1 or not _bends(f)
    bound = options.atol + options.rtol * abs(n) + 4 * min(error, 1e-3 * (1 + abs(n)))
    if not smooth or not abs(a - n) <= bound:
        pairs = [
            _is_kink(check, j, y, k, us[j], vs[k], args, order)
            for j, y in enumerate(check.outputs)
            for k in range(len(check.wanted))
        ]
        found.kinks += any(pairs)
        return  # every entry is right: the direction crossed a kink or left the domain
    if options.dtype is not dtypes.float64:
        a = _narrow_slope(fn, inputs, us, vs, n, options, args, order)
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
    """The slope that gradients of fewer bits give; they must be within their rounding of ``n``."""
    narrow = ControlledCheck(fn, [_in_dtype(x, options.dtype) for x in inputs], options)
    terms = [g * v for g, v in zip(narrow.gradients(us), vs)]
    a = float(sum(np.sum(term) for term in terms))
    scale = 1.0 + abs(n) + float(sum(np.sum(np.abs(term)) for term in terms))
    if not np.isfinite(a) and abs(n) > 0.1 * finfo(options.dtype).max:
        return n  # overflow, as it must
    if not abs(a - n) <= 500 * epsilon(options.dtype.numpy) * scale:
        text = (
            f"along a random direction, with inputs of {options.dtype}\n"
            f"  analytical: {a:.8g}\n  numerical:  {n:.8g} (float64)"
        )
        raise CheckFailure(ORDERS[order], text, args, "rounding at this precision", a, n)
    return a


def _bends(f: Callable[[float], float]) -> bool:
    """Whether the one-sided derivatives of ``f`` at 0 differ: of a smooth function they approach
    each other with the step."""
    middle = f(0.0)
    wide, narrow = (abs(f(h) - 2 * middle + f(-h)) / h for h in (1e-4, 1e-4 / 8))
    return narrow > 1e-6 * (1 + abs(middle)) and narrow > 0.5 * wide


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
        if not bends and abs(a - n) <= check.atol + check.rtol * abs(n) + 4 * min(error, 1e-4):
            continue
        verdict = judge(f, a, n, check.atol, check.rtol, epsilon(x.array.dtype))
        if verdict.sides is not None:
            low, high = sorted(verdict.sides)
            slack = 1e-4 * (1 + abs(low) + abs(high))
            if low - slack <= a <= high + slack:
                kink = True
                continue
        if abs(a - n) <= check.atol + check.rtol * abs(n) or verdict.kind.startswith("rounding"):
            continue
        text = _describe(check, j, output, k, row, column, a, n, verdict.text, order, len(args))
        raise CheckFailure(ORDERS[order], text, args, verdict.kind, a, n)
    return kink


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
    of = f"output {check.positions[j]}"
    if order == 2:
        of = f"the gradient of input {check.positions[j]}"
    by = f"input {i}" if i < arity else f"the gradient of output {i - arity}"
    at = tuple(int(one) for one in np.unravel_index(row, output.array.shape))
    to = tuple(int(one) for one in np.unravel_index(column, x.array.shape))
    return (
        f"the derivative of {of} at index {at} by {by} at index {to}\n"
        f"  analytical: {a:.10g}\n  numerical:  {n:.10g}\n{text}"
    )


# -- the other checks ------------------------------------------------------------------------------


class Examination:
    """One call of ``fn``, checked in every way that ``options`` ask for."""

    def __init__(
        self, fn: Callable[..., Any], args: Sequence[Any], options: Options, found: Measurement
    ) -> None:
        self.fn, self.args, self.options, self.found = fn, tuple(args), options, found

    def run(self) -> None:
        """
        Raises:
            CheckFailure: a check failed.
        """
        outputs = self.check_results()
        self.check_values(outputs)
        self.check_layout(outputs)
        kinks = self.found.kinks
        check_derivatives(self.fn, self.args, self.options, self.found)
        if self.found.kinks == kinks:
            self.check_complex_step()
        self.check_pytorch()
        self.found.points += 1

    def fail(self, check: str, text: str, verdict: str | None = None) -> None:
        raise CheckFailure(check, text, self.args, verdict)

    @property
    def tensors(self) -> list[Tensor]:
        return [x for x in self.args if isinstance(x, Tensor)]

    @property
    def floats(self) -> list[Tensor]:
        return [x for x in self.tensors if x.dtype.is_floating_point]

    def check_results(self) -> list[Tensor]:
        """The outputs; inputs unchanged, results repeatable, memory, dtype, device as promised."""
        before = [to_host(x.array).copy() for x in self.tensors]
        outputs = _tensors_of(self.fn(*self.args))
        if not outputs:
            self.fail("result", "the function returned no Tensor")
        for i, (x, was) in enumerate(zip(self.tensors, before)):
            if not _same(to_host(x.array), was):
                x.array[...] = array_module(x.array).asarray(was)  # for the report
                self.fail("inputs unchanged", f"the call changed its tensor {i}")
        again = _tensors_of(self.fn(*self.args))
        for j, (a, b) in enumerate(zip(outputs, again)):
            if not _same(to_host(a.array), to_host(b.array)):
                text = f"two calls with the same arguments differ in output {j}"
                self.fail("repeatable", text, "not deterministic")
        if not self.options.may_alias:
            self.check_memory(outputs)
        devices = {x.device for x in self.tensors}
        kinds = {x.dtype for x in self.floats}
        for j, y in enumerate(outputs):
            if len(devices) == 1 and y.device not in devices:
                self.fail("device kept", f"inputs on {devices.pop()}, output {j} on {y.device}")
            checked = self.options.keeps_dtype and len(kinds) == 1 and y.dtype.is_floating_point
            if checked and y.dtype not in kinds:
                self.fail("dtype kept", f"inputs of {kinds.pop()}, output {j} of {y.dtype}")
        return outputs

    def check_memory(self, outputs: list[Tensor]) -> None:
        for j, y in enumerate(outputs):
            for i, x in enumerate(self.tensors):
                same = y is x or (
                    isinstance(y.array, np.ndarray)
                    and isinstance(x.array, np.ndarray)
                    and np.may_share_memory(y.array, x.array)
                )
                if same and y.array.size:
                    self.fail(
                        "no aliasing",
                        f"output {j} shares memory with tensor {i} of the arguments; "
                        "return a copy, or say may_alias=True if that is meant",
                    )

    def check_values(self, outputs: list[Tensor]) -> None:
        if self.options.reference is None:
            return
        self.found.oracles.add("reference")
        given = [_plain(x) for x in self.args]
        expected = as_tuple(self.options.reference(*given))
        self.compare_all("values", outputs, expected, "the reference")

    def compare_all(
        self, check: str, actual: Sequence[Any], expected: Sequence[Any], whose: str
    ) -> None:
        if len(actual) != len(expected):
            self.fail(check, f"{len(actual)} results, {whose} gives {len(expected)}")
        for j, (a, b) in enumerate(zip(actual, expected)):
            if a is None or b is None:
                continue
            a, b = np.asarray(_plain(a), np.float64), np.asarray(_plain(b), np.float64)
            if a.shape != b.shape:
                self.fail(check, f"result {j} has shape {a.shape}, {whose} gives {b.shape}")
            rtol = max(self.options.rtol, *(8 * epsilon(x.array.dtype) for x in self.floats), 0.0)
            bad = ~np.isclose(a, b, rtol=rtol, atol=max(self.options.atol, rtol), equal_nan=True)
            if bad.any():
                index = tuple(int(i) for i in np.argwhere(bad)[0])
                text = (
                    f"result {j} at index {index} is {a[index]:.10g}, {whose} gives {b[index]:.10g}"
                )
                self.fail(check, text, "wrong formula" if check in ORDERS.values() else None)

    def check_layout(self, outputs: list[Tensor]) -> None:
        """The same values scattered over memory give the same result."""
        moved = [_scattered(x) if isinstance(x, Tensor) else x for x in self.args]
        try:
            again = _tensors_of(self.fn(*moved))
        except TYPED_ERRORS:  # refused, as a view of such memory may be
            return
        self.compare_all("any layout", again, outputs, "the same call on contiguous inputs")

    def check_complex_step(self) -> None:
        """The derivative by the complex step, of the NumPy reference or of ``fn`` on raw arrays."""
        fn = self.options.reference or self.fn
        xs = [np.asarray(to_host(x.array), np.float64) for x in self.floats]
        if len(self.floats) != len(self.args) or not xs:
            return
        rng = np.random.default_rng(self.options.seed)
        vs = [direction(x.shape, rng) for x in xs]
        slope = complex_step(fn, xs, vs)
        if slope is None or not np.all(np.isfinite(slope)):
            return
        inputs = [_for_gradients(x) for x in self.floats]
        outputs = differentiable(self.fn(*inputs))
        if len(outputs) != 1 or outputs[0].shape != slope.shape:
            return
        u = direction(slope.shape, rng)
        weight = array_module(outputs[0].array).asarray(u)
        grads = grad(outputs[0], inputs, Tensor.wrap(weight), allow_unused=True)
        a = sum(float(np.sum(_plain(g) * v)) for g, v in zip(grads, vs) if g is not None)
        n = float(np.sum(u * slope))

        def f(t: float) -> float:
            moved = [Tensor.wrap(np.asarray(x + t * v)) for x, v in zip(xs, vs)]
            return float(np.sum(u * _plain(_tensors_of(self.fn(*moved))[0])))

        if abs(n - float(derivative(f).value)) > 1e-6 * (1 + abs(n)):
            return  # some step of the function drops imaginary parts
        self.found.oracles.add("complex step")
        if abs(a - n) > 1e-9 * (1 + abs(n) + np.sum(np.abs(slope))):
            raise CheckFailure(
                "first derivative",
                "along a random direction, by the complex step\n"
                f"  analytical:   {a:.14g}\n  complex step: {n:.14g}",
                self.args, "wrong formula", a, n,
            )  # fmt: skip

    def check_pytorch(self) -> None:
        """Values, first and second derivatives of the function's twin in PyTorch."""
        twin = self.options.torch_reference
        if twin is None:
            return
        self.found.oracles.add("PyTorch")
        ours, theirs = (
            derivatives(fn, self.args, self.options.order, torch=torch)
            for fn, torch in ((self.fn, None), (twin, sys.modules["torch"]))
        )
        for check, a, b in zip(("values", *ORDERS.values()), ours, theirs):
            self.compare_all(check, a, b, "PyTorch")


# -- edges -----------------------------------------------------------------------------------------


def check_edges(fn: Callable[..., Any], args: Sequence[Any], options: Options) -> None:
    """0-d and empty inputs, float32, NaN and infinities: each either works or is refused with an
    ordinary exception, and a NaN that matters is not lost.

    Raises:
        CheckFailure: a check failed.
    """
    shaped = {
        "0-d inputs": lambda x: x.detach().reshape(-1)[0].clone() if x.numel() else x,
        "empty inputs": lambda x: x.detach()[:0].clone() if x.ndim else x,
    }
    for check, change in shaped.items():
        outputs, inputs = _attempt(fn, args, change, check)
        for y in outputs:
            if y.requires_grad:
                for x, g in zip(inputs, _gradients(y, inputs, check, args)):
                    if g is not None and g.shape != x.shape:
                        text = f"a gradient of shape {tuple(g.shape)} for {tuple(x.shape)}"
                        raise CheckFailure(check, text, args)
    outputs, inputs = _attempt(fn, args, lambda x: x.detach().to(dtypes.float32).clone(), "float32")
    for y in outputs:
        if y.requires_grad:
            for x, g in zip(inputs, _gradients(y, inputs, "float32", args)):
                if g is not None and g.dtype is not x.dtype:
                    text = f"a gradient of {g.dtype} for a float32 input"
                    raise CheckFailure("dtype kept", text, args)
    for value in (np.nan, np.inf, -np.inf):
        _check_special_value(fn, args, options, float(value))


def _attempt(
    fn: Callable[..., Any], args: Sequence[Any], change: Callable[[Any], Any], check: str
) -> tuple[list[Tensor], list[Tensor]]:
    """The outputs and float inputs of the call with changed inputs; none where it is refused."""
    changed = []
    for x in args:
        if isinstance(x, Tensor) and x.dtype.is_floating_point:
            x = change(x).requires_grad_()
        changed.append(x)
    try:
        outputs = _tensors_of(fn(*changed))
    except TYPED_ERRORS:
        return [], []
    except Exception as error:
        text = f"raised {type(error).__name__}: {error}"
        raise CheckFailure(check, text, args) from error
    return outputs, [x for x in changed if isinstance(x, Tensor) and x.requires_grad]


def _gradients(y: Tensor, inputs: list[Tensor], check: str, args: Sequence[Any]) -> Any:
    try:
        return grad(y.sum(), inputs, allow_unused=True, retain_graph=True)
    except Exception as error:
        text = f"the call works, but its backward raised {type(error).__name__}: {error}"
        raise CheckFailure(check, text, args) from error


def _check_special_value(
    fn: Callable[..., Any], args: Sequence[Any], options: Options, value: float
) -> None:
    """Put NaN or an infinity into the first element of each input in turn."""
    floats = [i for i, x in enumerate(args) if isinstance(x, Tensor) and x.dtype.is_floating_point]
    for i in floats:
        if not args[i].numel():
            continue
        leaves = [_for_gradients(x) for x in args]
        live = differentiable(fn(*leaves))
        if not live:
            return
        total = sum((y.sum() for y in live[1:]), live[0].sum())
        (slope,) = grad(total, [leaves[i]], allow_unused=True)
        changed = args[i].detach().clone()
        changed[(0,) * changed.ndim] = value
        given = [*args[:i], changed, *args[i + 1 :]]
        try:
            outputs = _tensors_of(fn(*given))
        except TYPED_ERRORS:
            continue
        except Exception as error:
            text = f"{value} in argument {i} raised {type(error).__name__}: {error}"
            raise CheckFailure("NaN and inf", text, args) from error
        depends = slope is not None and float(_plain(slope).reshape(-1)[0]) != 0
        lost = all(np.isfinite(_plain(y)).all() for y in outputs if y.dtype.is_floating_point)
        if np.isnan(value) and depends and lost and not options.ignores_nan:
            text = (
                f"NaN in argument {i} gives a finite result, although the result depends on that "
                "element; say ignores_nan=True if that is meant"
            )
            raise CheckFailure("NaN and inf", text, args)


def _tensors_of(outputs: Any) -> list[Tensor]:
    return [y for y in as_tuple(outputs) if isinstance(y, Tensor)]


def _plain(x: Any) -> Any:
    """A tensor of this library or PyTorch's as a NumPy array; other things as they are."""
    if isinstance(x, Tensor):
        return np.asarray(to_host(x.array))
    return x.detach().numpy() if hasattr(x, "detach") else x


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def _scattered(x: Tensor) -> Tensor:
    """The same tensor in memory that is not contiguous."""
    xp = array_module(x.array)
    wide = xp.zeros((*x.array.shape[::-1], 2), x.array.dtype)
    view = wide[..., 0].T
    view[...] = x.array
    return Tensor.wrap(view)
