"""In what order results lie in memory: row-major, or as the input, where PyTorch's do, so that
``view`` takes them."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_dl as torch

F = torch.nn.functional


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.cumsum(0),
        lambda x: x.cumprod(1),
        lambda x: x.logcumsumexp(0),
        lambda x: x.cummax(0).indices,
        lambda x: x.prod(0),
        lambda x: x.tril(),
        lambda x: x.masked_fill(x > 0, 1.0),
        lambda x: x.gather(0, torch.zeros(3, 5, 4, dtype=torch.int64).mT),
        lambda x: torch.fft.rfft(x),
        lambda x: torch.fft.fft2(x, dim=(0, 1)),
        lambda x: F.avg_pool1d(x, 2),
        lambda x: F.max_pool1d(x, 2),
        lambda x: F.max_pool1d(x, 2, return_indices=True)[1],
        lambda x: F.adaptive_max_pool1d(x, 2),
        lambda x: F.scaled_dot_product_attention(x, x, x),
        lambda x: x.double(memory_format=torch.contiguous_format),
        lambda x: x.to(torch.int32, memory_format=torch.contiguous_format),
    ],
)
def test_results_of_transposed_tensors(call) -> None:
    x = torch.randn(3, 5, 4).mT
    assert call(x).is_contiguous()
    np.testing.assert_allclose(call(x).numpy(), call(x.contiguous()).numpy(), 1e-5, 1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize(
    "call",
    [
        torch.exp,
        torch.erf,
        torch.tanh,
        F.gelu,
        lambda x: x / x,
        lambda x: torch.polygamma(1, x),
        lambda x: torch.fill(x, 2),
        lambda x: torch.select_scatter(x, x[0], 0, 1),
    ],
)
def test_results_of_repeated_elements(call, dtype: torch.dtype) -> None:
    x = torch.rand(4, dtype=dtype).expand(3, 4)
    assert call(x).is_contiguous()
    assert torch.equal(call(x), call(x.contiguous()))


def test_other_results_lie_as_the_input() -> None:
    x = torch.rand(3, 4).t()
    for y in (x.exp(), x * 2, x.half().exp(), F.gelu(x), x.double()):
        assert y.stride() == (1, 4)


def test_factors_that_are_adjoints_inside() -> None:
    x = torch.randn(3, 3)
    assert torch.svd(x).V.is_contiguous()
    LU, pivots = torch.linalg.lu_factor(x)
    assert torch.linalg.lu_solve(LU, pivots, torch.ones(4, 3), left=False).is_contiguous()


def test_windows_of_memory_in_another_order() -> None:
    """Of an array that no NumPy array owns, such as another library's."""

    class Foreign:
        def __init__(self, array: np.ndarray) -> None:
            self.array, self.__array_interface__ = array, array.__array_interface__

    rows = np.arange(60.0).reshape(3, 4, 5)
    x = torch.from_numpy(np.asarray(Foreign(rows.transpose(0, 2, 1))))
    assert x.unfold(0, 2, 1).tolist() == torch.tensor(x.tolist()).unfold(0, 2, 1).tolist()
    assert x[1:].unfold(1, 3, 2).tolist() == torch.tensor(x.tolist())[1:].unfold(1, 3, 2).tolist()


@pytest.mark.parametrize("change", ["contiguous", "clone", "to", "float", "cpu"])
def test_formats_are_for_so_many_dimensions(change: str) -> None:
    x = torch.zeros(2, 3, 4)
    with pytest.raises(RuntimeError, match="required rank 4 tensor to use channels_last format"):
        getattr(x, change)(memory_format=torch.channels_last)
    with pytest.raises(RuntimeError, match="required rank 5 tensor to use channels_last_3d format"):
        getattr(x, change)(memory_format=torch.channels_last_3d)
    assert getattr(x[None], change)(memory_format=torch.channels_last).shape == (1, 2, 3, 4)


@pytest.mark.parametrize("call", [torch.zeros_like, torch.empty_like, torch.rand_like])
def test_new_tensors_lie_as_the_one_they_are_like(call) -> None:
    x = torch.zeros(2, 3, 5)
    assert call(x.permute(2, 0, 1)).stride() == (1, 15, 5)
    assert call(x.mT[:, ::2]).stride() == (9, 1, 3)
    assert call(x[..., 0]).stride() == (3, 1)
    assert call(x[:1].expand(4, 3, 5)).stride() == (15, 5, 1)
    assert call(x.mT, memory_format=torch.contiguous_format).stride() == (15, 3, 1)
    assert call(x.mT, dtype=torch.float64).stride() == (15, 1, 5)


@pytest.mark.parametrize(
    ("like", "drawn"),
    [
        (torch.rand_like, torch.rand),
        (lambda x: torch.randint_like(x, 3, 9), lambda *size: torch.randint(3, 9, size)),
        (lambda x: torch.rand(x.shape, out=torch.empty(x.mT.shape).mT), torch.rand),
        (lambda x: torch.randint(9, x.shape, out=x.clone().mT.clone().mT), torch.randint),
        (lambda x: F.dropout(torch.ones_like(x)), lambda *size: F.dropout(torch.ones(size))),
        (lambda x: torch.native_dropout(x + 1, 0.5, True)[0],
         lambda *size: F.dropout(torch.ones(size))),
    ],
)  # fmt: skip
def test_numbers_are_drawn_in_the_order_of_memory(like, drawn) -> None:
    torch.manual_seed(0)
    y = like(torch.zeros(4, 5, 3).mT)
    torch.manual_seed(0)
    size = (9, (4, 5, 3)) if drawn is torch.randint else (4, 5, 3)
    assert torch.equal(y, drawn(*size).mT)


def test_choices_are_drawn_in_the_order_of_memory() -> None:
    weights = torch.ones(50, 2)
    torch.manual_seed(0)
    rows = torch.empty(50, 2).exponential_().mT.argmin(1)
    torch.manual_seed(0)
    assert torch.equal(torch.multinomial(weights.mT, 1)[:, 0], rows)
