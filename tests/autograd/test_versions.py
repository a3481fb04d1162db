"""In-place writes to what a derivative needs."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_dl


def test_a_saved_value_that_was_overwritten_is_refused(torch) -> None:
    x = torch.ones(3, requires_grad=True)
    y = x.exp()
    z = y.sum()
    y.add_(1)
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
        z.backward()
    assert x.grad is None


def test_the_error_names_the_op_and_the_line() -> None:
    x = minitorch_dl.ones(3, requires_grad=True)
    w = minitorch_dl.ones(3)
    y = (x * w).sum()
    w.mul_(2)  # this line
    with pytest.raises(RuntimeError) as error:
        y.backward()
    text = str(error.value)
    assert "MulBackward0 saved a float32 array of shape (3,), which mul_ overwrote" in text
    with open(__file__, encoding="utf-8") as source:
        line = next(i for i, code in enumerate(source, 1) if code.rstrip().endswith("# this line"))
    assert f'{__file__}", line {line}' in text


def test_writes_to_what_nobody_saved_are_fine(torch) -> None:
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    z = y + 1
    y.mul_(5)  # the sum saved nothing
    z.sum().backward()
    assert x.grad.tolist() == [2, 2, 2]


def test_writes_before_the_op_are_fine(torch) -> None:
    x = torch.ones(3, requires_grad=True)
    w = torch.ones(3)
    w.mul_(3)
    (x * w).sum().backward()
    assert x.grad.tolist() == [3, 3, 3]


def test_a_write_through_a_view_counts(torch) -> None:
    x = torch.ones(4, requires_grad=True)
    w = torch.ones(4)
    y = (x * w).sum()
    w.view(2, 2).mul_(2)
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
        y.backward()


def test_a_write_through_detach_counts_and_through_data_does_not(torch) -> None:
    x, w = torch.ones(2, requires_grad=True), torch.ones(2)
    y = (x * w).sum()
    w.detach().mul_(2)
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
        y.backward()
    w = torch.ones(2)
    y = (x * w).sum()
    w.data.mul_(2)
    y.backward()
    assert x.grad.tolist() == [2, 2]


def test_versions_count_writes(torch) -> None:
    x = torch.zeros(4)
    view = x.view(2, 2)
    start = x._version
    x.add_(1)
    view.mul_(2)
    assert x._version == view._version == start + 2
    assert (x * 2)._version == 0


def test_the_optimizers_write_between_two_passes(torch) -> None:
    w = torch.ones(2, requires_grad=True)
    y = (w * w).sum()
    y.backward(retain_graph=True)
    with torch.no_grad():
        w.sub_(0.1)
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
        y.backward()


def test_an_accumulated_gradient_is_a_write_too() -> None:
    x = minitorch_dl.ones(2, requires_grad=True)
    (x * 3).sum().backward()
    w = minitorch_dl.ones(2, requires_grad=True)
    y = (w * x.grad).sum()
    (x * 3).sum().backward()  # adds to x.grad in place
    with pytest.raises(RuntimeError, match=r"accumulation into \.grad"):
        y.backward()


def test_numbers_do_not_run_back_when_threads_write() -> None:
    from concurrent.futures import ThreadPoolExecutor

    from minitorch_dl.autograd import versions

    def write(_):
        array = np.zeros(1)
        versions.mark_written(array, "test")
        number = versions._log[id(array)].number
        return versions.latest >= number

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(write, range(400)))
