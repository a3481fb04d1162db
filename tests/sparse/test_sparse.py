"""Sparse tensors: every op against the same op on dense tensors, with its gradients."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.testing import assert_close
from tests.devices import DEVICES

PLACES = torch.tensor([[0, 1, 1, 0], [2, 0, 2, 2]])  # (0, 2) is there twice
VALUES = torch.tensor([3.0, 4.0, 5.0, -1.0], dtype=torch.float64)
SIZE = (2, 3)
A = torch.tensor([[1.0, -2.0], [0.5, 3.0], [2.0, 1.0]], dtype=torch.float64)
M = torch.tensor([[2.0, 1.0, -1.0], [0.5, 3.0, 4.0]], dtype=torch.float64)


def placed(values: Any) -> Any:
    return torch.sparse_coo_tensor(PLACES, values, SIZE)


def dense_of(values: Any) -> Any:
    return torch.zeros(SIZE, dtype=values.dtype).index_put((PLACES[0], PLACES[1]), values, True)


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "coo": lambda s: s,
    "csr": lambda s: s.to_sparse_csr(),
    "csc": lambda s: s.to_sparse_csc(),
    "bsr": lambda s: s.to_sparse_bsr((2, 1)),
    "bsc": lambda s: s.to_sparse_bsc((1, 3)),
}


def by_coordinates(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function that joins matrices, which gives coordinates."""
    return lambda s: function(s.to_sparse_coo() if s.layout != torch.strided else s)


OPS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    name: functions if isinstance(functions, tuple) else (functions, functions)
    for name, functions in {
        "mm": lambda s: torch.mm(s, A),
        "operator @": lambda s: s @ A,
        "spmm": (lambda s: torch.spmm(s, A), lambda d: d @ A),
        "sparse.mm": (lambda s: torch.sparse.mm(s, A), lambda d: d @ A),
        "mv": lambda s: s @ A[:, 0],
        "dense @ sparse": lambda s: A @ s,
        "vector @ sparse": lambda s: A[:2, 0] @ s,
        "sparse @ sparse": lambda s: s @ s.t(),
        "bmm": by_coordinates(
            lambda s: torch.bmm(torch.stack([s, 2 * s]), torch.stack([A, A * A]))
        ),
        "addmm": lambda s: torch.addmm(A[:2], s, A, beta=2, alpha=3),
        "sparse.addmm": (
            lambda s: torch.sparse.addmm(A[:2], s, A, alpha=0.5),
            lambda d: torch.addmm(A[:2], d, A, alpha=0.5),
        ),
        "linear": lambda s: nn.functional.linear(s, M, A[0]),
        "to_dense": lambda s: s.to_dense(),
        "coalesce": (lambda s: s.coalesce(), lambda d: d),
        "add": lambda s: s + s,
        "add coalesced": (lambda s: s.coalesce() + s.coalesce(), lambda d: d + d),
        "sub": lambda s: torch.sub(s, s * 3, alpha=2),
        "dense + sparse": lambda s: M + s,
        "dense += sparse": lambda s: M.clone().add_(s, alpha=2),
        "dense - sparse": lambda s: M - s,
        "mul by a number": lambda s: 2 * s * 3,
        "div": lambda s: s / 4,
        "mul by dense": lambda s: s * M,
        "dense * row": lambda s: M[0] * s,
        "div by dense": lambda s: s / M,
        "mul by sparse": lambda s: s * (s * M),
        "pow": lambda s: s**2,
        "neg": lambda s: -s,
        "tanh": lambda s: s.tanh(),
        "relu": lambda s: torch.relu(-s),
        "dropout that keeps all": lambda s: nn.functional.dropout(s, 0.0),
        "sum": lambda s: s.sum(),
        "sum(0)": lambda s: s.sum(0),
        "sum(1, keepdim)": lambda s: torch.sum(s, 1, keepdim=True),
        "sum of all dims, keepdim": lambda s: torch.sum(s, (0, 1), keepdim=True),
        "sparse.sum": (lambda s: torch.sparse.sum(s, [0, 1]), lambda d: d.sum()),
        "norm": lambda s: torch.norm(s),
        "t": lambda s: s.t(),
        "T": lambda s: s.T,
        "transpose": lambda s: s.transpose(-1, 0),
        "permute": lambda s: s.permute(1, 0),
        "unsqueeze": by_coordinates(lambda s: s.unsqueeze(1)),
        "cat": lambda s: torch.cat([s, s * 2], 1),
        "stack": lambda s: torch.stack([s, s * 2], -1),
        "index_select(0)": lambda s: s.index_select(0, torch.tensor([1, 1, 0])),
        "index_select of a batch": by_coordinates(
            lambda s: torch.stack([s, 2 * s, s]).index_select(1, torch.tensor([1, 0, 1]))
        ),
        "mul by a batch": by_coordinates(lambda s: s * torch.stack([M, 2 * M])),
        "mul by a sparse row": by_coordinates(lambda s: s * (s * M).unsqueeze(1)),
        "conj": lambda s: s.conj(),
        "index_select(1)": lambda s: torch.index_select(s, 1, torch.tensor([2, 0])),
        "[1]": lambda s: s[1],
        "[0, 2]": lambda s: s[0, 2],
        "[index]": lambda s: s[torch.tensor([1])],
        "narrow_copy": (lambda s: s.narrow_copy(1, 1, 2), lambda d: d[:, 1:]),
        "floor_divide": lambda s: s // 2,
        "div, rounded": lambda s: torch.div(s, 2, rounding_mode="trunc"),
        "to": lambda s: s.float().double(),
        "clone": lambda s: s.clone(),
        "csr": (lambda s: s.to_sparse_csr(), lambda d: d),
    }.items()
}


IN_PLACE: dict[str, Callable[[Any], Any]] = {
    "mul_": lambda x: x.mul_(3),
    "operator *=": lambda x: x.__imul__(torch.tensor(3.0)),
    "div_": lambda x: x.div_(4),
    "add_": lambda x: x.add_(2 * x),
    "operator -=": lambda x: x.__isub__(x + x),
    "neg_": lambda x: x.neg_(),
    "tanh_": lambda x: x.tanh_(),
    "t_": lambda x: x.t_(),
    "unsqueeze_": lambda x: x.unsqueeze_(0),
    "detach_": lambda x: x.detach_(),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_writing_in_place(name: str) -> None:
    v, w = VALUES.clone().requires_grad_(), VALUES.clone().requires_grad_()
    got, expected = placed(v) * 1, dense_of(w) * 1
    assert IN_PLACE[name](got) is got
    IN_PLACE[name](expected)
    assert_close(got.to_dense(), expected)
    if expected.requires_grad:
        loss(got).backward()
        loss(expected).backward()
        assert_close(v.grad, w.grad)


def test_what_is_written_to_stays_what_it_is() -> None:
    csr = placed(VALUES).to_sparse_csr()
    csr += csr
    assert csr.layout == torch.sparse_csr
    assert_close(csr.to_dense(), 2 * dense_of(VALUES))
    x = M.clone()
    x *= placed(VALUES)
    assert_close(x, M * dense_of(VALUES))
    leaf = placed(VALUES).coalesce().requires_grad_()
    with torch.no_grad():
        leaf *= 2
    assert leaf.is_leaf
    assert leaf.requires_grad
    assert_close(leaf.detach().to_dense(), 2 * dense_of(VALUES))
    with pytest.raises(RuntimeError, match="in-place operation"):
        leaf.mul_(2)
    assert not leaf.detach().clone().zero_().any()
    out = M.to_sparse()
    assert torch.mul(placed(VALUES), 2, out=out) is out
    assert_close(out.to_dense(), 2 * dense_of(VALUES))
    into = torch.empty(2, 2, dtype=torch.float64)
    torch.mm(placed(VALUES), A, out=into)
    assert_close(into, dense_of(VALUES) @ A)


def test_resizing() -> None:
    s = placed(VALUES)
    assert s.sparse_resize_((3, 4), 2, 0) is s
    assert s.shape == (3, 4)
    assert_close(s.to_dense()[:2, :3], dense_of(VALUES))
    s.sparse_resize_and_clear_((5, 2), 1, 1)
    assert (s.shape, s._nnz(), s.sparse_dim(), s.dense_dim()) == ((5, 2), 0, 1, 1)
    assert s.sparse_resize_((4,), 1, 0).shape == (4,)
    assert placed(VALUES)._coalesced_(True).is_coalesced()
    assert placed(VALUES).resize_as_(torch.ones(4, 4).to_sparse()).shape == (4, 4)
    assert torch.sparse_coo_tensor([[1]], [2.0]).is_coalesced()


def test_new_ones_of_the_dtype() -> None:
    s = placed(VALUES)
    same = s.new(PLACES, VALUES, SIZE)
    assert_close(same.to_dense(), s.to_dense())
    assert same.dtype is torch.float64
    assert (s.new_zeros(2, 3).shape, s.new_empty((4,)).dtype) == ((2, 3), torch.float64)


def loss(y: Any) -> Any:
    y = y.to_dense()
    return (y * torch.arange(1.0, y.numel() + 1, dtype=y.dtype).reshape(y.shape)).sum()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", OPS)
def test_an_op_is_that_of_dense_tensors(name: str, layout: str) -> None:
    sparse_op, dense_op = OPS[name]
    v, w = VALUES.clone().requires_grad_(), VALUES.clone().requires_grad_()
    s = LAYOUTS[layout](placed(v))
    got, expected = sparse_op(s), dense_op(dense_of(w))
    assert tuple(got.shape) == tuple(expected.shape)
    assert got.dtype is expected.dtype
    assert_close(got.to_dense(), expected)
    loss(got).backward()
    loss(expected).backward()
    assert_close(v.grad, w.grad)


def test_gradients_reach_the_dense_operand() -> None:
    x, y = A.clone().requires_grad_(), A.clone().requires_grad_()
    loss(torch.sparse.mm(placed(VALUES), x)).backward()
    loss(dense_of(VALUES) @ y).backward()
    assert_close(x.grad, y.grad)


def test_gradients_of_gradients() -> None:
    def f(values: Any, x: Any) -> Any:
        return torch.sparse.mm(placed(values), x).tanh()

    x = A.clone().requires_grad_()
    assert torch.autograd.gradcheck(f, (VALUES.clone().requires_grad_(), x))
    assert torch.autograd.gradgradcheck(f, (VALUES.clone().requires_grad_(), x))


@pytest.mark.parametrize("logarithm", [False, True])
@pytest.mark.parametrize("dim", [0, 1])
def test_softmax_leaves_out_what_is_not_there(dim: int, logarithm: bool) -> None:
    name = "log_softmax" if logarithm else "softmax"
    v, w = VALUES.clone().requires_grad_(), VALUES.clone().requires_grad_()
    got = getattr(torch.sparse, name)(placed(v), dim).coalesce()
    there = dense_of(torch.ones(4)) > 0
    full = dense_of(w).masked_fill(~there, float("-inf"))
    expected = getattr(torch, name)(full, dim)[there]
    assert_close(got.values(), expected)
    weights = torch.arange(1.0, 4, dtype=torch.float64)
    (got.values() * weights).sum().backward()
    (expected * weights).sum().backward()
    assert_close(v.grad, w.grad)


def test_sampled_addmm_computes_at_the_places_only() -> None:
    s = torch.sparse_csr_tensor([0, 1, 2], [2, 0], VALUES[:2], (2, 3))
    got = torch.sparse.sampled_addmm(s, A[:2], M, beta=0.5, alpha=2.0)
    product = 0.5 * s.to_dense() + 2 * A[:2] @ M
    assert got.layout == torch.sparse_csr
    assert_close(got.values(), torch.stack([product[0, 2], product[1, 0]]))
    scaled = torch.sparse.sampled_addmm(s, A[:2, :0], M[:0], beta=0.5)  # products of no terms
    assert_close(scaled.to_dense(), 0.5 * s.to_dense())


def test_a_sparse_leaf_has_a_sparse_gradient() -> None:
    s = placed(VALUES).coalesce().requires_grad_()
    assert s.is_leaf
    assert s.requires_grad
    torch.sparse.mm(s, A).sum().backward()
    assert s.grad.is_sparse
    assert_close(s.grad.to_dense(), (dense_of(VALUES) != 0) * A.sum(1))
    assert not s.detach().requires_grad
    s.grad = None
    assert s.grad is None


def test_sparse_gradients_in_and_out() -> None:
    s = placed(VALUES).coalesce().requires_grad_()
    (g,) = torch.autograd.grad(torch.sparse.mm(s, A).sum(), s)
    assert g.is_sparse
    assert_close(g.to_dense(), (dense_of(VALUES) != 0) * A.sum(1))
    (3 * s).backward(placed(VALUES))
    assert_close(s.grad.to_dense(), 3 * dense_of(VALUES))
    assert torch.autograd.gradcheck(lambda s: s * M, (s,), masked=True)
    assert torch.autograd.gradcheck(lambda x: x.to_sparse().tanh(), (M.clone().requires_grad_(),))


def test_entries_that_have_dims() -> None:
    values = torch.arange(6.0).reshape(3, 2).requires_grad_()
    s = torch.sparse_coo_tensor([[0, 2, 0]], values, (3, 2))
    assert (s.sparse_dim(), s.dense_dim(), s._nnz()) == (1, 1, 3)
    expected = torch.tensor([[4.0, 6.0], [0.0, 0.0], [2.0, 3.0]])
    assert_close(s.to_dense(), expected)
    assert_close(s.sum(1).to_dense(), expected.sum(1))
    assert_close(torch.sparse.sum(s, 0), expected.sum(0))
    assert_close(s[0].to_dense(), expected[0])
    assert_close(s[2, 1:], expected[2, 1:])
    assert_close(s.select(1, 1).to_dense(), expected[:, 1])
    assert_close(torch.sparse.softmax(s, 1).coalesce().values(), expected[[0, 2]].softmax(1))
    assert_close(s.unsqueeze(2).to_dense(), expected.unsqueeze(2))
    assert_close(s.index_select(1, torch.tensor([1, 1])).to_dense(), expected[:, [1, 1]])
    for parts, dim in ((s.unbind(), 0), (tuple(s), 0), (torch.unbind(s, -1), expected.ndim - 1)):
        assert len(parts) == expected.shape[dim]
        for part, whole in zip(parts, expected.unbind(dim), strict=True):
            assert_close(part.to_dense(), whole)


def test_products_of_unlike_sparse_tensors() -> None:
    x = torch.arange(6.0).reshape(3, 2)
    assert_close((x.to_sparse(1) * x.to_sparse()).to_dense(), x * x)
    empty = torch.zeros(0, 1, 2).to_sparse()
    assert (empty * torch.zeros(0, 3, 1).to_sparse()).shape == (0, 3, 2)


def test_to_sparse_and_back() -> None:
    x = torch.tensor([[0.0, 2.0], [3.0, 0.0]], requires_grad=True)
    s = x.to_sparse()
    assert s.is_coalesced()
    assert s.indices().tolist() == [[0, 1], [1, 0]]
    (s.to_dense() * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    assert x.grad.tolist() == [[0.0, 2.0], [3.0, 0.0]]
    assert x.to_sparse(1).values().tolist() == [[0.0, 2.0], [3.0, 0.0]]
    csr = x.to_sparse_csr()
    assert csr.crow_indices().tolist() == [0, 1, 2]
    assert csr.col_indices().tolist() == [1, 0]
    assert x.to_sparse(layout=torch.sparse_csr).layout == torch.sparse_csr
    assert x.detach().sparse_mask(s).values().tolist() == [2.0, 3.0]


def test_sizes_are_inferred_and_parts_checked() -> None:
    assert torch.sparse_coo_tensor([[0, 3], [1, 2]], [1, 2]).size() == (4, 3)
    assert torch.sparse_coo_tensor((2, 3))._nnz() == 0
    assert torch.sparse_coo_tensor(size=(2, 3))._nnz() == 0
    with pytest.raises(TypeError, match="or the size alone"):
        torch.sparse_coo_tensor()
    assert torch.sparse_csr_tensor([0, 1], [4], [1.0]).shape == (1, 5)
    with pytest.raises(RuntimeError, match="outside size"):
        torch.sparse_coo_tensor([[2]], [1.0], (2,))
    with pytest.raises(RuntimeError, match="expected indices"):
        torch.sparse_coo_tensor([[0, 1]], [1.0])
    with pytest.raises(RuntimeError, match="number of dimensions"):
        torch.sparse_coo_tensor([[0]], [1.0], (2, 2))
    assert torch.sparse_coo_tensor(torch.zeros(2, 0).long(), torch.zeros(0, 3)).shape == (0, 0, 3)
    assert torch.sparse_coo_tensor(size=(2, 3)).shape == (2, 3)
    assert torch.sparse_coo_tensor([[1]], 2.0).to_dense().tolist() == [0.0, 2.0]
    for make in (torch.zeros, torch.empty):
        for layout in (torch.sparse_coo, torch.sparse_csr):
            s = make(2, 3, dtype=torch.float64, layout=layout, requires_grad=True)
            assert (s.layout, s.shape, s._nnz(), s.requires_grad) == (layout, (2, 3), 0, True)
    assert torch.zeros_like(M, layout=torch.sparse_coo).dtype is torch.float64
    with pytest.raises(RuntimeError, match="outside size"):
        torch.sparse_csr_tensor([0, 1], [5], [1.0], (1, 2))
    s = torch.sparse_csr_tensor([0, 3], [1, 0, 1], [1.0, 2.0, 3.0], (1, 2))
    assert s.col_indices().tolist() == [1, 0, 1]
    assert s.values().tolist() == [1.0, 2.0, 3.0]
    assert s.to_dense().tolist() == [[2.0, 4.0]]
    assert (s * s).to_dense().tolist() == [[4.0, 16.0]]
    assert (s @ s.t()).to_dense().tolist() == [[20.0]]
    with pytest.raises(RuntimeError, match="must ascend"):
        torch.sparse_csr_tensor([0, 2, 1], [0, 1], [1.0, 2.0])


def test_new_ones_like_another() -> None:
    """As optimizers of old make the sparse tensors by which they step."""
    s = torch.sparse_coo_tensor([[0, 1], [1, 0]], [2.0, 3.0], dtype=torch.float64).coalesce()
    made = s.new(s.indices(), s.values() * 2, s.size())
    assert made.dtype == torch.float64
    assert made.to_dense().tolist() == [[0.0, 4.0], [6.0, 0.0]]
    empty = s.new().resize_as_(s)
    assert empty.to_dense().tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_the_old_constructors() -> None:
    s = torch.sparse.FloatTensor(PLACES, VALUES.float(), torch.Size(SIZE))
    assert isinstance(s, torch.sparse.FloatTensor)
    assert not isinstance(s, torch.sparse.DoubleTensor)
    assert s.type() == "torch.sparse.FloatTensor"
    assert torch.sparse.LongTensor(2, 3).dtype is torch.int64


def test_spdiags() -> None:
    rows = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    got = torch.sparse.spdiags(rows, torch.tensor([0, -1]), (3, 3)).to_dense()
    assert got.tolist() == [[1.0, 0.0, 0.0], [4.0, 2.0, 0.0], [0.0, 5.0, 3.0]]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda s: torch.exp(s), NotImplementedError, "exp(): not implemented for sparse"),
        (lambda s: s.view(3, 2), NotImplementedError, "to_dense"),
        (lambda s: s.add_(M), RuntimeError, "add(dense, sparse)"),
        (lambda s: M.int().add_(s), RuntimeError, "can't be cast"),
        (lambda s: M.clone().requires_grad_().add_(s), RuntimeError, "in-place operation"),
        (lambda s: s.exp_(), NotImplementedError, "exp_()"),
        (lambda s: s.long().mul_(2.5), RuntimeError, "can't be cast"),
        (lambda s: s.copy_(M[0].to_sparse()), RuntimeError, "of size [2, 3]"),
        (lambda s: s.narrow_copy(0, 1, 2), RuntimeError, "exceeds dimension size"),
        (lambda s: s.sparse_resize_((1, 3), 2, 0), RuntimeError, "shrinking"),
        (lambda s: s.sparse_resize_((2, 3), 1, 1), RuntimeError, "number of sparse dimensions"),
        (lambda s: s.sparse_resize_and_clear_((2,), 2, 0), RuntimeError, "number of dimensions"),
        (lambda s: torch.add(s, s, out=M.t().to_sparse()), RuntimeError, "can't hold the result"),
        (lambda s: s > 0, NotImplementedError, "gt()"),
        (lambda s: s + 1, RuntimeError, "add(sparse, dense)"),
        (lambda s: s + M, RuntimeError, "add(dense, sparse)"),
        (lambda s: s / s, RuntimeError, "div()"),
        (lambda s: s**0, RuntimeError, "positive"),
        (lambda s: s.indices(), RuntimeError, "call .coalesce() first"),
        (lambda s: s.values(), RuntimeError, "call .coalesce() first"),
        (lambda s: s.numpy(), TypeError, "can't convert sparse tensor"),
        (lambda s: s[0:1], RuntimeError, "whole numbers"),
        (lambda s: s[2], IndexError, "out of range"),
        (lambda s: s @ M, RuntimeError, "cannot be multiplied"),
        (lambda s: s + torch.eye(3).to_sparse(), RuntimeError, "same size"),
        (lambda s: torch.equal(s, s), NotImplementedError, "to_dense"),
        (lambda s: s.copy_(M), RuntimeError, "sparse tensor of size"),
        (lambda s: s.to_dense().coalesce(), RuntimeError, "coalesce expected sparse"),
        (lambda s: s.crow_indices(), NotImplementedError, "crow_indices"),
    ],
)
def test_what_is_refused(call: Callable[[Any], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        call(placed(VALUES))
    assert words in str(caught.value)


def test_as_a_buffer_it_is_moved_saved_and_loaded() -> None:
    def module() -> Any:
        m = nn.Linear(1, 1)
        m.register_buffer("adjacency", placed(VALUES))
        return m

    m, other = module(), module().float()
    m.adjacency = m.adjacency * 2
    assert m.float().adjacency.dtype is torch.float32
    other.load_state_dict(m.state_dict())
    assert_close(other.adjacency.to_dense(), 2 * dense_of(VALUES).float())
    assert copy.deepcopy(m).adjacency.is_sparse


def test_copies_and_pickles() -> None:
    s = placed(VALUES).coalesce().requires_grad_()
    for twin in (copy.deepcopy(s), pickle.loads(pickle.dumps(s))):
        assert twin.requires_grad
        assert twin.is_coalesced()
        assert_close(twin.detach().to_dense(), s.detach().to_dense())
    t = s.detach().clone()
    t.zero_()
    assert t._nnz() == 0
    assert s._nnz() == 3


def test_a_custom_function_keeps_it() -> None:
    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, places: Any, values: Any, x: Any) -> Any:
            s = torch.sparse_coo_tensor(places, values, SIZE)
            ctx.save_for_backward(s, x)
            return torch.matmul(s, x)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            s, x = ctx.saved_tensors
            values = (g @ x.t())[s._indices()[0], s._indices()[1]]
            return None, values, s.t() @ g

    v, x = VALUES.clone().requires_grad_(), A.clone().requires_grad_()
    loss(Product.apply(PLACES, v, x)).backward()
    w, y = VALUES.clone().requires_grad_(), A.clone().requires_grad_()
    loss(dense_of(w) @ y).backward()
    assert_close(v.grad, w.grad)
    assert_close(x.grad, y.grad)


def test_it_prints_as_in_pytorch() -> None:
    s = torch.sparse_coo_tensor(PLACES[:, :2], VALUES[:2].float(), SIZE)
    assert repr(s) == (
        "tensor(indices=tensor([[0, 1],\n"
        "                       [2, 0]]),\n"
        "       values=tensor([3., 4.]),\n"
        "       size=(2, 3), nnz=2, layout=torch.sparse_coo)"
    )
    assert repr(s.double().to_sparse_csr()) == (
        "tensor(crow_indices=tensor([0, 1, 2]),\n"
        "       col_indices=tensor([2, 0]),\n"
        "       values=tensor([3., 4.]), size=(2, 3), nnz=2, dtype=torch.float64,\n"
        "       layout=torch.sparse_csr)"
    )
    assert "requires_grad=True" in repr(s.requires_grad_())
    assert "size=(2, 0)" in repr(torch.sparse_coo_tensor((2, 3)))


def test_what_it_says_of_itself() -> None:
    s = placed(VALUES)
    assert isinstance(s, torch.Tensor)
    assert torch.is_tensor(s)
    assert s.is_sparse
    assert not M.is_sparse
    assert (s.layout, M.layout) == (torch.sparse_coo, torch.strided)
    assert (s.dim(), s.numel(), len(s), s.size(1), s.device.type) == (2, 6, 2, 3, "cpu")
    assert torch.is_floating_point(s)
    assert (M.sparse_dim(), M.dense_dim()) == (0, 2)
    assert torch.zeros_like(s)._nnz() == 0
    assert torch.zeros_like(s, layout=torch.sparse_csr).layout == torch.sparse_csr
    assert torch.zeros_like(s, layout=torch.strided).tolist() == [[0.0] * 3] * 2
    assert torch.ones_like(s, layout=torch.strided).tolist() == [[1.0] * 3] * 2
    assert torch.zeros_like(s, requires_grad=True).requires_grad
    assert np.array_equal(s.tolist(), dense_of(VALUES).tolist())


def test_smaller_promises() -> None:
    s = placed(VALUES)
    assert s.type_as(torch.ones(1)).dtype is torch.float32
    assert s.type(torch.float32).dtype is torch.float32
    assert s.to(s.float()).dtype is torch.float32
    assert s.cpu() is s
    assert s.get_device() == -1
    assert s.element_size() == 8
    assert s.data.requires_grad is False
    assert f"{s}" == repr(s)
    assert not torch.sparse_coo_tensor((1, 1))
    assert torch.sparse_coo_tensor([[0], [0]], [2.0]).item() == 2.0
    assert s.is_same_size(M)
    assert torch.sparse.sum(s, dtype=torch.float32).dtype is torch.float32
    assert s.to_dense(torch.float32).dtype is torch.float32
    assert s.t().t().to_sparse_csr()._nnz() == 3
    v = torch.tensor([1.0, 2.0], requires_grad=True)
    made = torch.sparse_coo_tensor([[0, 1]], v) * 2
    made.retain_grad()
    made.to_dense().sum().backward()
    assert made.grad.coalesce().values().tolist() == [1.0, 1.0]
    with torch.sparse.check_sparse_tensor_invariants():
        assert torch.sparse.check_sparse_tensor_invariants.is_enabled()
    leaf = placed(VALUES).requires_grad_()
    with pytest.raises(RuntimeError, match="requires grad"):
        leaf.zero_()
    leaf.data = placed(2 * VALUES)
    assert_close(leaf.detach().to_dense(), 2 * dense_of(VALUES))
    leaf.copy_(placed(VALUES))
    assert leaf.requires_grad
    leaf.grad = placed(VALUES)
    assert_close(leaf.grad.to_dense(), dense_of(VALUES))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: torch.sparse.mm(s, 1.0), "two tensors"),
        (lambda s: torch.sparse.mm(s, A, "mean"), "layout torch.sparse_csr"),
        (lambda s: torch.sparse.mm(s, A, "prod"), "sum, mean, max or min"),
        (lambda s: s @ torch.ones(2, 3, 1), "as many dims"),
        (lambda s: s @ s, r"cannot be multiplied \(2x3 and 2x3\)"),
        (lambda s: torch.sparse.sampled_addmm(s, s, M), "two dense ones"),
        (lambda s: torch.sparse.sampled_addmm(s, M, M), "matrices that fit"),
        (lambda s: s * torch.eye(3).to_sparse(), "must match|broadcast"),
        (lambda s: torch.sparse.sum(M), "a sparse tensor"),
        (lambda s: torch.sparse.softmax(M, 0), "a sparse tensor"),
        (lambda s: torch.norm(s, dim=0), "no dim"),
        (lambda s: torch.stack([s, s]).t(), "at most 2 dims"),
        (lambda s: s.permute(0, 0), "an order of the 2 sparse dims"),
        (lambda s: torch.cat([s, M]), "sparse tensors"),
        (lambda s: torch.cat([s, s.t()]), "All tensors must have the same shape"),
        (lambda s: s.permute(0), "does not match the length"),
        (lambda s: s + torch.eye(2, 3).double().to_sparse(1), "as many sparse dims"),
        (lambda s: torch.sparse.spdiags(M, torch.tensor([0, 0]), (2, 2)), "duplicate values"),
        (lambda s: M.sparse_mask(M), "a sparse one of its size"),
        (lambda s: torch.ones(3).to_sparse_csr(), "a matrix or a batch of them"),
        (lambda s: torch.stack([M, 0 * M]).to_sparse_csc(), "same number of specified elements"),
        (lambda s: s.to_sparse_bsr((3, 1)), "must be divisible by given blocksize"),
        (lambda s: M.to_sparse(3), "sparse_dim must be"),
        (lambda s: M.to_sparse(layout=torch.sparse_bsr), "expected the blocksize"),
        (lambda s: s.to_sparse(layout=torch.strided), "expected a sparse layout"),
        (lambda s: s.to_sparse_csr().ccol_indices(), "expected sparse column compressed"),
        (lambda s: s.to_sparse_csc().indices(), "sparse coordinate tensor layout"),
        (lambda s: torch.sparse_compressed_tensor([0, 1], [0], [1.0]), "got None"),
        (lambda s: torch.sparse_csr_tensor([0, 1], [0, 1], [1.0]), "expected compressed indices"),
        (lambda s: torch.sparse.spdiags(M, torch.tensor([0]), (2, 2)), "one offset for each"),
    ],
)
def test_operands_that_do_not_fit(call: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        call(placed(VALUES))


@pytest.mark.parametrize("device", DEVICES)
def test_a_device_gives_the_same(device: str) -> None:
    def run(device: str) -> list[Any]:
        v = VALUES.clone().to(device).requires_grad_()
        x = A.clone().to(device).requires_grad_()
        s = torch.sparse_coo_tensor(PLACES.to(device), v, SIZE)
        assert s.device.type == device
        y = torch.sparse.mm(s, x).tanh() + torch.sparse.mm(s.to_sparse_csr(), x)
        soft = torch.sparse.softmax(s, 1) * s
        total = y.sum() + torch.sparse.sum(soft) + (s @ s.t()).to_dense().sum()
        total.backward()
        return [t.cpu() for t in (total.detach(), v.grad, x.grad)]

    for got, expected in zip(run(device), run("cpu")):
        assert_close(got, expected)


def test_permute_by_keyword() -> None:
    x = torch.tensor([[0.0, 1.0, 2.0]]).to_sparse()
    assert x.permute(dims=(1, 0)).to_dense().tolist() == [[0.0], [1.0], [2.0]]


def test_custom_functions_take_sparse_tensors() -> None:
    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx, s, x):
            ctx.save_for_backward(s)
            return torch.dsmm(s, x)

        @staticmethod
        def backward(ctx, g):
            (s,) = ctx.saved_tensors
            return None, torch.dsmm(s.t(), g)

    s = torch.sparse_coo_tensor([[0, 1], [1, 0]], [2.0, 3.0])
    x = torch.eye(2, requires_grad=True)
    y = Product.apply(s, x.view(2, 2))
    y.view(-1).sum().backward()
    assert x.grad.tolist() == [[3.0, 3.0], [2.0, 2.0]]


def test_rows_as_starts_and_as_numbers() -> None:
    rows, columns = torch.tensor([0, 0, 2]), torch.tensor([5, 6, 7])
    starts = torch._convert_indices_from_coo_to_csr(rows, 4)
    assert starts.tolist() == [0, 2, 2, 3, 3]
    assert torch._convert_indices_from_coo_to_csr(rows, 4, out_int32=True).dtype == torch.int32
    convert = torch._convert_indices_from_csr_to_coo
    assert convert(starts, columns).tolist() == [[0, 0, 2], [5, 6, 7]]
    assert convert(starts, columns, transpose=True).tolist() == [[5, 6, 7], [0, 0, 2]]


def test_the_terms_of_a_product_reduced_otherwise() -> None:
    s = torch.tensor([[1.0, 0.0, 2.0], [0.0, 0.0, 0.0]]).to_sparse_csr()
    x = torch.arange(6.0).reshape(3, 2).requires_grad_()
    expected = {"mean": [4.0, 5.5], "amax": [8.0, 10.0], "amin": [0.0, 1.0], "sum": [8.0, 11.0]}
    expected |= {"max": expected["amax"], "min": expected["amin"]}
    for reduce, row in expected.items():
        assert torch.sparse.mm(s, x, reduce).tolist() == [row, [0.0, 0.0]]
    (g,) = torch.autograd.grad(torch.sparse.mm(s, x, "mean").sum(), x)
    assert g.tolist() == [[0.5, 0.5], [0.0, 0.0], [1.0, 1.0]]
