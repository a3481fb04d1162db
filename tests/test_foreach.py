"""Ops on lists of tensors: ``torch._foreach_add`` and its siblings."""

from __future__ import annotations

from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl import foreach

NUMBERS: Any = (2.0, torch.tensor(2.0), [1.0, 3.0], "tensors")
ARGUMENTS = {
    **{
        name: [(x,) for x in NUMBERS]
        for name in "add sub mul div clamp_max clamp_min maximum minimum pow".split()
    },
    "lerp": [("tensors", 0.3), ("tensors", "tensors"), ("tensors", [0.1, 0.2])],
    "addcmul": [("tensors", "tensors"), ("tensors", "tensors", [1.0, 3.0])],
    "addcdiv": [("tensors", "tensors"), ("tensors", "tensors", torch.tensor([1.0, 3.0]))],
    "norm": [(), (1,)],
    "powsum": [(), (3,)],
    "mm": [("tensors",)],
    "copy_": [("tensors",)],
}
ONE = {"maximum": "clamp_min", "minimum": "clamp_max", "max": "amax"}
"""The op on one tensor, where it has another name."""


def tensors() -> list[torch.Tensor]:
    return [torch.linspace(0.1, 0.9, 9).reshape(3, 3), torch.linspace(0.2, 0.8, 4).reshape(2, 2)]


def on_one(name: str, x: Any, row: list[Any]) -> Any:
    if name.startswith("addc"):
        row, value = row[:2], (*row[2:], 1)[0]
        return getattr(x, name)(*row, value=value)
    if name == "powsum":
        return (x.abs() ** (row[0] if row else 2)).sum()
    end = "_" if name.endswith("_") else ""
    return getattr(x, ONE.get(name.rstrip("_"), name.rstrip("_")) + end)(*row)


@pytest.mark.parametrize("full", foreach.__all__)
def test_each_tensor_is_given_to_the_op(full: str) -> None:
    name = full.removeprefix("_foreach_")
    function = getattr(torch, full)
    for given in ARGUMENTS.get(name) or ARGUMENTS.get(name.rstrip("_"), [()]):
        args = [tensors() if x == "tensors" else x for x in given]
        values = tensors()
        columns = [
            x if isinstance(x, list) or (isinstance(x, torch.Tensor) and x.dim()) else [x] * 2
            for x in args
        ]
        rows = [[column[i] for column in columns] for i in range(2)]
        expected = [on_one(name, x, row) for x, row in zip(tensors(), rows)]
        found = function(values, *args)
        assert (found is values) if name.endswith("_") else isinstance(found, tuple)
        for y, wanted in zip(found, expected, strict=True):
            torch.testing.assert_close(y, wanted, equal_nan=True)


def test_options_gradients_and_one_base() -> None:
    values = [x.requires_grad_() for x in tensors()]
    found = torch._foreach_add(values, tensors(), alpha=3)
    sum(x.sum() for x in torch._foreach_mul(found, values)).backward()
    for x, y in zip(values, tensors(), strict=True):
        torch.testing.assert_close(x.grad, 2 * y + 3 * y)
    for y, x in zip(torch._foreach_pow(2.0, tensors()), tensors(), strict=True):
        torch.testing.assert_close(y, 2.0**x)
    for y, x in zip(torch._foreach_norm(tensors(), dtype=torch.float64), tensors(), strict=True):
        torch.testing.assert_close(y, x.double().norm())


def test_lists_that_do_not_fit() -> None:
    for given, text in {
        (1.0,): "same number of elements as scalar list",
        (torch.ones(1),): "Tensor lists must have the same number of tensors, got 2 and 1",
    }.items():
        with pytest.raises(RuntimeError, match=f"_foreach_add: Tensor .*{text}|{text}"):
            torch._foreach_add(tensors(), list(given))
    with pytest.raises(RuntimeError, match="scalar tensor expected to be 0 dim"):
        torch._foreach_add(tensors(), torch.ones(2))
    for packed, text in ((torch.ones(()), "dimension 1"), (torch.ones(3), "length 2 but got 3")):
        with pytest.raises(RuntimeError, match=text):
            torch._foreach_addcmul(tensors(), tensors(), tensors(), packed)
    for empty in ([], 3.0):
        with pytest.raises(RuntimeError, match="must have at least one tensor"):
            torch._foreach_abs(empty)


def test_foreach_as_in_pytorch() -> None:
    pytorch = pytest.importorskip("torch")
    theirs = {name for name in dir(pytorch) if name.startswith("_foreach_")}
    assert set(foreach.__all__) == theirs
    for name in ("norm", "max", "sign", "rsqrt"):
        mine = getattr(torch, f"_foreach_{name}")(tensors())
        other = getattr(pytorch, f"_foreach_{name}")([pytorch.tensor(x.numpy()) for x in tensors()])
        for x, y in zip(mine, other, strict=True):
            torch.testing.assert_close(x, torch.from_numpy(y.numpy()))
