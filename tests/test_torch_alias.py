"""What ``import torch`` gives while it means this package."""

from __future__ import annotations

import minitorch_dl


def test_importing_a_file_leaves_the_function_of_its_name() -> None:
    with minitorch_dl.as_torch():
        import torch
        from torch.autograd.gradcheck import gradcheck
        from torch.nn.utils.weight_norm import WeightNorm

        assert torch.autograd.gradcheck is gradcheck
        assert torch.nn.utils.weight_norm is minitorch_dl.nn.utils.weight_norm
        assert WeightNorm.__name__ == "WeightNorm"


def test_functions_that_can_be_overridden_are_found_under_that_name() -> None:
    with minitorch_dl.as_torch():
        import torch
        from torch.overrides import get_overridable_functions

        assert torch.mean in get_overridable_functions()[torch]
