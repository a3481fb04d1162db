"""Optimizers for one kind of parameter: SparseAdam for tables, Muon for matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_dl


def test_sparse_adam_is_adam_on_the_rows_that_are_used() -> None:
    torch = minitorch_dl
    table = torch.rand(4, 2, requires_grad=True)
    untouched = table.detach()[3].tolist()
    rows = [table.detach()[i].clone().requires_grad_() for i in range(3)]
    options = {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-12}  # which the two scale differently
    sparse = torch.optim.SparseAdam([table], **options)
    dense = [torch.optim.Adam([row], **options) for row in rows]
    for step in range(4):
        sparse.zero_grad()
        rows_used = torch.nn.functional.embedding(torch.arange(3), table, sparse=True)
        (rows_used**2).sum().backward()
        sparse.step()
        for i in range(3):
            dense[i].zero_grad()
            (rows[i] ** 2).sum().backward()
            dense[i].step()
        torch.testing.assert_close(table[:3].detach(), torch.stack([r.detach() for r in rows]))
        assert sparse.state[table]["step"] == step + 1
    assert table.detach()[3].tolist() == untouched


def test_sparse_adam_leaves_the_moments_of_unused_rows() -> None:
    torch = minitorch_dl
    table = torch.ones(2, 1, requires_grad=True)
    optimizer = torch.optim.SparseAdam([table])
    for row in (0, 1):
        optimizer.zero_grad()
        torch.nn.functional.embedding(torch.tensor(row), table, sparse=True).sum().backward()
        optimizer.step()
    torch.testing.assert_close(optimizer.state[table]["exp_avg"], torch.tensor([[0.1], [0.1]]))


def test_sparse_adam_refuses_to_stand_still(torch: Any) -> None:
    with pytest.raises(ValueError, match="Invalid learning rate: 0"):
        torch.optim.SparseAdam([torch.nn.Parameter(torch.ones(1))], lr=0)


@pytest.mark.parametrize("name", ["Adafactor", "Muon"])
def test_negative_options_of_the_later_rules(torch: Any, name: str) -> None:
    for option, text in {"lr": "Learning rate", "weight_decay": "weight.decay"}.items():
        with pytest.raises(ValueError, match=f"{text} should be >= 0 but is: -1"):
            getattr(torch.optim, name)([torch.nn.Parameter(torch.ones(2, 2))], **{option: -1})


def test_sparse_adam_refuses_complex_tables() -> None:
    table = minitorch_dl.ones(2, 1, dtype=minitorch_dl.complex64, requires_grad=True)
    with pytest.raises(ValueError, match=r"indices \[\[0, 0\]\]: .* not support complex"):
        minitorch_dl.optim.SparseAdam([table])


def with_sparse_gradients(
    torch: Any, name: str, options: dict[str, Any], sparse: bool = True
) -> Any:
    """A table after steps in which few of its rows were used, some twice."""
    table = torch.nn.Embedding.from_pretrained(
        torch.arange(8.0).reshape(4, 2), freeze=False, sparse=sparse
    )
    optimizer = getattr(torch.optim, name)(table.parameters(), lr=0.1, **options)
    for row in range(3):
        optimizer.zero_grad(set_to_none=row != 1)
        (table(torch.tensor([row, 1, row])) ** 2).sum().backward()
        assert table.weight.grad.is_sparse == sparse
        optimizer.step()
    return table.weight.detach().numpy()


@pytest.mark.parity
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", {}),
        ("SGD", {"maximize": True}),
        ("SGD", {"momentum": 0.9}),
        ("Adagrad", {"lr_decay": 0.1}),
        ("Adagrad", {"maximize": True}),
        ("SparseAdam", {}),
        ("SparseAdam", {"maximize": True}),
    ],
)
@pytest.mark.filterwarnings("ignore:Sparse invariant checks")
def test_steps_by_sparse_gradients_are_pytorchs(name: str, options: dict[str, Any]) -> None:
    pytorch = pytest.importorskip("torch")
    results = [with_sparse_gradients(torch, name, options) for torch in (minitorch_dl, pytorch)]
    np.testing.assert_allclose(*results, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "options"), [("SGD", {}), ("SGD", {"weight_decay": 0.1}), ("Adagrad", {})]
)
def test_steps_by_sparse_and_dense_gradients_are_the_same(
    name: str, options: dict[str, Any]
) -> None:
    sparse, dense = (with_sparse_gradients(minitorch_dl, name, options, s) for s in (True, False))
    np.testing.assert_allclose(sparse, dense, rtol=1e-6)


@pytest.mark.parametrize("name", ["Adadelta", "Adafactor", "Adam", "RMSprop"])
def test_rules_over_whole_parameters_refuse_sparse_gradients(name: str) -> None:
    with pytest.raises(RuntimeError, match=f"{name} does not support sparse gradients"):
        with_sparse_gradients(minitorch_dl, name, {})


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "SparseAdam"])
@pytest.mark.filterwarnings("ignore:Sparse invariant checks")
def test_single_entries_are_moved_by_their_gradients(torch: Any, name: str) -> None:
    x = torch.ones(2, 3, requires_grad=True)
    x.grad = torch.tensor([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]]).to_sparse()
    getattr(torch.optim, name)([x], lr=0.1).step()
    step = [[0.1, 0, 0.2], [0, 0, 0.3]] if name == "SGD" else [[0.1, 0, 0.1], [0, 0, 0.1]]
    np.testing.assert_allclose(x.detach().numpy(), 1 - np.array(step), rtol=1e-5)


def test_sparse_adam_needs_dense_parameters(torch: Any) -> None:
    with pytest.raises(ValueError, match="requires dense parameter tensors"):
        torch.optim.SparseAdam([torch.ones(2).to_sparse()])


@pytest.mark.parametrize("shape", [(3, 5), (5, 3)])
def test_muons_update_is_nearly_orthogonal(shape: tuple[int, int]) -> None:
    pytest.importorskip("ml_dtypes")
    torch = minitorch_dl
    torch.manual_seed(0)
    w = torch.zeros(*shape, requires_grad=True)
    w.grad = torch.randn(*shape)
    torch.optim.Muon([w], lr=1.0, weight_decay=0.0, adjust_lr_fn="original").step()
    scale = max(1.0, shape[0] / shape[1]) ** 0.5
    singular = torch.linalg.svdvals(w.detach()) / scale
    assert singular.min() > 0.5
    assert singular.max() < 1.5
    u, _, v = torch.linalg.svd(w.grad, full_matrices=False)
    assert torch.nn.functional.cosine_similarity((-w).flatten(), (u @ v).flatten(), dim=0) > 0.95


def muon(torch: Any, **options: Any) -> np.ndarray:
    rng = np.random.default_rng(0)
    params = [
        torch.tensor(rng.standard_normal(s), dtype=torch.float32, requires_grad=True)
        for s in ((3, 4), (6, 2))
    ]
    optimizer = torch.optim.Muon(params, **options)
    for _ in range(5):
        for p in params:
            p.grad = torch.tensor(rng.standard_normal(tuple(p.shape)), dtype=torch.float32)
        optimizer.step()
    return np.concatenate([p.detach().numpy().ravel() for p in params])


@pytest.mark.parity
@pytest.mark.parametrize(
    "options",
    [{}, {"lr": 0.1, "nesterov": False}, {"lr": 0.02, "adjust_lr_fn": "match_rms_adamw"}],
)
def test_muon_is_pytorchs(options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    np.testing.assert_allclose(
        muon(minitorch_dl, **options), muon(torch, **options), rtol=0.01, atol=0.002
    )


def test_muon_takes_matrices_only() -> None:
    with pytest.raises(ValueError, match="only supports 2D parameters"):
        minitorch_dl.optim.Muon([minitorch_dl.ones(3, requires_grad=True)])


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "SparseAdam"])
def test_sparse_gradients_may_name_single_entries(name: str) -> None:
    torch = minitorch_dl
    steps = []
    for sparse in (True, False):
        table = torch.nn.Parameter(torch.ones(2, 2))
        dense = torch.tensor([[0.0, 2.0], [0.0, -1.0]])
        table.grad = dense.to_sparse(2 if sparse else 1)
        getattr(torch.optim, name)([table], lr=0.1).step()
        steps.append(table.detach().numpy())
    np.testing.assert_allclose(*steps)
