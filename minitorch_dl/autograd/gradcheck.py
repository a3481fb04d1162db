"""Check gradients against finite differences.

Small functions are checked entry by entry of the Jacobian J, large ones along random directions:
u^T J v, with one backward pass and two evaluations. A failure says which entry differs, both
numbers, and what probably explains it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..backend import array_module, layouts, to_host
from ..backend.warning import warn
from .backward import grad
from .forward_ad import dual_level, make_dual, unpack_dual
from .gradcheck_diagnosis import culprit, epsilon, judge
from .primitive import PRIMITIVES, TensorBase

FULL_JACOBIAN = 2000
"""The most input and output elements for which the whole Jacobian is compared."""
_DIRECTIONS = 3


class GradcheckError(RuntimeError):
    """A gradient differs from the finite difference."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the gradients of ``func`` at ``inputs`` with central differences:
    ``|a - n| <= atol + rtol |n|``.

    Args:
        func: takes the inputs, returns a Tensor or several.
        inputs: a Tensor or a tuple; those that require a gradient are checked and should be
            float64, or complex128, of which the real and the imaginary parts are checked as pairs
            of numbers.
        eps: the step of the differences.
        raise_exception: raise GradcheckError on a difference, instead of returning False.
        nondet_tol: how much two backward passes may differ.
        fast_mode: check along random directions even when the function is small.
        check_forward_ad: also compare ``J v`` by dual tensors (see ``autograd.forward_ad``).
        check_backward_ad: False leaves out the backward passes.
        check_undefined_grad, check_batched_grad, ...: accepted for PyTorch's sake.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(lambda x: x * x.tanh(), x)
    True
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError(
            "Expected at least one of check_forward_ad or check_backward_ad to be True"
        )
    func, inputs = with_pairs(*with_entries(func, as_tuple(inputs)))
    check = Check(func, inputs, eps, atol, rtol, nondet_tol)
    try:
        if check_backward_ad:
            check.run(fast_mode)
        if check_forward_ad:
            check.run_forward(fast_mode)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """``gradcheck`` of the gradient itself: as a function of the inputs and of ``grad_outputs``
    (random when not given); with ``check_fwd_over_rev`` by dual tensors too.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradgradcheck(lambda x: x * x.tanh(), x)
    True
    """
    inputs = as_tuple(inputs)
    if grad_outputs is None:
        rng = np.random.default_rng(0)
        grad_outputs = tuple(random_like(y, rng) for y in differentiable(func(*inputs)))
        if not grad_outputs:
            raise ValueError("gradgradcheck expects a function with an output that has a gradient")
    else:
        grad_outputs = as_tuple(grad_outputs)
    return gradcheck(
        gradient_of(func, len(inputs)),
        (*inputs, *grad_outputs),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
    )


def gradient_of(func: Callable[..., Any], n: int) -> Callable[..., tuple[Any, ...]]:
    """The gradient of ``func`` as a function of its ``n`` inputs and of the outputs' gradients."""

    def gradient(*args: Any) -> tuple[Any, ...]:
        xs = tuple(x for x in args[:n] if isinstance(x, TensorBase) and x.requires_grad)
        outputs = differentiable(func(*args[:n]))
        found = grad(outputs, xs, args[n:], create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradient


def with_entries(func: Callable[..., Any], inputs: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """``func`` as a function of the entries of those inputs that are sparse, and the entries;
    sparse outputs become dense."""

    def function(*given: Any) -> Any:
        inside = [
            x.with_entries(entries) if _is_sparse(x) else entries
            for x, entries in zip(inputs, given, strict=True)
        ]
        return tuple([y.to_dense() if _is_sparse(y) else y for y in as_tuple(func(*inside))])

    return function, tuple([x._values() if _is_sparse(x) else x for x in inputs])


def _is_sparse(x: Any) -> bool:
    return isinstance(x, TensorBase) and x.layout in layouts.SPARSE


def with_pairs(func: Callable[..., Any], inputs: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """``func`` as a function of real numbers, and where to evaluate it: complex inputs and outputs
    become pairs ``(*, 2)``."""
    paired = [isinstance(x, TensorBase) and x.array.dtype.kind == "c" for x in inputs]

    def function(*given: Any) -> Any:
        inside = [_to_complex(x) if pair else x for x, pair in zip(given, paired, strict=True)]
        return tuple([_to_pairs(y) for y in as_tuple(func(*inside))])

    def leaf(x: Any) -> Any:
        pairs = TensorBase.wrap(_to_pairs(x).array.copy())
        return pairs.requires_grad_(x.requires_grad)

    return function, tuple([leaf(x) if pair else x for x, pair in zip(inputs, paired)])


def _to_complex(pairs: Any) -> Any:
    return PRIMITIVES["view_as_complex"](pairs)


def _to_pairs(x: Any) -> Any:
    is_complex = isinstance(x, TensorBase) and x.array.dtype.kind == "c"
    return PRIMITIVES["view_as_real"](x) if is_complex else x


def as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def differentiable(outputs: Any) -> tuple[Any, ...]:
    return tuple(y for y in as_tuple(outputs) if isinstance(y, TensorBase) and y.requires_grad)


def random_like(y: Any, rng: np.random.Generator) -> Any:
    values: Any = rng.standard_normal(y.array.shape)
    if y.array.dtype.kind == "c":
        values = values + 1j * rng.standard_normal(y.array.shape)
    array = array_module(y.array).asarray(values, y.array.dtype)
    return TensorBase.wrap(array).requires_grad_()


def direction(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """A random direction whose entries keep off zero, so that no element escapes the check."""
    return np.asarray(rng.uniform(0.3, 1.0, shape) * rng.choice([-1.0, 1.0], shape))


def unit(shape: tuple[int, ...], index: int) -> np.ndarray:
    v = np.zeros(shape)
    v.reshape(-1)[index] = 1.0
    return v


def _overlaps(array: Any) -> bool:
    """Whether two indices of the array may show the same memory."""
    reach = 0
    for stride, size in sorted((abs(s), n) for s, n in zip(array.strides, array.shape) if n > 1):
        if stride <= reach:
            return True
        reach += stride * (size - 1)
    return False


class Check:
    """One run of ``gradcheck``."""

    def __init__(
        self,
        func: Callable[..., Any],
        inputs: Any,
        eps: float,
        atol: float,
        rtol: float,
        nondet_tol: float,
    ) -> None:
        self.func, self.inputs = func, as_tuple(inputs)
        self.eps, self.atol, self.rtol, self.nondet_tol = eps, atol, rtol, nondet_tol
        self.rng = np.random.default_rng(0)
        self.wanted: list[tuple[int, Any]] = []
        for i, x in enumerate(self.inputs):
            if not isinstance(x, TensorBase) or not x.requires_grad:
                continue
            if x.array.dtype != np.float64:
                warn(
                    f"Input #{i} requires gradient and is not a double precision floating point: "
                    f"it is {x.array.dtype}. This check will likely fail if all the inputs are not "
                    "of double precision floating point."
                )
            strides = [s for s, n in zip(x.array.strides, x.array.shape) if n > 1]
            if x.array.size and 0 in strides:
                raise RuntimeError(
                    f"The {i}th input has a dimension with stride 0. gradcheck only supports "
                    "inputs that are non-overlapping "
                    "to be able to compute the numerical gradients correctly. "
                    "You should call .contiguous() on the input before passing it to gradcheck."
                )
            if x.array.size and _overlaps(x.array):
                raise RuntimeError(
                    f"The {i}th input shows the same memory at two indices. gradcheck only "
                    "supports inputs that are non-overlapping: pass a .clone() of it"
                )
            self.wanted.append((i, x))
        if not self.wanted:
            raise ValueError(
                "gradcheck expects at least one input tensor to require gradient, "
                "but none of the them have requires_grad=True."
            )

    def run(self, fast_mode: bool) -> None:
        given = as_tuple(self.func(*self.inputs))
        self.choose(given, lambda y: y.requires_grad)
        if not self.positions:
            self.check_constant()
            return
        outputs = [given[j] for j in self.positions]
        size = sum(x.array.size for _, x in self.wanted) + sum(y.array.size for y in outputs)
        for j, output in enumerate(outputs):
            if fast_mode or size > FULL_JACOBIAN:
                self.check_directions(j, output)
            else:
                self.check_jacobian(j, output)
            self.check_repeatable(j, output)

    def choose(self, outputs: Sequence[Any], which: Callable[[Any], bool]) -> None:
        """Check these of the outputs, which have to keep their shape and dtype from now on."""
        self.positions = [
            j for j, y in enumerate(outputs) if isinstance(y, TensorBase) and which(y)
        ]
        self.kinds = [(outputs[j].array.shape, outputs[j].array.dtype) for j in self.positions]

    def run_forward(self, fast_mode: bool) -> None:
        """Compare J v by dual tensors with central differences."""
        outputs = as_tuple(self.func(*self.inputs))
        self.choose(outputs, lambda y: y.array.dtype.kind == "f")
        for i, x in self.wanted:
            shape, size = x.array.shape, x.array.size
            if fast_mode or size > FULL_JACOBIAN:
                vs = [direction(shape, self.rng) for _ in range(_DIRECTIONS)]
            else:
                vs = [unit(shape, column) for column in range(size)]
            for v in vs:
                for j, a in enumerate(self.pushed(i, x, v)):
                    n = self.numerical(j, x, v)
                    if not np.all(self.agrees(a, n)):
                        raise GradcheckError(
                            f"Jacobian computed with forward mode mismatch for output "
                            f"{self.positions[j]} with respect to input {i} along {v.tolist()},\n"
                            f"numerical:{n}\nanalytical:{a}"
                        )

    def pushed(self, i: int, x: Any, v: np.ndarray) -> list[np.ndarray]:
        """J v per output by a dual tensor in place of input ``i``."""
        tangent = TensorBase.wrap(array_module(x.array).asarray(v, x.array.dtype))
        with dual_level():
            inputs = list(self.inputs)
            inputs[i] = make_dual(x, tangent)
            outputs = as_tuple(self.func(*inputs))
            tangents = [unpack_dual(outputs[j]).tangent for j in self.positions]
        return [
            np.zeros(outputs[j].array.shape) if t is None else np.asarray(to_host(t.array))
            for j, t in zip(self.positions, tangents, strict=True)
        ]

    # -- both sides of the comparison --------------------------------------------------------------

    def analytical(self, output: Any, u: np.ndarray) -> list[np.ndarray]:
        """u^T J by a backward pass: per checked input."""
        xp = array_module(output.array)
        found = grad(
            output,
            [x for _, x in self.wanted],
            TensorBase.wrap(xp.asarray(u, output.array.dtype)),
            retain_graph=True,
            allow_unused=True,
        )
        return [
            np.zeros(x.array.shape) if g is None else np.asarray(to_host(g.array), np.float64)
            for g, (_, x) in zip(found, self.wanted)
        ]

    def name(self, i: int) -> str:
        """What messages call an input."""
        return f"input {i}"

    def value(self, j: int, x: Any, v: np.ndarray, t: float) -> np.ndarray:
        """Output ``j`` with ``x`` moved by ``t v``; the input is put back."""
        before = x.array.copy()
        try:
            x.array[...] = before + array_module(before).asarray(t * v, before.dtype)
            y = as_tuple(self.func(*self.inputs))[self.positions[j]].array
            if (y.shape, y.dtype) != self.kinds[j]:
                raise AssertionError(
                    "Expected `func` to return outputs with the same shape and with the same dtype "
                    f"when inputs are perturbed by {t:.3g}, but got {y.dtype} {list(y.shape)} "
                    f"after {self.kinds[j][1]} {list(self.kinds[j][0])}"
                )
            return np.array(to_host(y), np.float64)
        finally:
            x.array[...] = before

    def numerical(self, j: int, x: Any, v: np.ndarray, eps: float | None = None) -> np.ndarray:
        """J v by central differences."""
        eps = self.eps if eps is None else eps
        return (self.value(j, x, v, eps) - self.value(j, x, v, -eps)) / (2 * eps)

    def agrees(self, a: Any, n: Any) -> Any:
        return np.abs(a - n) <= self.atol + self.rtol * np.abs(n)

    # -- the checks --------------------------------------------------------------------------------

    def check_jacobian(self, j: int, output: Any) -> None:
        shape = output.array.shape
        rows = [self.analytical(output, unit(shape, row)) for row in range(output.array.size)]
        for k, (i, x) in enumerate(self.wanted):
            worst: tuple[float, int, int] | None = None
            wrong = 0
            for column in range(x.array.size):
                n = self.numerical(j, x, unit(x.array.shape, column)).reshape(-1)
                a = np.array([row[k].reshape(-1)[column] for row in rows])
                bad = np.flatnonzero(~self.agrees(a, n))
                wrong += len(bad)
                for row in bad:
                    gap = float(abs(a[row] - n[row]))
                    gap = np.inf if np.isnan(gap) else gap
                    if worst is None or gap > worst[0]:
                        worst = (gap, int(row), column)
            if worst is not None:
                count = (
                    f"{wrong} of {output.array.size * x.array.size} entries of the Jacobian differ"
                )
                self.fail(j, output, k, i, x, worst[1], worst[2], count)

    def check_directions(self, j: int, output: Any) -> None:
        for _ in range(_DIRECTIONS):
            u = direction(output.array.shape, self.rng)
            for k, (i, x) in enumerate(self.wanted):
                v = direction(x.array.shape, self.rng)
                a = float(np.sum(self.analytical(output, u)[k] * v))
                n = float(np.sum(u * self.numerical(j, x, v)))
                # One wrong entry must show among all the right ones that the sum adds up, so rtol
                # is taken 100 times smaller.
                if not abs(a - n) <= self.atol + 0.01 * self.rtol * abs(n):
                    row, column = self.locate(j, output, k, x, u, v)
                    count = (
                        "found along a random direction, where "
                        f"analytical is {a:.8g} and numerical {n:.8g}"
                    )
                    self.fail(j, output, k, i, x, row, column, count)

    def check_repeatable(self, j: int, output: Any) -> None:
        u = direction(output.array.shape, self.rng)
        pairs = zip(self.analytical(output, u), self.analytical(output, u))
        gap = max((float(np.max(np.abs(a - b), initial=0.0)) for a, b in pairs), default=0.0)
        if gap > self.nondet_tol:
            raise GradcheckError(
                f"Backward is not reentrant: two backward passes over output {self.positions[j]} "
                "with the same gradient differ "
                f"by {gap:.3g}, although the analytical gradient matches the numerical one. "
                f"The tolerance for nondeterminism was {self.nondet_tol}."
            )

    def check_constant(self) -> None:
        """Outputs that require no gradient must not depend on the inputs."""
        outputs = as_tuple(self.func(*self.inputs))
        self.choose(outputs, lambda y: True)
        if outputs and not self.positions:
            raise ValueError("gradcheck expects a function that returns at least one Tensor")
        for j, position in enumerate(self.positions):
            if outputs[position].array.dtype.kind not in "fV":
                continue
            for i, x in self.wanted:
                v = direction(x.array.shape, self.rng)
                if np.any(np.abs(self.numerical(j, x, v)) > self.atol):
                    raise GradcheckError(
                        f"Numerical gradient for function expected to be zero: output {position} "
                        f"does not require a gradient, but it changes with {self.name(i)}"
                    )

    def locate(
        self, j: int, output: Any, k: int, x: Any, u: np.ndarray, v: np.ndarray
    ) -> tuple[int, int]:
        """The entry (output element, input element) that differs most, by halving the
        directions."""

        def gap(u: np.ndarray, v: np.ndarray) -> float:
            a, n = np.sum(self.analytical(output, u)[k] * v), np.sum(u * self.numerical(j, x, v))
            return np.inf if np.isnan(a - n) else float(abs(a - n))

        column = culprit(v, lambda part: gap(u, part))
        one = unit(x.array.shape, column)
        return culprit(u, lambda part: gap(part, one)), column

    # -- the report --------------------------------------------------------------------------------

    def fail(
        self, j: int, output: Any, k: int, i: int, x: Any, row: int, column: int, count: str
    ) -> None:
        u, v = unit(output.array.shape, row), unit(x.array.shape, column)
        a = float(self.analytical(output, u)[k].reshape(-1)[column])
        n = float(self.numerical(j, x, v).reshape(-1)[row])

        def at(t: float) -> float:
            return float(self.value(j, x, v, t).reshape(-1)[row])

        def index(shape: tuple[int, ...], flat: int) -> tuple[int, ...]:
            return tuple(int(one) for one in np.unravel_index(flat, shape)) if shape else ()

        precision = max(epsilon(dtype) for dtype in (x.array.dtype, output.array.dtype))
        verdict = judge(at, a, n, self.atol, self.rtol, precision)
        raise GradcheckError(
            f"Jacobian mismatch for output {self.positions[j]} with respect to input {i}, "
            f"at output index {index(output.array.shape, row)} and input index "
            f"{index(x.array.shape, column)}:\n"
            f"numerical: {n:.10g}\nanalytical: {a:.10g}\n"
            f"The difference {abs(a - n):.3g} is more than atol + rtol * |numerical| = "
            f"{self.atol + self.rtol * abs(n):.3g}; "
            f"{count}.\n{verdict.text}"
        )


__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]
