"""What ``out=`` takes and refuses."""

from __future__ import annotations

import pytest

import minitorch_dl as torch

X = torch.arange(6.0)


def test_out_is_written_and_returned() -> None:
    out = torch.empty(6)
    view = out[2:]
    assert torch.add(X, 1, out=out) is out
    assert view.tolist() == [3.0, 4.0, 5.0, 6.0]


def test_out_takes_the_shape_of_the_result() -> None:
    out = torch.empty(0)
    torch.mul(X, 2, out=out)
    assert out.tolist() == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]


def test_out_with_elements_of_another_shape_is_resized_with_a_warning() -> None:
    out = torch.empty(2, 2)
    with pytest.warns(UserWarning, match=r"was resized since it had shape \[2\]"):
        drawn = torch.normal(torch.zeros(3), torch.ones(3), out=torch.empty(2))
    assert drawn.shape == (3,)
    with pytest.warns(UserWarning, match=r"was resized since it had shape \[2, 2\]"):
        torch.mul(X, 2, out=out)
    assert out.shape == (6,)


def test_out_is_made_anew_without_a_warning() -> None:
    out = torch.empty(2, 2)
    assert torch.ones(3, out=out).tolist() == [1.0] * 3
    assert torch.randn(4, out=out).shape == (4,)
    assert torch.linspace(0, 1, 2, out=out).tolist() == [0.0, 1.0]


def test_out_of_several_results_is_a_tuple() -> None:
    values, indices = torch.empty(0), torch.empty(0, dtype=torch.int64)
    torch.kthvalue(X, 2, out=(values, indices))
    assert (values.item(), indices.item()) == (1.0, 1)


def test_out_may_be_wider_where_results_are_promoted() -> None:
    out = torch.empty(6, dtype=torch.float64)
    assert torch.add(X, 1, out=out).dtype is torch.float64


@pytest.mark.parametrize(
    "call",
    [
        lambda out: torch.gather(X, 0, torch.tensor([1]), out=out),
        lambda out: torch.index_select(X, 0, torch.tensor([1]), out=out),
        lambda out: torch.take(X, torch.tensor([1]), out=out),
        lambda out: torch.aminmax(X, dim=0, out=(out, out)),
        lambda out: torch.quantile(X, 0.5, out=out),
    ],
)
def test_out_has_the_dtype_of_what_is_picked(call) -> None:
    with pytest.raises(RuntimeError, match="Expected out tensor to have dtype float32"):
        call(torch.empty(1, dtype=torch.float64))


def test_the_dtype_of_out_decides() -> None:
    x = torch.tensor([2, 3], dtype=torch.uint8)
    assert torch.nansum(x, out=torch.empty((), dtype=torch.bool)).item() is True
    assert torch.all(x, out=torch.empty((), dtype=torch.bool)).item() is True
    assert torch.inner(x, x[0], out=torch.empty(2)).tolist() == [4.0, 6.0]
    a, tau = torch.geqrf(
        torch.ones(2, 2), out=(torch.empty(2, 2).double(), torch.empty(2).double())
    )
    assert (a.dtype, tau.dtype) == (torch.float64, torch.float64)


def test_out_that_cannot_hold_the_result_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"result type float32 can't be cast .* int64"):
        torch.add(X, 1, out=torch.empty(6, dtype=torch.int64))
    with pytest.raises(RuntimeError, match="expects Long"):
        torch.multinomial(X, 2, out=torch.empty(2))


def test_out_whose_elements_share_memory_is_refused() -> None:
    with pytest.raises(RuntimeError, match="refers to a single memory location"):
        torch.add(X, 1, out=torch.zeros(1).expand(6))
    with pytest.raises(RuntimeError, match="refers to a single memory location"):
        torch.add(X, 1, out=torch.zeros(1).expand(2, 6))


def test_out_that_requires_grad_is_refused() -> None:
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        torch.add(X, 1, out=torch.empty(6, requires_grad=True))


def test_out_of_a_copy_of_a_view_is_written() -> None:
    out = torch.empty(3, 2)
    assert torch.permute_copy(X.reshape(2, 3), (1, 0), out=out) is out
    assert out.tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]


@pytest.mark.parametrize(
    "call",
    [
        lambda **out: torch.nn.functional.gelu(X, **out),
        lambda **out: torch.nn.functional.softplus(X, **out),
        lambda **out: torch.nn.functional.logsigmoid(X, **out),
        lambda **out: torch.nn.functional.linear(X, torch.ones(2, 6), **out),
        lambda **out: torch.nn.functional.avg_pool2d(X.view(1, 2, 3), 2, **out),
        lambda **out: torch.nn.functional.avg_pool3d(X.view(1, 1, 2, 3), (1, 2, 1), **out),
        lambda **out: torch.narrow_copy(X, 0, 1, 3, **out),
        lambda **out: torch.slice_scatter(X, torch.ones(2), 0, 1, 3, **out),
    ],
)
def test_out_of_network_functions(call) -> None:
    out = torch.empty(0)
    assert call(out=out) is out
    assert torch.equal(out, call())


@pytest.mark.parametrize(
    "call",
    [
        lambda x: torch.gather(x, 0, torch.tensor([1, 0]), out=x[:2]),
        lambda x: torch.index_select(x, 0, torch.tensor([1, 0]), out=x[:2]),
        lambda x: torch.take(x, torch.tensor([1, 0]), out=x[:2]),
        lambda x: torch.masked_select(x, x > 3, out=x[:2]),
        lambda x: torch.cat([x[:2], x[2:]], out=x),
        lambda x: torch.kthvalue(x, 1, out=(x[0], torch.tensor(0))),
    ],
)
def test_what_picks_elements_does_not_write_where_it_reads(call) -> None:
    x = X.clone()
    with pytest.raises(RuntimeError, match=r"unsupported operation.*single memory location"):
        call(x)
    assert x.tolist() == X.tolist()
