"""Methods that change a tensor's shape or memory in place: versions, history, and saved values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

RESHAPES: dict[str, Callable[[Any], Any]] = {
    "squeeze_": lambda x: x.squeeze_(),
    "unsqueeze_": lambda x: x.unsqueeze_(0),
    "t_": lambda x: x.t_(),
    "transpose_": lambda x: x.transpose_(0, 1),
    "swapaxes_": lambda x: x.swapaxes_(0, 1),
    "as_strided_": lambda x: x.as_strided_((2,), (1,)),
    "resize_": lambda x: x.resize_(3, 4),
    "resize_as_": lambda x: x.resize_as_(x.new_ones(3, 3)),
    "set_": lambda x: x.set_(),
}


@pytest.mark.parametrize("name", RESHAPES)
def test_a_change_of_shape_counts_as_a_write(torch: Any, name: str) -> None:
    x = torch.ones(2, 3).add_(1)
    assert x._version == 1
    RESHAPES[name](x)
    assert x._version == 2


@pytest.mark.parametrize("name", RESHAPES)
def test_what_was_saved_before_a_change_of_shape_is_stale(torch: Any, name: str) -> None:
    x, factor = torch.ones(2, 3, requires_grad=True), torch.ones(2, 3)
    y = (x * factor).sum()
    RESHAPES[name](factor)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_a_tensor_moved_to_other_memory_is_stale(torch: Any) -> None:
    x, factor = torch.ones(3, requires_grad=True), torch.ones(3)
    y = (x * factor).sum()
    factor.set_(torch.zeros(3))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_changes_that_count_for_views_and_not_for_data(torch: Any) -> None:
    x = torch.ones(2, 3)
    x.view(3, 2).t_()
    x.detach().t_()
    assert x._version == 2
    x.data.t_()
    assert x._version == 2
    x.resize_(2, 3)  # its shape
    assert x._version == 2


@pytest.mark.parametrize("name", ["t_", "unsqueeze_", "transpose_"])
def test_a_view_reshaped_without_recording_can_be_written_to(torch: Any, name: str) -> None:
    x = torch.arange(6.0, requires_grad=True)
    base = x.reshape(2, 3) * 1
    view = base.view_as(base)
    with torch.no_grad():
        RESHAPES[name](view)
    view.mul_(2)
    (base * torch.arange(6.0).reshape(2, 3)).sum().backward()
    assert torch.equal(base.detach(), 2 * torch.arange(6.0).reshape(2, 3))
    assert torch.equal(x.grad, 2 * torch.arange(6.0))


def test_a_view_made_without_recording_stays_refused(torch: Any) -> None:
    base = torch.ones(2, 3, requires_grad=True) * 1
    with torch.no_grad():
        view = base.view_as(base)
        view.t_()
    with pytest.raises(RuntimeError, match="A view was created in no_grad mode"):
        view.mul_(2)
