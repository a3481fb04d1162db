"""Parameters of a user's own class of tensors."""

from __future__ import annotations

import pytest


def test_a_parameter_keeps_a_class_of_tensors(torch) -> None:
    class Own(torch.Tensor):
        pass

    x = torch.ones(2).as_subclass(Own)
    parameter = torch.nn.Parameter(x, requires_grad=False)
    assert type(parameter) is Own
    assert isinstance(parameter, torch.nn.Parameter)
    assert not isinstance(x, torch.nn.Parameter)
    assert not isinstance(parameter + 1, torch.nn.Parameter)
    assert repr(parameter).startswith("Parameter(Own(")
    module = torch.nn.Module()
    module.weight = torch.nn.Parameter(x)
    assert [name for name, _ in module.named_parameters()] == ["weight"]
    assert module.weight.requires_grad


def test_a_class_that_detaches_to_another(torch) -> None:
    class Own(torch.Tensor):
        def detach(self):
            return torch.ones(2)

    with pytest.raises(RuntimeError, match="returns an instance of the same type"):
        torch.nn.Parameter(torch.ones(2).as_subclass(Own))
