"""Names, order, kinds and defaults of arguments: those of PyTorch, which must be installed."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from minitorch_dl import nn

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.parity

# PyTorch's own signature says *args, **kwargs.
_HIDDEN = {
    "Buffer", "Container", "GRU", "LSTM", "Parameter", "RNN", "UninitializedBuffer",
    "UninitializedParameter",
}  # fmt: skip
# The base classes' forward only raises.
_ABSTRACT = {
    "Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "RNNBase",
    "RNNCellBase",
}  # fmt: skip


def parameters(function: Any) -> list[tuple[str, str, str]]:
    return [
        (p.name, p.kind.name, _text(p.default))
        for p in inspect.signature(function).parameters.values()
    ]


def _text(default: Any) -> str:
    return getattr(default, "__name__", None) or repr(default)


OUT = ("out", "KEYWORD_ONLY", "None")
CLASSES = [
    name
    for name, value in vars(nn).items()
    if isinstance(value, type) and hasattr(torch.nn, name) and name not in _HIDDEN
]
FUNCTIONS = [
    name
    for name, value in vars(nn.functional).items()
    if inspect.isfunction(value)
    and inspect.isfunction(getattr(torch.nn.functional, name, None))
    and "kwargs" not in inspect.signature(getattr(torch.nn.functional, name)).parameters
    and not hasattr(value, "primitive")
]


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_takes_pytorchs_arguments(name: str) -> None:
    ours, theirs = getattr(nn, name), getattr(torch.nn, name)
    assert parameters(ours) == parameters(theirs)
    if name not in _ABSTRACT and issubclass(ours, nn.Module):
        assert parameters(ours.forward) == parameters(theirs.forward)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_takes_pytorchs_arguments(name: str) -> None:
    ours, theirs = getattr(nn.functional, name), getattr(torch.nn.functional, name)
    expected = parameters(theirs)
    if hasattr(torch, name):  # one function here, two in PyTorch, of which torch.f takes out=
        expected += [p for p in parameters(ours)[-1:] if p == OUT and p not in expected]
    assert parameters(ours) == expected


def test_there_is_something_to_compare() -> None:
    assert len(CLASSES) > 130
    assert len(FUNCTIONS) > 70
