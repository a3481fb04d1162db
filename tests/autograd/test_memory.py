"""What stays in memory: nothing of a finished step, with the garbage collector off."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

import minitorch_dl as torch
from minitorch_dl.autograd import versions


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def watch(*tensors) -> list[weakref.ref]:
    """Weak references to the tensors, their arrays and their nodes."""
    refs = [weakref.ref(t) for t in tensors]
    refs += [weakref.ref(t.array) for t in tensors]
    return refs + [weakref.ref(t._node) for t in tensors if t._node is not None]


def alive(refs: list[weakref.ref]) -> list[object]:
    return [ref() for ref in refs if ref() is not None]


def test_a_step() -> None:
    x, w = torch.ones(4, 3), torch.ones(3, 2, requires_grad=True)
    h = x @ w
    y = h.tanh()
    loss = (y * y).sum()
    refs = watch(h, y, loss)
    loss.backward()
    del h, y, loss
    assert not alive(refs)


def test_a_graph_that_is_never_run() -> None:
    w = torch.ones(3, requires_grad=True)
    y = (w * 2).exp()
    refs = watch(y)
    del y
    assert not alive(refs)


def test_what_was_saved_goes_while_the_pass_runs() -> None:
    w = torch.ones(3, requires_grad=True)
    a = w.exp()
    b = a * a
    saved = weakref.ref(a.array)
    seen = []
    w.register_hook(lambda g: seen.append(saved()))
    loss = b.sum()
    del a, b
    loss.backward()
    assert seen == [None]


def test_double_backward() -> None:
    x = torch.ones(3, requires_grad=True)
    y = (x * x).tanh().sum()
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    (g * g).sum().backward()
    refs = watch(y, g)
    del y, g
    assert not alive(refs)
    (x * x).sum().backward(create_graph=True)
    ref = weakref.ref(x)
    del x
    assert ref() is None


def test_hooks_and_retained_gradients() -> None:
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 2)
    (y * y).sum().backward()
    refs = watch(y)
    del y
    assert not alive(refs)


def test_in_place_writes_and_views() -> None:
    x = torch.ones(4, requires_grad=True)
    y = x * 2
    v = y.view(2, 2)
    v.mul_(3)
    y.add_(1)
    y.sum().backward()
    refs = watch(y, v)
    del y, v
    assert not alive(refs)


def test_fused_ops_and_several_outputs() -> None:
    x = torch.ones(3, 4, requires_grad=True)
    y = torch.softmax(x, 1)
    values, index = y.max(1)
    loss = values.sum()
    refs = watch(y, values, index, loss)
    loss.backward()
    del y, values, index, loss
    assert not alive(refs)


def test_an_error_in_a_backward_pass() -> None:
    x = torch.ones(3, requires_grad=True)
    y = x.exp()
    z = (y * y).sum()
    refs = watch(y, z)
    z.register_hook(lambda g: 3)
    with pytest.raises(TypeError):
        z.backward()
    del y, z
    gc.collect()  # the traceback and its frames are a cycle of Python's own
    assert not alive(refs)


def test_a_leaf_does_not_outlive_its_last_user() -> None:
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    refs = [weakref.ref(x)]
    del x
    assert not alive(refs)
    y.sum().backward()  # accumulates nowhere


def test_many_steps_leave_nothing_behind() -> None:
    w = torch.ones(3, 3, requires_grad=True)

    def step() -> None:
        loss = ((torch.ones(2, 3) @ w).tanh() * 0.5).sum()
        loss.backward()
        with torch.no_grad():
            w.sub_(w.grad * 0.1)
        w.grad = None

    for _ in range(5):
        step()
    before, log = len(gc.get_objects()), len(versions._log)
    for _ in range(50):
        step()
    assert len(gc.get_objects()) - before < 20
    assert len(versions._log) == log
