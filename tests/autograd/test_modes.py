"""Switching the recording of gradients on and off."""

from __future__ import annotations

import threading

import pytest

import minitorch_dl
from minitorch_dl.autograd.modes import state


def test_no_grad_and_enable_grad_nest(torch) -> None:
    x = torch.ones((), requires_grad=True)
    with torch.no_grad():
        assert not torch.is_grad_enabled()
        assert not (x * 2).requires_grad
        with torch.enable_grad():
            assert (x * 2).requires_grad
            with torch.no_grad():
                assert not torch.is_grad_enabled()
            assert torch.is_grad_enabled()
        assert not torch.is_grad_enabled()
    assert (x * 2).requires_grad


def test_a_mode_is_left_when_an_error_is_raised(torch) -> None:
    with pytest.raises(ValueError, match="oops"), torch.no_grad():
        raise ValueError("oops")
    assert torch.is_grad_enabled()


def test_set_grad_enabled(torch) -> None:
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
        with torch.set_grad_enabled(True):
            assert torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    assert not torch.is_grad_enabled()
    torch.set_grad_enabled(True)

    @torch.set_grad_enabled(False)
    def f():
        return torch.is_grad_enabled()

    assert torch.is_grad_enabled()
    assert f() is False
    assert torch.is_grad_enabled()


def test_decorators(torch) -> None:
    @torch.no_grad()
    def f(n):
        """Docs."""
        return torch.is_grad_enabled() if n == 0 else (torch.is_grad_enabled(), f(n - 1))

    @torch.no_grad
    def g():
        return torch.is_grad_enabled()

    @torch.enable_grad()
    def h():
        return torch.is_grad_enabled()

    assert f(1) == (False, False)
    assert f.__name__ == "f"
    assert f.__doc__ == "Docs."
    assert g() is False
    with torch.no_grad():
        assert h() is True
    assert torch.is_grad_enabled()


def test_a_decorated_generator_keeps_its_mode_to_itself(torch) -> None:
    @torch.no_grad()
    def numbers():
        try:
            while True:
                assert not torch.is_grad_enabled()
                sent = yield torch.is_grad_enabled()
                if sent == "stop":
                    return "done"
        except KeyError:
            yield "caught", torch.is_grad_enabled()

    one, two = numbers(), numbers()
    assert next(one) is False
    assert torch.is_grad_enabled()
    assert next(two) is False
    assert torch.is_grad_enabled()
    with pytest.raises(StopIteration) as stop:
        one.send("stop")
    assert stop.value.value == "done"
    assert two.throw(KeyError()) == ("caught", False)
    assert torch.is_grad_enabled()
    two.close()


def test_inference_mode(torch) -> None:
    x = torch.ones((), requires_grad=True)
    assert not torch.is_inference_mode_enabled()
    with torch.inference_mode():
        assert torch.is_inference_mode_enabled()
        assert not (x * 2).requires_grad
        with torch.inference_mode(False):
            assert not torch.is_inference_mode_enabled()
            assert (x * 2).requires_grad
    assert (x * 2).requires_grad

    @torch.inference_mode()
    def f():
        return torch.is_inference_mode_enabled(), (x * 2).requires_grad

    @torch.inference_mode
    def g():
        return torch.is_inference_mode_enabled()

    assert f() == (True, False)
    assert g() is True


def test_each_thread_has_its_own_mode(torch) -> None:
    inside, seen = threading.Event(), []
    leave = threading.Event()

    def other():
        with torch.no_grad():
            inside.set()
            leave.wait(5)
            seen.append(torch.is_grad_enabled())

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(5)
    assert torch.is_grad_enabled()
    with torch.no_grad():
        leave.set()
        thread.join()
    assert seen == [False]
    assert torch.is_grad_enabled()


def test_a_leaf_can_be_made_under_no_grad(torch) -> None:
    with torch.no_grad():
        x = torch.ones(2, requires_grad=True)
    assert x.requires_grad
    assert x.is_leaf


@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
def test_a_mode_may_be_entered_again_inside_itself() -> None:
    for mode, is_on in (
        (minitorch_dl.no_grad(), lambda: not minitorch_dl.is_grad_enabled()),
        (minitorch_dl.autograd.detect_anomaly(), minitorch_dl.is_anomaly_enabled),
        (minitorch_dl.DisableTorchFunctionSubclass(), lambda: not state.overrides),
    ):
        with mode:
            with mode:
                pass
            assert is_on()
        assert not is_on()
