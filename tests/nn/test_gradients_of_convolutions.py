"""``nn.grad``: the gradients of convolutions as functions."""

from __future__ import annotations

import pytest

import minitorch_dl as torch
from minitorch_dl.nn import functional as F


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1}, {"dilation": 2, "groups": 2}])
def test_agree_with_backward(dims: int, options: dict[str, int]) -> None:
    conv = getattr(F, f"conv{dims}d")
    x = torch.rand(2, 2, *(5,) * dims, dtype=torch.float64, requires_grad=True)
    w = torch.rand(4, 2 // options.get("groups", 1), *(2,) * dims, dtype=torch.float64)
    w.requires_grad_()
    y = conv(x, w, **options)
    g = torch.rand_like(y)
    dx, dw = torch.autograd.grad(y, (x, w), g)
    of_input = getattr(torch.nn.grad, f"conv{dims}d_input")
    of_weight = getattr(torch.nn.grad, f"conv{dims}d_weight")
    torch.testing.assert_close(of_input(x.shape, w.detach(), g, **options), dx)
    torch.testing.assert_close(of_weight(x.detach(), w.shape, g, **options), dw)
    assert torch.autograd.gradcheck(lambda w, g: of_input(x.shape, w, g, **options), (w, g))


def test_the_older_name_of_local_response_norm() -> None:
    x = torch.rand(1, 4, 3, 3)
    layer = torch.nn.CrossMapLRN2d(2, k=2)
    assert repr(layer) == "CrossMapLRN2d(2, alpha=0.0001, beta=0.75, k=2)"
    torch.testing.assert_close(layer(x), torch.nn.LocalResponseNorm(2, k=2)(x))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_poolings_with_indices(dims: int) -> None:
    x = torch.rand(1, 2, *(6,) * dims)
    for name in (f"max_pool{dims}d", f"adaptive_max_pool{dims}d"):
        values, places = getattr(F, f"{name}_with_indices")(x, 2)
        expected = getattr(F, name)(x, 2, return_indices=True)
        assert torch.equal(values, expected[0])
        assert torch.equal(places, expected[1])
    if dims > 1:
        y = getattr(F, f"fractional_max_pool{dims}d_with_indices")(x, 2, output_size=3)
        assert len(y) == 2


def test_embedding_bag_of_the_top_level() -> None:
    w = torch.tensor([[1.0, 5.0], [3.0, 2.0], [4.0, 4.0]])
    indices, offsets = torch.tensor([0, 1, 2]), torch.tensor([0, 2, 2])
    bags, of, sizes, _ = torch.embedding_bag(w, indices, offsets)
    assert bags.tolist() == [[4, 7], [0, 0], [4, 4]]
    assert of.tolist() == [0, 0, 2]
    assert sizes.tolist() == [2, 0, 1]
    bags, _, _, rows = torch.embedding_bag(w, indices, offsets, mode=2)
    assert bags.tolist() == [[3, 5], [0, 0], [4, 4]]
    assert rows.tolist() == [[1, 0], [0, 0], [2, 2]]
    torch.embedding_renorm_(w, torch.tensor([2]), 1.0)
    torch.testing.assert_close(w[2].norm(), torch.tensor(1.0))
    assert w[0].tolist() == [1, 5]
