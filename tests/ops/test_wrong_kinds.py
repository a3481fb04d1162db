"""Mistakes in the arguments: the error names the op as the caller knows it, and what came."""

from __future__ import annotations

import inspect
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.nn import functional as F

OPS: list[Callable[[Any], Any]] = [
    torch.relu, torch.exp, torch.floor, torch.sign, torch.all, torch.sum, torch.mean, torch.amax,
    torch.argmax, torch.squeeze, torch.sort, torch.cumsum, torch.det, torch.linalg.inv,
    lambda x: torch.mm(x, torch.ones(2, 2)), lambda x: torch.dot(x, torch.ones(2)), F.dropout,
    lambda x: F.conv2d(x, torch.ones(1, 1, 1, 1)),
    lambda x: F.conv2d(torch.ones(1, 1, 1, 1), torch.ones(1, 1, 1, 1), x),
]  # fmt: skip


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("value", ["a", [1.0], object()], ids=["str", "list", "object"])
def test_the_op_and_the_kind_are_named(op: Callable[[Any], Any], value: Any) -> None:
    arguments = (value, 0) if op is torch.cumsum else (value,)
    kind = type(value).__name__
    with pytest.raises(TypeError, match=rf"\w+\(\): argument '\w+' .* must be Tensor, not {kind}"):
        op(*arguments)


X = torch.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: X.sum(5), IndexError, "sum(input=float32 (2, 3), dim=5): Dimension out of range"),
        (lambda: X.permute(0), RuntimeError, "permute"),
        (lambda: X.view(4), RuntimeError, "view(input=float32 (2, 3), shape=(4,)): shape '[4]' is"),
        (lambda: X.view("a"), TypeError, "view(input=float32 (2, 3), shape=('a',)): expected int"),
        (lambda: X.clone().add_([1]), TypeError, "add(): argument 'other' (position 2) must be"),
        (
            lambda: torch.add(X, X, alpha=torch.tensor(2.0, requires_grad=True)),
            TypeError,
            "add(): argument 'alpha' (position 3) must be Number, not Tensor",
        ),
        (lambda: torch.sub(X, X, alpha=torch.ones(1)), TypeError, "sub(): argument 'alpha'"),
        (lambda: X.add_(X, alpha=torch.ones(2)), TypeError, "add_(): argument 'alpha'"),
        (lambda: F.leaky_relu(X, torch.ones(1)), TypeError, "leaky_relu(): argument 'negative_"),
        (lambda: torch.addcmul(X, X, X, value=np.ones(1)), TypeError, "must be Number, not ndar"),
        (lambda: torch.max(X, X, dim=1), TypeError, "max(): expected either 'other' or 'dim'"),
        (lambda: torch.cat([X, None]), TypeError, "cat(tensors=[float32 (2, 3), None]): "),
        (lambda: torch.stack([X, 3]), TypeError, "stack(tensors=[float32 (2, 3), 3]): expected"),
        (lambda: torch.einsum(5, X), TypeError, "einsum(): argument 'equation' (position 1) must"),
        (lambda: torch.linalg.inv([1]), TypeError, "linalg.inv(): argument 'A' (position 1) must"),
        (lambda: torch.tril(X, "a"), TypeError, "tril("),
        (lambda: torch.zeros(10**14), RuntimeError, "zeros(size=(100000000000000,)): Unable to"),
        (lambda: torch.nn.LSTM(3, 4)("a"), TypeError, "LSTM(): argument 'input' (position 1) must"),
        (lambda: torch.nn.Flatten()(None), TypeError, "Flatten(): argument 'input'"),
    ],
)
def test_the_call_is_described(call, kind, message) -> None:
    with pytest.raises(kind, match=re.escape(message)):
        call()


@pytest.mark.parametrize(
    "write",
    [
        lambda x: x.fill_(300),
        lambda x: x.__setitem__(0, 300),
        lambda x: x.__setitem__(x > 0, 300),
        lambda x: x.masked_fill(x > 0, 300),
        lambda x: torch.where(x > 0, 300, x),
        lambda x: torch.full_like(x, 300),
    ],
)
def test_a_number_that_the_dtype_cannot_hold(write) -> None:
    x = torch.tensor([1, 2], dtype=torch.uint8)
    with pytest.raises(RuntimeError, match="value cannot be converted to type uint8 without over"):
        write(x)
    assert x.tolist() == [1, 2]


def test_a_negative_number_wraps_around_in_an_unsigned_type() -> None:
    x = torch.tensor([1, 2], dtype=torch.uint8)
    assert x.masked_fill(x > 1, -1).tolist() == torch.where(x > 1, -1, x).tolist() == [1, 255]


def test_errors_of_the_callers_code_pass_unchanged() -> None:
    class Index:
        def __index__(self) -> int:
            raise ValueError("mine")

    with pytest.raises(ValueError, match=r"^mine$"):
        torch.narrow(X, 0, Index(), 1)

    class Model(torch.nn.Module):
        def forward(self, x):
            return x.no_such_method()

    with pytest.raises(AttributeError, match=r"^'Tensor' object has no attribute 'no_such_method'"):
        torch.nn.Sequential(Model())(X)


def test_a_public_function_is_the_one_behind_it_in_all_else() -> None:
    from minitorch_dl.ops import reductions

    assert inspect.signature(torch.sum) == inspect.signature(reductions.sum)
    assert inspect.getsource(torch.sum) == inspect.getsource(reductions.sum)
    assert torch.sum.__doc__ == reductions.sum.__doc__
    assert torch.Tensor.sum is torch.sum
    for function in (torch.sum, torch.nn.functional.pad, torch.linalg.norm, torch.nn.init.ones_):
        assert pickle.loads(pickle.dumps(function)) is function


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: torch.topk(X, 1.5), TypeError, "topk(): argument 'k' (position 2) must be int, "),
        (lambda: X.transpose(0, "a"), TypeError, "transpose("),
        (lambda: X.reshape(-2, 3), RuntimeError, "invalid shape dimension -2"),
        (lambda: X.view(-6), RuntimeError, "invalid shape dimension -6"),
        (
            lambda: torch.rnn_tanh_cell(X, torch.ones(3, 4), torch.ones(4, 3), torch.ones(4, 4)),
            RuntimeError,
            "Input batch size 2 doesn't match hidden0 batch size 3",
        ),
        (
            lambda: torch.nn.functional.affine_grid(torch.ones(3, 2, 3), (2, 1, 4, 4), False),
            RuntimeError,
            "Expected theta for a batch of 2, got 3",
        ),
    ],
)
def test_what_would_fit_by_accident_is_refused(call, kind, message) -> None:
    with pytest.raises(kind, match=re.escape(message)):
        call()


def test_any_number_has_a_truth() -> None:
    x = torch.tensor([True, False])
    assert x.masked_fill(~x, 1.5).tolist() == [True, True]
    assert [i.tolist() for i in torch.where(torch.tensor(True))] == [[0]]
