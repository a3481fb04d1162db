"""What ``torch.compile`` returns behaves as PyTorch's does, but for the speed."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import minitorch_dl as mt


def test_a_compiled_module_wraps_the_module(torch: Any) -> None:
    inner = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Dropout())
    model = torch.compile(inner, backend="eager")
    assert model._orig_mod is inner
    assert isinstance(model, torch.nn.Module)
    assert isinstance(model, torch._dynamo.OptimizedModule)
    assert list(model.state_dict()) == ["_orig_mod.0.weight", "_orig_mod.0.bias"]
    assert repr(model).startswith("OptimizedModule(\n  (_orig_mod): Sequential(")
    model.load_state_dict({f"_orig_mod.{name}": x * 0 for name, x in inner.state_dict().items()})
    assert not inner[0].weight.any()
    model.eval()
    assert not any(one.training for one in (model, inner, inner[1]))
    model.note = 3
    assert (inner.note, model.note, len(model)) == (3, 3, 2)
    del model.note
    assert not hasattr(inner, "note")
    copied = copy.deepcopy(model)
    assert type(copied) is type(model)
    assert copied._orig_mod is not inner


def test_the_older_decorator() -> None:
    assert mt._dynamo.optimize("eager", nopython=True)(mt.exp) is mt.exp
    model = mt._dynamo.optimize()(mt.nn.Linear(1, 1))
    assert isinstance(model, mt._dynamo.OptimizedModule)


def test_a_compiled_module_is_called_with_its_hooks() -> None:
    inner, calls = mt.nn.Linear(2, 3), []
    model = mt.compile(inner)
    for one in (inner, model):
        one.register_forward_hook(lambda module, *_: calls.append(module))
    x = mt.ones(1, 2)
    assert mt.equal(model(x), mt.nn.functional.linear(x, inner.weight, inner.bias))
    assert [type(one).__name__ for one in calls] == ["Linear", "OptimizedModule"]
    with pytest.raises(TypeError, match="len"):
        len(model)


def test_modules_that_are_not_to_be_compiled_stay(torch: Any) -> None:
    layer = torch.nn.Linear(1, 1)
    assert torch.compile(layer, disable=True) is layer
    assert torch.compile(disable=True)(layer) is layer
    assert torch.compile(backend="eager")(layer)._orig_mod is layer


def test_settings_of_the_compiler_are_kept() -> None:
    with mt.as_torch():
        import torch._dynamo.config
        import torch._inductor.config as config

        config.triton.unique_kernel_names = True
        torch._dynamo.config.suppress_errors = True
        assert torch._inductor.config.triton.unique_kernel_names

        @torch._dynamo.config.patch(capture_scalar_outputs=True)
        def two() -> int:
            return 2

        assert two() == 2
