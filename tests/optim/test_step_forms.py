"""The names by which optimizers written like PyTorch's own choose a form of their step."""

from __future__ import annotations

import pytest

import minitorch_dl as torch
from minitorch_dl.optim.optimizer import (
    Optimizer,
    _default_to_fused_or_foreach,
    _disable_dynamo_if_unsupported,
    _get_capturable_supported_devices,
    _get_scalar_dtype,
    _get_value,
    _stack_if_compiling,
    _to_scalar,
    _use_grad_for_differentiable,
    _view_as_real,
)


@_disable_dynamo_if_unsupported(single_tensor_fn=None)
def sgd_of_lists(params: list[torch.Tensor], grads: list[torch.Tensor], lr: float) -> None:
    groups = Optimizer._group_tensors_by_device_and_dtype([params, grads])
    for (part, slopes), _ in groups.values():
        torch._foreach_add_(part, slopes, alpha=-lr)


class Lists(Optimizer):
    """Gradient descent as PyTorch writes it."""

    def __init__(self, params, lr: float, differentiable: bool = False) -> None:
        super().__init__(params, {"lr": lr, "differentiable": differentiable})

    @_use_grad_for_differentiable
    def step(self, closure=None):
        self.recorded = torch.is_grad_enabled()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            sgd_of_lists([p.detach() for p in params], [p.grad for p in params], group["lr"])


@pytest.mark.parametrize("differentiable", [False, True])
def test_an_optimizer_of_lists(differentiable: bool) -> None:
    w = torch.ones(2, requires_grad=True)
    v = torch.ones(3, dtype=torch.float64, requires_grad=True)
    optimizer = Lists([w, v], lr=0.5, differentiable=differentiable)
    ((2 * w).sum() + v.sum()).backward()
    optimizer.step()
    assert optimizer.recorded is differentiable
    assert (w.tolist(), v.tolist()) == ([0.0, 0.0], [0.5, 0.5, 0.5])


def test_groups_keep_the_places_of_their_tensors() -> None:
    with torch.as_torch():
        from torch.utils._foreach_utils import _group_tensors_by_device_and_dtype

    a, b, c = torch.zeros(1), torch.zeros(2, dtype=torch.float64), torch.zeros(3)
    groups = _group_tensors_by_device_and_dtype([[a, b, c], [None, 1, 2], []], with_indices=True)
    lists, places = groups[torch.device("cpu"), torch.float32]
    assert [x.shape[0] for x in lists[0]] == [1, 3]
    assert (lists[1:], places) == ([[None, 2], []], [0, 2])
    assert groups[torch.device("cpu"), torch.float64][1] == [1]


def test_numbers_and_tensors() -> None:
    assert _get_value(torch.tensor(2.0)) == _get_value(2.0) == 2.0
    assert _to_scalar(torch.ones(1)).shape == ()
    assert _to_scalar(0.5) == _stack_if_compiling(0.5) == 0.5
    assert _get_scalar_dtype() is torch.float32
    torch.set_default_dtype(torch.float64)
    try:
        assert _get_scalar_dtype() is torch.float64
        assert _get_scalar_dtype(is_fused=True) is torch.float32
    finally:
        torch.set_default_dtype(torch.float32)
    params, grads = [torch.ones(2), torch.ones(2) * 1j], [torch.zeros(2), torch.zeros(2) * 1j]
    _view_as_real(params, grads)
    assert [x.shape for x in (*params, *grads)] == [(2,), (2, 2), (2,), (2, 2)]


def test_the_form_of_a_step_where_the_program_does_not_say() -> None:
    params = [torch.ones(2), None]
    assert _default_to_fused_or_foreach(params, differentiable=False) == (False, False)
    assert _default_to_fused_or_foreach(params, False, use_fused=True) == (True, False)
    assert _default_to_fused_or_foreach(params, True, use_fused=True) == (False, False)
    assert _get_capturable_supported_devices() == ["cuda"]
