"""``check_op``: right functions pass; each kind of fault is found, shrunk and named."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.testing import CheckFailure, check_op, fake_gpu, strategies as st

FEW = {"examples": 20}


def failure(fn: Any, inputs: Any, **options: Any) -> CheckFailure:
    report = check_op(fn, inputs, raise_exception=False, **{**FEW, **options})
    assert not report
    assert report.failure is not None
    return report.failure


# -- right functions -------------------------------------------------------------------------------


@pytest.mark.parametrize("fn", [torch.sin, torch.exp, torch.sigmoid, torch.nn.functional.gelu])
def test_smooth_functions(fn: Any) -> None:
    report = check_op(fn, st.tensors(), **FEW)
    assert report.points >= 20
    assert report.kinks == 0
    assert report.first_error < 1e-10
    assert report.second_error < 1e-10


def test_broadcasting_and_references() -> None:
    report = check_op(torch.logaddexp, st.broadcastable(2), reference=np.logaddexp, order=2, **FEW)
    assert set(report.oracles) == {"differences", "forward mode", "reference"}
    report = check_op(torch.mul, st.broadcastable(2), reference=np.multiply, **FEW)
    assert "complex step" in report.oracles


def test_fixed_inputs_need_no_drawing() -> None:
    x, w = torch.tensor([[0.5, -1.0]]).double(), torch.tensor([[2.0, 0.1], [0.3, 0.2]]).double()
    report = check_op(torch.matmul, (x, w))
    assert report.points == 1
    assert report.second_error < 1e-10


def test_arguments_that_are_no_tensors() -> None:
    assert check_op(torch.softmax, (st.tensors((2, 3)), 1), **FEW)
    assert check_op(lambda x, dims: x.sum(dims), (st.tensors((2, 3)), (0, 1)), **FEW)


@pytest.mark.parametrize(
    "fn", [torch.relu, torch.abs, lambda x: x.clamp(min=0), lambda x: x.amax()]
)
def test_kinks_are_recognized(fn: Any) -> None:
    report = check_op(fn, st.tensors(st.shapes(1, 2, 1, 3)), examples=60)
    assert report.kinks > 0


BESIDE_A_KINK = [sign * 10.0**-k for k in range(2, 9) for sign in (1, -1)]


@pytest.mark.parametrize("x", BESIDE_A_KINK)
@pytest.mark.parametrize("fn", [torch.relu, lambda x: torch.relu(x) ** 2], ids=["bend", "curve"])
def test_a_kink_beside_the_point_is_no_fault(fn: Any, x: float) -> None:
    assert check_op(fn, (torch.tensor([x, 1.0]).double(),), edges=False)


@pytest.mark.parametrize("x", BESIDE_A_KINK)
def test_a_kink_beside_the_point_hides_no_fault(x: float) -> None:
    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(x)
            return torch.relu(x)

        @staticmethod
        def backward(ctx: Any, g: torch.Tensor) -> torch.Tensor:
            (x,) = ctx.saved_tensors
            return g * torch.where(x > 0, 1.01, -0.01)

    error = failure(Wrong, (torch.tensor([x]).double(),), edges=False)
    assert error.check == "first derivative"


def test_a_strict_device() -> None:
    fake_gpu.register()
    x = torch.tensor([0.5, -1.0]).double().to("fakegpu")
    assert check_op(torch.tanh, x, edges=False)


def test_several_outputs() -> None:
    check_op(lambda x: (x.sin(), x * 2), st.tensors(), **FEW)


@pytest.mark.parity
def test_against_pytorch() -> None:
    real = pytest.importorskip("torch")
    gelu = torch.nn.functional.gelu
    assert (
        "PyTorch"
        in check_op(gelu, st.tensors(), torch_reference=real.nn.functional.gelu, **FEW).oracles
    )
    found = failure(gelu, st.tensors(), torch_reference=real.nn.functional.silu)
    assert "PyTorch gives" in str(found)


# -- faults ----------------------------------------------------------------------------------------


class Tanh(torch.autograd.Function):
    """A custom function whose faults are switched on."""

    factor = 1.0
    once = False
    direction = 1

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        y = torch.tanh(x)
        ctx.save_for_backward(y)
        return y

    @classmethod
    def backward(cls, ctx: Any, g: Any) -> Any:
        (y,) = ctx.saved_tensors
        y = y.detach() if cls.once else y
        return g * (1 - y * y) * cls.factor


def test_a_right_custom_function() -> None:
    assert check_op(Tanh, st.tensors(), reference=np.tanh, **FEW)


def test_a_wrong_factor_is_shrunk_to_one_element(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tanh, "factor", 1.5)
    found = failure(Tanh, st.tensors())
    assert found.check == "first derivative"
    assert found.verdict == "wrong formula"
    assert found.inputs[0].shape == ()
    assert found.analytical == pytest.approx(1.5 * found.numerical)
    assert "check_op(Tanh, (x0,), order=2)" in str(found)


def test_a_tiny_error_needs_the_complex_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tanh, "factor", 1 + 1e-8)

    def of_tensors_only(x: Any) -> Any:
        return Tanh.apply(x.clone())  # an array has no clone: there are differences alone

    assert check_op(of_tensors_only, st.tensors(), **FEW)
    for fn, options in ((of_tensors_only, {"reference": np.tanh}), (Tanh, {})):
        assert "by the complex step" in str(failure(fn, st.tensors(), **options))


def test_a_lost_second_derivative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tanh, "once", True)
    assert check_op(Tanh, st.tensors(), order=1, **FEW)
    found = failure(Tanh, st.tensors())
    assert found.check == "second derivative"
    assert "the derivative of the gradient of input 0" in str(found)


def test_a_result_cut_from_the_graph() -> None:
    def by_numpy(x: Any) -> Any:
        return torch.tensor(np.sin(x.detach().numpy()))

    found = failure(by_numpy, st.tensors())
    assert (found.check, found.verdict) == ("first derivative", "wrong formula")
    assert "does not require a gradient, but it changes with input 0" in str(found)
    assert check_op(lambda x: torch.zeros_like(x), st.tensors(), **FEW)


def test_a_gradient_cut_from_the_graph() -> None:
    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            ctx.save_for_backward(x, y)
            return x * y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, y = ctx.saved_tensors
            return g * y, (g * x).detach()

    assert check_op(Product, st.broadcastable(2), order=1, **FEW)
    found = failure(Product, st.broadcastable(2))
    assert found.check == "second derivative"
    assert "the derivative of the gradient of input 1" in str(found)


class Square(torch.autograd.Function):
    """Of complex numbers."""

    conjugate = True

    @staticmethod
    def forward(ctx: Any, z: Any) -> Any:
        ctx.save_for_backward(z)
        return z * z

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (z,) = ctx.saved_tensors
        return 2 * g * (z.conj() if Square.conjugate else z)


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128])
def test_complex_numbers(monkeypatch: pytest.MonkeyPatch, dtype: Any) -> None:
    inputs = st.tensors(dtype=dtype)
    report = check_op(Square, inputs, reference=np.square, **FEW)
    assert report.first_error is not None
    assert "the reference gives" in str(failure(Square, inputs, reference=np.conj))
    assert check_op(torch.complex, st.broadcastable(2), **FEW)
    monkeypatch.setattr(Square, "conjugate", False)
    found = failure(Square, inputs)
    assert (found.check, found.verdict) == ("first derivative", "wrong formula")
    assert all(x.numel() == 1 for x in found.inputs)


def test_one_wrong_entry_among_many() -> None:
    class OneWrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            wrong = torch.ones_like(g)
            wrong.view(-1)[123] = 1.01
            return g * 2 * wrong

    x = torch.linspace(-1, 1, 400, dtype=torch.float64).reshape(20, 20)
    found = failure(OneWrong, x, order=1)
    assert "at index (6, 3) by input 0 at index (6, 3)" in str(found)


FAULTS = {
    "values": (lambda x: x * 2, {"reference": lambda x: x * 3}, None),
    "inputs unchanged": (lambda x: x.add_(1).clone(), {}, None),
    "repeatable": (lambda x: x + torch.rand(1).double(), {}, "not deterministic"),
    "no aliasing": (lambda x: x.view(-1), {}, None),
    "dtype kept": (lambda x: x.to(torch.float32), {}, None),
    "NaN and inf": (lambda x: torch.where(x == x, x * x, 0.0), {}, None),
    "any layout": (
        lambda x: x * (1.0 if x.is_contiguous() else 2.0),
        {"inputs": st.tensors(st.shapes(1, 2, 2, 3), avoid=[0.0])},
        None,
    ),
    "0-d inputs": (lambda x: x * 1.0 if x.ndim else {}[0], {"inputs": st.tensors((2,))}, None),
    "result": (lambda x: None, {}, None),
}


@pytest.mark.parametrize("check", FAULTS)
def test_other_faults(check: str) -> None:
    fn, options, verdict = FAULTS[check]
    options = dict(options)
    found = failure(fn, options.pop("inputs", st.tensors(st.shapes(1, 2, 1, 3))), **options)
    assert found.check == check
    assert found.verdict == verdict
    assert f'failed the check "{check}"' in str(found)


def test_a_write_is_found_though_the_values_are_as_before() -> None:
    found = failure(lambda x: x.mul_(2).clone(), torch.zeros(2, dtype=torch.float64))
    assert found.check == "inputs unchanged"


def test_declared_exceptions_are_accepted() -> None:
    assert check_op(lambda x: x.view(-1), st.tensors(), may_alias=True, **FEW)
    assert check_op(
        lambda x: torch.where(x == x, x * x, 0.0), st.tensors(), ignores_nan=True, **FEW
    )
    x = st.tensors()
    assert check_op(lambda x: x.float(), x, keeps_dtype=False, rtol=1e-2, atol=1e-2, **FEW)


def test_verdicts_on_points_without_a_derivative() -> None:
    assert failure(torch.floor, torch.tensor(1.0).double()).verdict == "not differentiable here"
    assert failure(torch.sqrt, torch.tensor(0.0).double()).verdict == "not differentiable here"

    def wrong_side(x: Any) -> Any:
        return x.abs() + 3 * (x - x.detach())  # value |x|, slope sign(x) + 3

    assert failure(wrong_side, torch.tensor(0.0).double()).verdict == "kink"


def test_the_reproduction_runs(tmp_path: Any) -> None:
    module = tmp_path / "mine.py"
    module.write_text("def cube(x):\n    return x.detach() * x * x\n")
    sys.path.insert(0, str(tmp_path))
    try:
        from mine import cube
    finally:
        sys.path.remove(str(tmp_path))
    text = str(failure(cube, st.tensors()))
    program = text.split("To reproduce:\n\n")[1]
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert 'cube failed the check "first derivative": wrong formula' in done.stderr


def test_the_reproduction_names_the_class_of_a_function() -> None:
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    text = str(failure(Doubled.apply, torch.ones(1).double()))
    assert text.startswith("Doubled.apply failed")
    assert f"# Doubled: see {__file__}" in text
    assert "check_op(Doubled.apply, (x0,)" in text


def test_the_reproduction_names_the_options() -> None:
    text = str(failure(torch.sin, st.tensors((1,)), reference=np.cos, atol=1e-9, seed=3))
    assert "# reference, cos: as it was given to check_op\n" in text
    assert "order=2, atol=1e-09, reference=reference, seed=3)" in text


def test_a_seed_repeats_the_run() -> None:
    one, two = (check_op(torch.exp, st.tensors(), seed=3, **FEW) for _ in range(2))
    assert (one.first_error, one.second_error) == (two.first_error, two.second_error)


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="order must be 1 or 2, got 3"):
        check_op(torch.exp, torch.ones(2).double(), order=3)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ImportError, match=r"pip install minitorch-dl\[test\]"):
        check_op(torch.exp, st.tensors())


class Rules(torch.autograd.Function):
    """A square with rules of its own, each of which can be made wrong."""

    wrong = ""

    @staticmethod
    def forward(x: Any) -> Any:
        return (x.float() ** 2).double() if Rules.wrong == "float32 inside" else x * x

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        if Rules.wrong == "no gradient":
            return None
        if Rules.wrong == "gradients unchanged":
            return g.mul_(2).mul_(x)
        return (-2 if Rules.wrong == "sign" else 2) * x * g

    @staticmethod
    def jvp(ctx: Any, t: Any) -> Any:
        (x,) = ctx.saved_tensors
        return (3 if Rules.wrong == "forward mode" else 2) * x * t

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Any) -> Any:
        return (x + x if Rules.wrong == "vmap" else x * x), in_dims[0]


@pytest.mark.parametrize(
    ("wrong", "check", "verdict", "text"),
    [
        ("no gradient", "first derivative", "wrong formula", "analytical: 0\n"),
        ("sign", "first derivative", "wrong formula", ", the negative of it."),
        ("gradients unchanged", "gradients unchanged", None, "wrote into the gradient of output 0"),
        ("float32 inside", "first derivative", "float32 inside", "the digits of float32 only"),
        ("forward mode", "forward mode", "wrong formula", "the jvp is probably wrong"),
        ("vmap", "vmap", "wrong formula", "output 0 of entry 0, in_dims=(0,), at index (0,)"),
    ],
)
def test_every_rule_of_a_function_is_checked(
    monkeypatch: pytest.MonkeyPatch, wrong: str, check: str, verdict: str | None, text: str
) -> None:
    x = torch.tensor([0.3, -0.7], dtype=torch.float64)
    report = check_op(Rules, x)
    assert "forward mode" in report.oracles
    monkeypatch.setattr(Rules, "wrong", wrong)
    found = failure(Rules, x)
    assert (found.check, found.verdict) == (check, verdict)
    assert text in str(found)


def test_steps_are_no_float32_inside() -> None:
    step = torch.tensor([0.5], dtype=torch.float64)
    found = failure(lambda x: (x * 4).floor() / 4, step, order=1)
    assert found.verdict == "not differentiable here"


class Scaled(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))

    def forward(self, x: Any) -> Any:
        return x * self.weight


class Forgotten(Scaled):
    def forward(self, x: Any) -> Any:
        return x * self.weight.detach()


class Halved(Scaled):
    def forward(self, x: Any) -> Any:
        return x * (self.weight + self.weight.detach()) / 2


def test_the_parameters_of_a_module_are_checked() -> None:
    inputs = st.tensors((2, 3))
    assert check_op(Scaled().double(), inputs, **FEW)
    assert "it changes with parameter 'weight'" in str(failure(Forgotten().double(), inputs))
    report = str(failure(Halved().double(), inputs))
    assert "by parameter 'weight' at index (" in report
    assert report.endswith("check_op(Halved, (x0,), order=2)")


def test_shrinking_keeps_to_the_first_fault_found() -> None:
    def two_faults(x: Any) -> Any:
        y = x.clone()
        if abs(float(x.sum())) > 1:
            x.add_(1)
        return y if abs(float(x.detach().sum())) < 0.5 else x.view(-1)

    found = failure(two_faults, st.tensors((1,)))
    again = failure(two_faults, found.inputs)
    assert again.check == found.check
