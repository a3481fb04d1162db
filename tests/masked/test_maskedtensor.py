"""``MaskedTensor``: the elements that are there, in ops, reductions, gradients and conversions."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl.masked import MaskedTensor, as_masked_tensor, is_masked_tensor, masked_tensor

DATA = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
MASK = torch.tensor([[True, False, True], [False, False, True]])


def there(requires_grad: bool = False) -> MaskedTensor:
    return masked_tensor(DATA, MASK, requires_grad)


def check(found: Any, data: Any, mask: Any) -> None:
    """The mask is this one, and the data are where it is true."""
    assert is_masked_tensor(found)
    mask = torch.as_tensor(mask)
    assert torch.equal(found.get_mask(), mask)
    torch.testing.assert_close(found.to_tensor(0), torch.as_tensor(data).masked_fill(~mask, 0))


def test_elementwise_ops_keep_the_mask() -> None:
    x = there()
    check(x.exp(), DATA.exp(), MASK)
    check(torch.clamp(x, 2, 4), DATA.clamp(2, 4), MASK)
    check(x + x, 2 * DATA, MASK)
    check(3 * x - DATA, 2 * DATA, MASK)
    check(x < 3, DATA < 3, MASK)
    check(x[0] * torch.ones(2, 3), DATA[0].expand(2, 3), MASK[0].expand(2, 3))
    with pytest.raises(ValueError, match="Input masks must match"):
        x + masked_tensor(DATA, ~MASK)
    assert x.mul_(2) is x
    check(x, 2 * DATA, MASK)


def test_reductions_see_what_is_there() -> None:
    x = there()
    check(x.sum(), 10.0, True)
    check(x.sum(0), torch.tensor([1.0, 0.0, 9.0]), [True, False, True])
    check(x.mean(dim=1, keepdim=True), torch.tensor([[2.0], [6.0]]), [[True], [True]])
    check(x.amax(1), torch.tensor([3.0, 6.0]), [True, True])
    check(torch.prod(x, 0), torch.tensor([1.0, 0.0, 18.0]), [True, False, True])
    check(x.norm(), DATA[MASK].norm(), True)
    check((x > 0).all(), torch.tensor(True), True)
    check(torch.softmax(x, -1)[1], torch.tensor([0.0, 0.0, 1.0]), MASK[1])
    with pytest.raises(TypeError, match=r"max\(\): not implemented for masked tensors"):
        x.max()


def test_variances_are_corrected_as_asked() -> None:
    x = masked_tensor(torch.tensor([[1.0, 2.0], [4.0, 6.0]]), torch.tensor([[True, False]] * 2))
    for biased in (x.var(0, False), x.var(0, unbiased=False), torch.var(x, 0, correction=0)):
        check(biased, torch.tensor([2.25, 0.0]), torch.tensor([True, False]))
    check(x.std(0, True, True), torch.tensor([[4.5**0.5, 0.0]]), torch.tensor([[True, False]]))


def test_moving_moves_the_mask() -> None:
    x = there()
    check(x.T, DATA.T, MASK.T)
    check(x[:, 2], DATA[:, 2], MASK[:, 2])
    check(x.reshape(3, 2), DATA.reshape(3, 2), MASK.reshape(3, 2))
    check(x.view(-1), DATA.view(-1), MASK.view(-1))
    check(torch.stack([x, x]), torch.stack([DATA, DATA]), torch.stack([MASK, MASK]))
    check(x.unbind()[1], DATA[1], MASK[1])
    image = masked_tensor(DATA[None, None], MASK[None, None])
    columns = torch.nn.functional.unfold(image, 2)
    assert columns.get_mask().sum() == 3
    assert columns.shape == (1, 4, 2)
    y = torch.where(MASK, x, masked_tensor(-DATA, ~MASK))
    check(y, torch.where(MASK, DATA, -DATA), torch.ones(2, 3, dtype=torch.bool))
    check(x.where(MASK, masked_tensor(-DATA, ~MASK)), y.get_data(), y.get_mask())


def test_gradients() -> None:
    x = there(requires_grad=True)
    (x * x).mean(1).sum().backward()
    check(x.grad, torch.tensor([[1.0, 0.0, 3.0], [0.0, 0.0, 12.0]]), MASK)
    x = there(requires_grad=True)
    for y in (x * x, (x * x).to_sparse()):
        (g,) = torch.autograd.grad(y.sum(), x)
        check(g, 2 * DATA, MASK)
    (g,) = torch.autograd.grad(x * x, x, masked_tensor(DATA, MASK))
    check(g, 2 * DATA * DATA, MASK)
    leaf = DATA.clone().requires_grad_()
    y = as_masked_tensor(leaf, MASK)
    y.exp().sum().backward()
    torch.testing.assert_close(leaf.grad, torch.where(MASK, DATA.exp(), 0))
    assert not y.is_leaf
    with pytest.warns(UserWarning, match="not recommended to create a MaskedTensor"):
        assert not masked_tensor(leaf, MASK).requires_grad


def test_sparse_parts() -> None:
    x = there(requires_grad=True)
    for y in (x.to_sparse(), x.to_sparse_csr()):
        assert y.is_sparse
        assert (y.is_sparse_coo(), y.is_sparse_csr()) == (
            y.layout is torch.sparse_coo,
            y.layout is torch.sparse_csr,
        )
        assert y.get_data()._nnz() == 3
        check(y.to_dense(), DATA, MASK)
        check((y * 2).cos().to_dense(), (2 * DATA).cos(), MASK)
        check(y.sum(), 10.0, True)
    x.to_sparse().to_dense().sum().backward()
    check(x.grad, torch.ones(2, 3), MASK)
    made = masked_tensor(DATA.to_sparse(), MASK.to_sparse())
    check(made.to_dense(), DATA, MASK)
    with pytest.raises(ValueError, match="do not have is_contiguous"):
        made.is_contiguous()
    with pytest.raises(ValueError, match="not have the same indices"):
        masked_tensor(MASK.flip(1).float().to_sparse(), MASK.to_sparse())


@pytest.mark.parametrize(
    ("data", "mask", "error", "text"),
    [
        (3, MASK, TypeError, "data must be a Tensor"),
        (DATA, 3, TypeError, "mask must be a Tensor"),
        (DATA, MASK.to_sparse(), TypeError, "the same layout"),
        (DATA, DATA, TypeError, "mask must have dtype bool"),
        (DATA, MASK[0], ValueError, r"data.dim\(\) must equal"),
        (DATA, MASK.T, ValueError, r"data.size\(\) must equal"),
    ],
)
def test_parts_that_do_not_fit(data: Any, mask: Any, error: type[Exception], text: str) -> None:
    for make in (MaskedTensor, masked_tensor, as_masked_tensor):
        with pytest.raises(error, match=text):
            make(data, mask)


@pytest.mark.parametrize("sparse", [False, True])
def test_gradients_of_what_is_not_there(sparse: bool) -> None:
    data, mask = torch.tensor([1.0, 2.0, float("nan")]), torch.tensor([True, True, False])
    if sparse:
        indices = torch.tensor([[0, 1, 2]])
        data = torch.sparse_coo_tensor(indices, data, (3,))
        mask = torch.sparse_coo_tensor(indices, mask, (3,))
    factor = torch.tensor(2.0, requires_grad=True)
    (masked_tensor(data, mask) * factor).sum().backward()
    assert factor.grad == 3
    x = masked_tensor(torch.tensor([4.0, 0.0, -1.0]), torch.tensor([True, False, False]), True)
    x.sqrt().sum().backward()
    assert x.grad.get_data().tolist() == [0.25, 0, 0]
    y = as_masked_tensor(torch.tensor([4.0, 0.0], requires_grad=True) * 1, MASK[0, :2])
    y.div_(torch.tensor([2.0, 0.0])).sum().backward()


def test_copies_and_text() -> None:
    x = there()
    for y in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), x.clone(), x.to("cpu")):
        check(y, DATA, MASK)
    assert repr(x) == (
        "MaskedTensor(\n  [\n    [  1.0000,       --,   3.0000],\n"
        "    [      --,       --,   6.0000]\n  ]\n)"
    )
    assert repr(x[0, 1]) == "MaskedTensor(--, False)"
    assert x.sum().item() == 10
    assert (bool(x.sum()), int(x.sum()), float(x.sum())) == (True, 10, 10.0)
    with pytest.raises(ValueError, match="masked out"):
        x[0, 1].item()
    assert (x.shape, len(x), x.dtype, x.numel()) == ((2, 3), 2, torch.float32, 6)


def test_masked_reductions_of_sparse_tensors() -> None:
    for sparse in (DATA.to_sparse(), DATA.to_sparse_csr()):
        y = torch.masked.sum(sparse, 1, keepdim=True, mask=MASK.to_sparse())
        assert y.layout == sparse.layout
        torch.testing.assert_close(y.to_dense(), torch.tensor([[4.0], [6.0]]))
    assert torch.masked.amax(DATA, mask=MASK.to_sparse()) == 6
    chosen = torch.masked._output_mask(torch.masked.sum, DATA, 0, mask=MASK)
    assert chosen.tolist() == [True, False, True]
    assert torch.masked._output_mask(torch.masked.softmax, DATA, 0, mask=MASK).equal(MASK)
