"""The switches of ``torch.__future__``: what becomes of parameters that are converted or loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import minitorch_dl as torch


@pytest.fixture
def switch() -> Iterator[Callable[[str], None]]:
    """Turns a switch of ``torch.__future__`` on, for one test."""

    def turn(name: str, on: bool = True) -> None:
        getattr(torch.__future__, f"set_{name}_module_params_on_conversion")(on)
        assert getattr(torch.__future__, f"get_{name}_module_params_on_conversion")() is on

    yield turn
    for name in ("swap", "overwrite"):
        turn(name, False)


def test_converted_parameters_stay_or_are_replaced(switch: Any) -> None:
    layer = torch.nn.Linear(2, 1).share_memory()
    weight = layer.weight
    assert layer.double().weight is weight
    weight.grad = torch.ones_like(weight)
    switch("swap")
    assert layer.float().weight is weight
    assert weight.dtype == weight.grad.dtype == torch.float32
    switch("swap", False)
    switch("overwrite")
    assert layer.double().weight is not weight
    assert (weight.dtype, layer.weight.dtype) == (torch.float32, torch.float64)
    assert layer.weight.grad.tolist() == [[1, 1]]
    assert layer.weight.requires_grad


class Doubled(torch.Tensor):
    """Loads twice what it is given."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.Tensor.module_load:
            return (args[1] * 2).as_subclass(cls)
        return super().__torch_function__(func, types, args, kwargs)


def test_what_is_loaded_is_made_by_the_parameter(switch: Any) -> None:
    layer = torch.nn.Linear(2, 1)
    layer.weight = torch.nn.Parameter(torch.zeros(1, 2).as_subclass(Doubled))
    weight, bias, state = layer.weight, layer.bias, {"weight": torch.ones(1, 2)}
    layer.load_state_dict(state, strict=False)
    assert weight.tolist() == [[1, 1]]
    switch("swap")
    for assign in (False, True):
        state["bias"] = torch.tensor([3.0 + assign])
        layer.load_state_dict(state, assign=assign)
        assert layer.weight is weight
        assert layer.bias is bias
        assert type(bias) is torch.nn.Parameter
        assert type(weight) is Doubled
        assert (weight.tolist(), bias.tolist()) == ([[2, 2]], state["bias"].tolist())
        assert weight.requires_grad
        assert bias.requires_grad
    with torch.device("meta"):
        other = torch.nn.Linear(2, 1)
    held = other.weight
    other.load_state_dict(torch.nn.Linear(2, 1).state_dict(), assign=True)
    assert held is other.weight
    assert not held.is_meta
    layer.bias.module_load = lambda given, assign: given
    with pytest.raises(RuntimeError, match="one of self or other"):
        layer.load_state_dict(state)
