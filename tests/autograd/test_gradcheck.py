"""The gradient check: it passes what is right, and finds and explains what is wrong."""

from __future__ import annotations

import pytest

import minitorch_dl
from minitorch_dl.autograd.gradcheck import FULL_JACOBIAN, GradcheckError


def values(torch, *shape, low=0.2):
    """Distinct values away from zero, in float64."""
    n = 1
    for size in shape:
        n *= size
    x = (torch.arange(n, dtype=torch.float64) * 0.37) % 2 + low
    return x.reshape(shape).requires_grad_()


def wrong_square(torch, factor, at):
    """x * x with one gradient entry that is off by ``factor``."""

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            off = torch.ones(x.shape, dtype=x.dtype)
            off[at] = factor
            return 2 * x * g * off

    return Square.apply


def test_right_gradients(torch) -> None:
    x, w = values(torch, 2, 3), values(torch, 3)
    check, check2 = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    assert check(lambda x, w: (x * w).exp() / w, (x, w))
    assert check2(lambda x, w: (x * w).exp() / w, (x, w))
    assert check(lambda x, n: x**n, (x, 3))
    assert check(lambda x: (x.sin(), x.sum(), x.argmax()), x)
    assert check2(lambda x: (x.sin(), x.sum()), x)
    assert check(lambda x, w: x * w, (x, w.detach()))
    assert check(lambda x: x.tanh(), x, fast_mode=True)
    assert check2(lambda x: x.tanh(), x, fast_mode=True)
    assert check(lambda x: x * 2, values(torch))


def test_a_given_grad_output(torch) -> None:
    x = values(torch, 3)
    g = values(torch, 3)
    assert torch.autograd.gradgradcheck(lambda x: x**3, (x,), (g,))


@pytest.mark.parametrize("fast_mode", [False, True])
def test_a_wrong_entry_is_found_and_named(torch, fast_mode) -> None:
    from importlib import import_module

    error = import_module(f"{torch.__name__}.autograd.gradcheck").GradcheckError
    x = values(torch, 2, 3)
    wrong = wrong_square(torch, 1.5, (1, 2))
    with pytest.raises(error, match="Jacobian mismatch for output 0 with respect to input 0"):
        torch.autograd.gradcheck(wrong, x, fast_mode=fast_mode)
    assert torch.autograd.gradcheck(wrong, x, fast_mode=fast_mode, raise_exception=False) is False


@pytest.mark.parametrize("fast_mode", [False, True])
def test_the_report(fast_mode) -> None:
    x = values(minitorch_dl, 2, 3)
    with pytest.raises(GradcheckError) as error:
        minitorch_dl.autograd.gradcheck(
            lambda w, x: (w * 2, wrong_square(minitorch_dl, 1.5, (1, 2))(x)),
            (values(minitorch_dl, 2), x),
            fast_mode=fast_mode,
        )
    text = str(error.value)
    assert "output 1 with respect to input 1, at output index (1, 2) and input index (1, 2)" in text
    right = 2 * x[1, 2].item()
    assert f"numerical: {right:.6g}" in text
    assert f"analytical: {1.5 * right:.6g}" in text
    assert "The analytical derivative is probably wrong" in text
    if not fast_mode:
        assert "1 of 36 entries of the Jacobian differ" in text


@pytest.mark.parametrize("factor", [-1.0, 0.9, 1.01, 0.0])
def test_one_wrong_entry_among_many_is_found_along_random_directions(factor) -> None:
    x = values(minitorch_dl, 60, 70)
    assert x.numel() > FULL_JACOBIAN
    assert minitorch_dl.autograd.gradcheck(lambda x: x * x, x)
    with pytest.raises(GradcheckError, match=r"input index \(31, 22\)"):
        minitorch_dl.autograd.gradcheck(wrong_square(minitorch_dl, factor, (31, 22)), x)


def test_a_wrong_second_derivative_is_found(torch) -> None:
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * x * x.detach() * g  # right, but its own derivative misses half

    x = values(torch, 3)
    assert torch.autograd.gradcheck(Cube.apply, x)
    assert not torch.autograd.gradgradcheck(Cube.apply, x, raise_exception=False)


def test_a_kink_is_called_one() -> None:
    x = minitorch_dl.tensor([1.0, 0.0], dtype=minitorch_dl.float64, requires_grad=True)
    with pytest.raises(
        GradcheckError, match="at a kink: the left derivative is 0, the right one 1"
    ):
        minitorch_dl.autograd.gradcheck(lambda x: x.relu(), x)


def test_a_curve_is_not_called_a_kink() -> None:
    x = minitorch_dl.tensor([0.01], dtype=minitorch_dl.float64, requires_grad=True)
    with pytest.raises(GradcheckError, match="probably wrong"):
        minitorch_dl.autograd.gradcheck(lambda x: wrong_square(minitorch_dl, 2.0, 0)(x * 30), x)


def test_lack_of_precision_is_called_that() -> None:
    x = values(minitorch_dl, 3).detach().float().requires_grad_()
    with (
        pytest.warns(UserWarning, match="not a double precision floating point"),
        pytest.raises(GradcheckError, match="Precision explains it"),
    ):
        minitorch_dl.autograd.gradcheck(lambda x: x.exp(), x)
    with pytest.warns(UserWarning, match="not a double precision floating point"):
        assert minitorch_dl.autograd.gradcheck(lambda x: x.exp(), x, eps=1e-2, atol=1e-2, rtol=1e-2)


def test_functions_that_change_from_call_to_call(torch) -> None:
    calls = [0]

    class Noisy(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            calls[0] += 1
            return g * 2 * (1 + 1e-9 * calls[0])

    x = values(torch, 3)
    with pytest.raises(RuntimeError, match="Backward is not reentrant"):
        torch.autograd.gradcheck(Noisy.apply, x)
    assert torch.autograd.gradcheck(Noisy.apply, x, nondet_tol=1e-6)


def test_a_function_that_hides_its_dependence(torch) -> None:
    x = values(torch, 3)
    with pytest.raises(RuntimeError, match="Numerical gradient for function expected to be zero"):
        torch.autograd.gradcheck(lambda x: x.detach() * 2, x)
    assert torch.autograd.gradcheck(lambda x: torch.ones(3), x)


def test_inputs_that_can_not_be_checked(torch) -> None:
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        torch.autograd.gradcheck(lambda x: x, torch.ones(3).double())
    overlapping = torch.ones(1, dtype=torch.float64).expand(3).requires_grad_()
    with pytest.raises(RuntimeError, match="The 0th input has a dimension with stride 0"):
        torch.autograd.gradcheck(lambda x: x * 2, overlapping)


def test_inputs_are_left_as_they_were(torch) -> None:
    x = values(torch, 2, 3)
    before = x.detach().clone()
    torch.autograd.gradcheck(lambda x: x.exp(), x)
    torch.autograd.gradgradcheck(lambda x: x.exp(), x)
    assert bool((x == before).all())
    assert x.grad is None


def test_layouts(torch) -> None:
    x = values(torch, 3, 2).detach().t().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: (x * x).sum(0), x)


def test_an_input_used_through_a_closure(torch) -> None:
    x = values(torch, 3)
    assert torch.autograd.gradcheck(lambda y: y * x, x)


@pytest.mark.parametrize("fast_mode", [False, True])
@pytest.mark.parametrize(
    ("function", "match"),
    [
        (lambda torch, x: torch.cat([x, x]), "outputs with the same shape"),
        (lambda torch, x: x.float(), "outputs with the same dtype|and with the same dtype"),
    ],
)
def test_outputs_whose_kind_depends_on_the_values(torch, function, match, fast_mode) -> None:
    x = torch.ones(1, dtype=torch.float64, requires_grad=True)
    with pytest.raises(AssertionError, match=match):
        torch.autograd.gradcheck(
            lambda x: function(torch, x) if (x >= 1).all() else x, x, fast_mode=fast_mode
        )


def test_checks_of_nothing(torch) -> None:
    x = torch.ones(1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: (), x)
    with pytest.raises(AssertionError, match="at least one of check_forward_ad"):
        torch.autograd.gradcheck(
            lambda x: x, x, check_backward_ad=False, check_undefined_grad=False
        )
