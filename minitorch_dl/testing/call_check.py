"""The checks of one call of a function: its results, and its derivatives against every oracle."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..autograd import grad
from ..autograd.gradcheck import as_tuple, differentiable, direction
from ..autograd.gradcheck_diagnosis import epsilon
from ..backend import array_module, to_host
from ..nn import Module
from ..nn.functional_call import functional_call
from ..tensor import Tensor
from .derivative_check import check_derivatives, for_gradients, is_inexact
from .differences import complex_step, derivative
from .findings import ORDERS, TYPED_ERRORS, CheckFailure, Measurement, Options
from .function_rules import check_forward_mode, check_vmap
from .pytorch import derivatives


class CallCheck:
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
        if isinstance(self.fn, Module):
            self.check_parameters(self.fn)
        if self.found.kinks == kinks:
            self.check_complex_step()
            check_forward_mode(self.fn, self.args, self.options, self.found)
        check_vmap(self.fn, self.args)
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
        versions = [x._version for x in self.tensors]
        outputs = tensors_of(self.fn(*self.args))
        if not outputs:
            self.fail("result", "the function returned no Tensor")
        for i, (x, was, version) in enumerate(zip(self.tensors, before, versions)):
            # a write may leave the values as they were, such as x.mul_(2) of zeros
            if x._version != version or not _same(to_host(x.array), was):
                x.array[...] = array_module(x.array).asarray(was)  # for the report
                self.fail("inputs unchanged", f"the call wrote to its tensor {i}")
        again = tensors_of(self.fn(*self.args))
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
        given = [plain(x) for x in self.args]
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
            a, b = _wide(plain(a)), _wide(plain(b))
            if a.shape != b.shape:
                self.fail(check, f"result {j} has shape {a.shape}, {whose} gives {b.shape}")
            rtol = max(
                self.options.rtol,
                *(8 * epsilon(x.array.dtype) for x in self.tensors if is_inexact(x)),
                0.0,
            )
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
            again = tensors_of(self.fn(*moved))
        except TYPED_ERRORS:  # refused, as a view of such memory may be
            return
        self.compare_all("any layout", again, outputs, "the same call on contiguous inputs")

    def check_parameters(self, module: Module) -> None:
        """The derivatives by the module's parameters."""
        parameters = {n: p.detach() for n, p in module.named_parameters() if p.requires_grad}

        def by_parameters(*values: Tensor) -> Any:
            return functional_call(module, dict(zip(parameters, values)), self.args)

        options = replace(self.options, names=tuple(f"parameter {name!r}" for name in parameters))
        try:
            check_derivatives(by_parameters, list(parameters.values()), options, self.found)
        except CheckFailure as error:
            error.inputs = self.args
            raise

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
        inputs = [for_gradients(x) for x in self.floats]
        outputs = differentiable(self.fn(*inputs))
        if len(outputs) != 1 or outputs[0].shape != slope.shape or outputs[0].is_complex():
            return
        u = direction(slope.shape, rng)
        weight = array_module(outputs[0].array).asarray(u)
        grads = grad(outputs[0], inputs, Tensor.wrap(weight), allow_unused=True)
        a = sum(float(np.sum(plain(g) * v)) for g, v in zip(grads, vs) if g is not None)
        n = float(np.sum(u * slope))

        def f(t: float) -> float:
            moved = [Tensor.wrap(np.asarray(x + t * v)) for x, v in zip(xs, vs)]
            return float(np.sum(u * plain(tensors_of(self.fn(*moved))[0])))

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


def tensors_of(outputs: Any) -> list[Tensor]:
    return [y for y in as_tuple(outputs) if isinstance(y, Tensor)]


def plain(x: Any) -> Any:
    """A tensor of this library or PyTorch's as a NumPy array; other things as they are."""
    if isinstance(x, Tensor):
        return np.asarray(to_host(x.array))
    return x.detach().numpy() if hasattr(x, "detach") else x


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def _wide(x: Any) -> np.ndarray:
    array = np.asarray(x)
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _scattered(x: Tensor) -> Tensor:
    """The same tensor in memory that is not contiguous."""
    xp = array_module(x.array)
    wide = xp.zeros((*x.array.shape[::-1], 2), x.array.dtype)
    view = wide[..., 0].T
    view[...] = x.array
    return Tensor.wrap(view)
