"""Floating-point operations are counted as in PyTorch."""

from __future__ import annotations

import importlib

import pytest

import minitorch_dl


@pytest.fixture
def counting(torch):
    return importlib.import_module(f"{torch.__name__}.utils.flop_counter")


def test_forward_and_backward_of_products_and_convolutions(torch, counting) -> None:
    F = torch.nn.functional
    a = torch.ones(4, 5, requires_grad=True)
    x, w = torch.ones(2, 4, 6, 6, requires_grad=True), torch.ones(6, 4, 3, 3, requires_grad=True)
    v, image = torch.ones(4, 3, 2, 2, requires_grad=True), torch.ones(1, 4, 5, 5)
    layer = torch.nn.Linear(5, 7)
    steps = [
        lambda: torch.mm(a, torch.ones(5, 3)).sum().backward(),
        lambda: torch.bmm(torch.ones(2, 3, 4), torch.ones(2, 4, 5)),
        lambda: torch.addmm(torch.ones(3), a, torch.ones(5, 3)),
        lambda: torch.einsum("ab,bc->ac", a, torch.ones(5, 3)),
        lambda: layer(a).sum().backward(),
        lambda: F.conv2d(x, w, padding=1).sum().backward(),
        lambda: F.conv_transpose2d(image, v).sum().backward(),
        lambda: a.exp(),
    ]
    expected = [240, 240, 120, 120, 840, 93312, 4800, 0]
    for step, flops in zip(steps, expected):
        with counting.FlopCounterMode(display=False) as counter:
            step()
        assert counter.get_total_flops() == flops


def test_counts_per_module(torch, counting) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    with counting.FlopCounterMode(display=False) as counter:
        model(torch.ones(4, 2)).sum().backward()
    counts = {name: sum(ops.values()) for name, ops in counter.get_flop_counts().items()}
    by_op = {str(op): flops for op, flops in counter.get_flop_counts()["Sequential.0"].items()}
    assert by_op == {"aten.addmm": 48, "aten.mm": 48}
    assert counts["Sequential.0"] == 96
    assert counts["Sequential.2"] == 72
    assert counts["Global"] == counter.get_total_flops() == 168


def test_the_table(capsys) -> None:
    torch = minitorch_dl
    counting = importlib.import_module("minitorch_dl.utils.flop_counter")
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1000))
    with counting.FlopCounterMode() as counter:
        model(torch.ones(4, 2))
    assert (
        capsys.readouterr().out
        == """\
Module             FLOP    % Total
--------------  -------  ---------
Sequential      24.048K    100.00%
 - aten.addmm   24.048K    100.00%
 Sequential.0    0.048K      0.20%
  - aten.addmm   0.048K      0.20%
 Sequential.1   24.000K     99.80%
  - aten.addmm  24.000K     99.80%
"""
    )
    assert "Sequential.1" not in counter.get_table(depth=1)
    with counter:
        model(torch.ones(4, 2))
        torch.ones(2, 2) @ torch.ones(2, 2)
    assert counter.get_table(depth=1).splitlines()[2:] == [
        "Global          24.064K    100.00%",
        " - aten.addmm   24.048K     99.93%",
        " - aten.mm       0.016K      0.07%",
        " Sequential     24.048K     99.93%",
        "  - aten.addmm  24.048K     99.93%",
    ]
    with counting.FlopCounterMode(display=False) as counter:
        pass
    assert counter.get_total_flops() == 0
    assert counter.get_table().splitlines()[2:] == ["Global         0         0%"]


def test_formulas_of_ones_own(torch, counting) -> None:
    add = torch.ops.aten.add if torch.__name__ == "torch" else counting.ops.aten.add
    counter = counting.FlopCounterMode(
        display=False, custom_mapping={add: lambda *shapes, out_shape, **options: 5}
    )
    with counter:
        torch.ones(2) + torch.ones(2)
    assert counter.get_total_flops() == 5
    with pytest.raises(ValueError, match="expected each target to be OpOverloadPacket"):
        counting.register_flop_formula(3)(lambda: 0)
    with pytest.warns(UserWarning, match="not needed"):
        counting.FlopCounterMode(torch.nn.Linear(1, 1))
