"""Anomaly detection."""

from __future__ import annotations

import threading

import pytest

import minitorch_dl


def bad_loss(torch):
    x = torch.tensor([0.0, 1.0], requires_grad=True)
    y = x.sqrt()  # the bad line
    return (y * 0).sum()


@pytest.mark.filterwarnings("ignore:Error detected in")  # PyTorch shows the line in a warning
def test_a_nan_in_the_backward_pass_is_an_error(torch) -> None:
    with torch.autograd.set_detect_anomaly(True):
        loss = bad_loss(torch)
        with pytest.raises(
            RuntimeError, match="Function 'SqrtBackward0' returned nan values in its 0th output"
        ):
            loss.backward()
    bad_loss(torch).backward()  # no check outside
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        bad_loss(torch).backward()


def test_the_error_shows_the_line_of_the_forward_pass() -> None:
    with minitorch_dl.autograd.set_detect_anomaly(True), pytest.raises(RuntimeError) as error:
        bad_loss(minitorch_dl).backward()
    assert "y = x.sqrt()  # the bad line" in str(error.value)
    assert "in bad_loss" in str(error.value)


def test_the_first_op_that_was_not_finite_is_remembered() -> None:
    torch = minitorch_dl
    x = torch.tensor([0.0, 1.0], requires_grad=True)
    with torch.autograd.set_detect_anomaly(True) as found:
        y = x.exp()
        assert found.first is None
        z = (x * 0).log()  # the first
        z = z - z
        assert found.first.op == "log"
        assert found.first.value == "inf"
        assert "# the first" in str(found.first)
        with pytest.raises(
            RuntimeError, match="first op of the forward pass that was not finite: log gave inf"
        ):
            (z * y).sum().backward()


def test_other_errors_name_the_line_too() -> None:
    torch = minitorch_dl

    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            raise ValueError("oops")

    x = torch.ones(2, requires_grad=True)
    with (
        torch.autograd.set_detect_anomaly(True),
        pytest.warns(UserWarning, match="Error detected in FailsBackward") as warned,
        pytest.raises(ValueError, match="oops"),
    ):
        Fails.apply(x).sum().backward()  # made here
    assert "# made here" in str(warned[0].message)


def test_the_switch(torch) -> None:
    assert torch.is_anomaly_check_nan_enabled()
    enabled = (
        torch.is_anomaly_enabled if torch.__name__ == "torch" else torch.autograd.is_anomaly_enabled
    )
    assert not enabled()
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"):
        mode = torch.autograd.detect_anomaly()
    with mode:
        assert enabled()
        with torch.autograd.set_detect_anomaly(False):
            assert not enabled()
        assert enabled()
    assert not enabled()
    torch.autograd.set_detect_anomaly(True)
    assert enabled()
    torch.autograd.set_detect_anomaly(False)
    assert not enabled()


def test_the_switch_is_the_threads_own() -> None:
    seen = []
    with minitorch_dl.autograd.set_detect_anomaly(True):
        thread = threading.Thread(
            target=lambda: seen.append(minitorch_dl.autograd.is_anomaly_enabled())
        )
        thread.start()
        thread.join()
    assert seen == [False]


def test_double_backward_is_checked(torch) -> None:
    x = torch.tensor([1.0], requires_grad=True)
    with torch.autograd.set_detect_anomaly(True):
        (g,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
        g.backward()
    assert x.grad.tolist() == [6]
