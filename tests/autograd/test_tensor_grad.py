"""``requires_grad``, ``.grad`` and the other properties of a tensor that autograd gives it."""

from __future__ import annotations

import pytest


def assign(x, g) -> None:
    x.grad = g


def test_the_gradient_starts_as_none_and_can_be_set(torch) -> None:
    x = torch.ones(2, requires_grad=True)
    assert x.grad is None
    g = torch.zeros(2)
    x.grad = g
    assert x.grad is g
    (x * 2).sum().backward()
    assert g.tolist() == [2, 2]  # accumulated into the tensor that was given
    x.grad = None
    assert x.grad is None
    del x.grad
    assert x.grad is None


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (
            lambda t, x: 3,
            TypeError,
            "assigned grad expected to be a Tensor or None but got grad of type",
        ),
        (lambda t, x: t.ones(2), RuntimeError, "attempting to assign a gradient of size"),
        (
            lambda t, x: t.ones(3).double(),
            RuntimeError,
            "attempting to assign a gradient with dtype",
        ),
        (lambda t, x: x, RuntimeError, "can't assign Variable as its own grad"),
    ],
)
def test_what_a_gradient_may_be(torch, value, error, text) -> None:
    x = torch.ones(3, requires_grad=True)
    with pytest.raises(error, match=text):
        assign(x, value(torch, x))
    assert x.grad is None


def test_reading_the_gradient_of_a_result_warns(torch) -> None:
    y = torch.ones(2, requires_grad=True) * 2
    with pytest.warns(UserWarning, match="not a leaf Tensor is being accessed"):
        assert y.grad is None
    y.retain_grad()
    assert y.grad is None  # no warning


def test_leaves(torch) -> None:
    x = torch.ones(2)
    y = x * 2
    assert x.is_leaf
    assert y.is_leaf
    assert y.grad_fn is None
    x.requires_grad = True
    z = x * 2
    assert x.is_leaf
    assert not z.is_leaf
    assert z.requires_grad
    assert z.grad_fn.name() == "MulBackward0"
    assert z.grad_fn.next_functions[0][0].name().endswith("AccumulateGrad")
    assert z.grad_fn.next_functions[0][0].variable is x
    assert z.output_nr == 0
    assert not z.detach().requires_grad


def test_requires_grad_rules(torch) -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    with pytest.raises(
        RuntimeError, match="you can only change requires_grad flags of leaf variables"
    ):
        y.requires_grad_(False)
    with pytest.raises(
        RuntimeError, match="you can only change requires_grad flags of leaf variables"
    ):
        y.requires_grad = False
    assert y.requires_grad_() is y
    with pytest.raises(RuntimeError, match="only Tensors of floating point"):
        torch.ones(2, dtype=torch.int64).requires_grad_()
    assert x.requires_grad_(False) is x
    assert not (x * 2).requires_grad
    assert y.requires_grad  # what was recorded stays recorded


def test_integer_results_require_no_gradient(torch) -> None:
    x = torch.tensor([1.0, 3.0, 2.0], requires_grad=True)
    assert not x.argmax().requires_grad
    assert not (x > 1).requires_grad
    assert not x.long().requires_grad
    values, indices = x.max(0)
    assert values.requires_grad
    assert not indices.requires_grad


def test_detach_in_place(torch) -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    assert y.detach_() is y
    assert y.is_leaf
    assert not y.requires_grad
    with pytest.raises(RuntimeError, match="Can't detach views in-place"):
        (x * 2).view(1, 2).detach_()


def test_detach_shares_memory(torch) -> None:
    x = torch.ones(2, requires_grad=True)
    with torch.no_grad():
        x.detach().mul_(3)
    assert x.tolist() == [3, 3]


def test_leaves_refuse_in_place_writes(torch) -> None:
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        x.add_(1)
    assert x.tolist() == [1, 1]
    with torch.no_grad():
        x.add_(1)
    assert x.tolist() == [2, 2]
    assert x.requires_grad
    assert x.is_leaf


def test_a_tensor_takes_the_history_of_what_is_written_to_it(torch) -> None:
    x = torch.ones(2, requires_grad=True)
    y = torch.zeros(2)
    y.add_(x * 3)
    assert y.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_a_view_keeps_its_gradient_of_the_value_that_it_has_now(torch) -> None:
    w = torch.ones(4, 2, requires_grad=True)
    y = w * 1
    x = y[1:3]
    x.retain_grad()
    y.mul_(2)
    assert x.retains_grad
    (x * x).sum().backward()
    assert x.grad.tolist() == [[4.0, 4.0], [4.0, 4.0]]


def test_the_dtype_of_the_gradient_of_a_leaf(torch) -> None:
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g.to(torch.float64) * 2

    for wanted, found in [
        (torch.float32, torch.float32),
        (torch.float16, torch.float16),
        (None, torch.float64),
    ]:
        x = torch.ones(2, requires_grad=True)
        assert x.grad_dtype is torch.float32
        x.grad_dtype = wanted
        assert x.grad_dtype is wanted
        for times in (1, 2):
            Twice.apply(x).sum().backward()
            assert x.grad.dtype is found
            assert x.grad.tolist() == [2 * times] * 2
    early = torch.ones(2)
    early.grad_dtype = torch.float16
    early.requires_grad_()
    (early * 3).sum().backward()
    assert early.grad.dtype is torch.float16


def test_what_the_dtype_of_a_gradient_may_be(torch) -> None:
    x = torch.ones(2, requires_grad=True)
    x.grad_dtype = torch.float16
    with pytest.raises(RuntimeError, match="attempting to assign a gradient with dtype"):
        x.grad = torch.ones(2)
    x.grad_dtype = None
    x.grad = torch.ones(2, dtype=torch.float64)
    with pytest.raises(RuntimeError, match="there is already a gradient"):
        x.grad_dtype = torch.float16
    with pytest.raises(RuntimeError, match=r"must be a torch.dtype or None, but got str"):
        x.grad_dtype = "float16"
    with pytest.raises(RuntimeError, match="can only be set on leaf tensors"):
        (x * 2).grad_dtype = None
    with pytest.raises(RuntimeError, match="can only be accessed on leaf tensors"):
        _ = (x * 2).grad_dtype
