"""Sparse tensors by rows and by columns, in blocks and in batches."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl.testing import assert_close

M = torch.tensor(
    [[1.0, 0.0, 2.0, 0.0], [0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [4.0, 0.0, 0.0, 5.0]],
    dtype=torch.float64,
)
BATCH = torch.stack([M, M.flip(0)])
HYBRID = torch.stack([M, 2 * M], 2)
LAYOUTS = "csr csc bsr bsc".split()


def indices(s: Any) -> tuple[Any, Any]:
    by_columns = s.layout in (torch.sparse_csc, torch.sparse_bsc)
    return (
        (s.ccol_indices(), s.row_indices()) if by_columns else (s.crow_indices(), s.col_indices())
    )


def there(s: Any) -> Any:
    """Where a sparse tensor has entries, as 0 and 1."""
    ones = torch.ones_like(s.values())
    return torch.sparse_compressed_tensor(*indices(s), ones, s.shape, layout=s.layout).to_dense()


def compressed(x: Any, name: str, **options: Any) -> Any:
    return getattr(x, f"to_sparse_{name}")(*[(2, 2)] * name.startswith("bs"), **options)


def test_the_parts_of_each_layout() -> None:
    csr, csc, bsr, bsc = (compressed(M, name) for name in LAYOUTS)
    assert csr.crow_indices().tolist() == [0, 2, 3, 3, 5]
    assert csr.col_indices().tolist() == [0, 2, 1, 0, 3]
    assert csr.values().tolist() == [1, 2, 3, 4, 5]
    assert csc.ccol_indices().tolist() == [0, 2, 3, 4, 5]
    assert csc.row_indices().tolist() == [0, 3, 1, 0, 3]
    assert csc.values().tolist() == [1, 4, 3, 2, 5]
    assert bsr.crow_indices().tolist() == [0, 2, 4]
    assert bsr.col_indices().tolist() == [0, 1, 0, 1]
    assert bsr.values()[:2].tolist() == [[[1, 0], [0, 3]], [[2, 0], [0, 0]]]
    assert bsc.ccol_indices().tolist() == [0, 2, 4]
    assert bsc.row_indices().tolist() == [0, 1, 0, 1]
    assert bsc.values()[:2].tolist() == [[[1, 0], [0, 3]], [[0, 0], [4, 0]]]
    assert [s._nnz() for s in (csr, csc, bsr, bsc)] == [5, 5, 4, 4]


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("x", [M, BATCH, HYBRID, 0 * M], ids=["matrix", "batch", "hybrid", "zeros"])
def test_there_and_back(name: str, x: Any) -> None:
    s = compressed(x, name, dense_dim=int(x is HYBRID))
    parts = *indices(s), s.values()
    assert_close(s.to_dense(), x)
    assert_close(s.to_sparse().coalesce().to_dense(), x)
    again = torch.sparse_compressed_tensor(*parts, x.shape, layout=s.layout)
    assert_close(again.to_dense(), x)
    assert (again.layout, again._nnz()) == (s.layout, s._nnz())
    made = getattr(torch, f"sparse_{name}_tensor")(*parts, size=x.shape, dtype=torch.float32)
    assert_close(made.to_dense(), x.float())
    for twin in (copy.deepcopy(s), pickle.loads(pickle.dumps(s)), s.clone(), s.detach()):
        assert twin.layout == s.layout
        assert_close(twin.values(), s.values())
    assert_close((2 * s).values(), 2 * s.values())


def test_one_number_for_a_square_block() -> None:
    x = torch.arange(16.0).reshape(4, 4)
    for name in ("bsr", "bsc"):
        convert = f"to_sparse_{name}"
        expected = getattr(x, convert)((2, 2))
        for made in (
            getattr(x, convert)(2),
            getattr(x.to_sparse(), convert)(2),
            x.to_sparse(layout=expected.layout, blocksize=2),
        ):
            assert torch.equal(made.values(), expected.values())
    s = x.to_sparse()
    assert s.to_sparse() is s


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_transposed_matrix(name: str) -> None:
    t = compressed(M, name).t()
    assert str(t.layout) == f"torch.sparse_{name[:2]}{'cr'[name[2] == 'c']}"
    assert_close(t.to_dense(), M.t())
    assert_close(compressed(BATCH, name).transpose(1, 2).to_dense(), BATCH.transpose(1, 2))
    assert compressed(BATCH, name).transpose(-1, -2).layout == t.layout
    with pytest.raises(RuntimeError, match="rows and columns in place"):
        compressed(BATCH, name).transpose(0, 1)


@pytest.mark.parametrize("name", LAYOUTS)
def test_batches(name: str) -> None:
    s = compressed(BATCH, name)
    assert s[1].layout == s.layout
    assert_close(s[1].to_dense(), BATCH[1])
    assert_close(s @ BATCH, BATCH @ BATCH)
    assert_close(s[:, 0].to_dense(), BATCH[:, 0])
    assert_close(s.sum(), BATCH.sum())
    got = torch.sparse.sampled_addmm(s, BATCH, BATCH)
    assert_close(got.to_dense(), (BATCH + BATCH @ BATCH) * there(s))


@pytest.mark.parametrize("name", LAYOUTS)
def test_gradients_reach_the_values(name: str) -> None:
    x = M.clone().requires_grad_()
    s = compressed(x, name)
    (g,) = torch.autograd.grad((s @ M).sum(), x)
    assert_close(g, M.sum(1).expand(4, 4) * there(s))
    values = s.values().detach().requires_grad_()
    made = torch.sparse_compressed_tensor(*indices(s), values, (4, 4), layout=s.layout)
    made.to_dense().square().sum().backward()
    assert_close(values.grad, 2 * values.detach())
    leaf = made.detach().requires_grad_()
    (3 * leaf).sum().backward()
    assert leaf.grad.layout == s.layout
    assert_close(leaf.grad.values(), torch.full_like(values, 3))


def test_parts_that_do_not_fit() -> None:
    make = torch.sparse_compressed_tensor
    for parts, layout, words in (
        (([0, 1], [0, 1], [1.0]), torch.sparse_csc, "expected compressed indices"),
        (([0, 1], [0], [1.0]), torch.sparse_bsr, r"\*block"),
        (([0, 2], [0], [1.0]), torch.sparse_csr, "must ascend"),
        (([0, 1], [-1], [1.0]), torch.sparse_csc, "outside size"),
        (([0, 1], [0], [1.0], (2, 2)), torch.sparse_csr, "expected 3 compressed indices"),
        (([[0, 1]], [[0]], [[1.0]], (2, 1, 1)), torch.sparse_csr, "expected a size"),
        (([0, 1], [0], [1.0], (1, 1, 1)), torch.sparse_csr, "expected a size"),
        (([0, 1], [0], [1.0], (1,)), torch.sparse_csr, "expected"),
        (([0, 1], [0], [1.0]), torch.strided, "compressed tensor layout"),
    ):
        with pytest.raises(RuntimeError, match=words):
            make(*parts, layout=layout)


def test_indices_keep_their_dtype() -> None:
    starts, across = (torch.tensor(i, dtype=torch.int32) for i in ([0, 2, 3], [0, 1, 1]))
    s = torch.sparse_csr_tensor(starts, across, torch.ones(3))
    for twin in (s, 2 * s, s.t().t()):
        assert [x.dtype for x in indices(twin)] == [torch.int32, torch.int32]
    assert s.to_sparse().indices().dtype == torch.int64
    assert (s @ torch.eye(2)).tolist() == [[1.0, 1.0], [0.0, 1.0]]


def test_alpha_is_the_sparse_operands() -> None:
    s = M.to_sparse_csr()
    for y in (torch.add(BATCH[1], s, alpha=2), torch.add(s, BATCH[1], alpha=2)):
        assert_close(y, BATCH[1] + 2 * M)


def test_what_is_multiplied_by_0_does_not_count() -> None:
    nan = torch.full_like(M, float("nan"))
    assert_close(torch.addmm(nan, M.to_sparse_csr(), M, beta=0, alpha=2), 2 * M @ M)
    assert_close(torch.addmv(nan[0], M.to_sparse_csc(), M[0], beta=0), M @ M[0])


@pytest.mark.parametrize("name", LAYOUTS)
def test_products_with_a_batch(name: str) -> None:
    assert_close((compressed(M, name) * BATCH).to_dense(), M * BATCH)


@pytest.mark.parametrize("name", LAYOUTS)
def test_gradcheck_takes_them(name: str) -> None:
    s = compressed(M, name).requires_grad_()
    assert torch.autograd.gradcheck(lambda s: s.to_dense().sin(), (s,), masked=True)
