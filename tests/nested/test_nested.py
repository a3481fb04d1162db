"""Nested tensors: every op against the same op on each tensor, with its gradients."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.nn import functional as F
from minitorch_dl.testing import assert_close

A = torch.arange(12.0, dtype=torch.float64).reshape(2, 6).sin()
B = torch.arange(18.0, dtype=torch.float64).reshape(3, 6).cos()
W = torch.arange(24.0, dtype=torch.float64).reshape(4, 6).sin()
LAYOUTS = [torch.strided, torch.jagged]


def heads(x: Any) -> Any:
    return x.unflatten(-1, (2, 3)).transpose(-3, -2)


Op = Callable[[Any], Any]
OPS: dict[str, Op | tuple[Op, Op]] = {
    "relu": lambda x: x.relu(),
    "gelu": lambda x: F.gelu(x),
    "sigmoid by keyword": lambda x: torch.sigmoid(input=x),
    "exp": lambda x: torch.exp(x),
    "x + x": lambda x: x + x,
    "1 - 2x": lambda x: 1 - 2 * x,
    "x / row": lambda x: x / W[0].exp(),
    "x ** 2": lambda x: x**2,
    "masked_fill": lambda x: x.masked_fill(x > 0, 0.5),
    "where": lambda x: torch.where(x > 0, x, -x * 2),
    "x.where": lambda x: x.where(x > 0, -x),
    "var": lambda x: x.var(-1),
    "std, kept": lambda x: x.std(dim=-1, keepdim=True),
    "linear": lambda x: F.linear(x, W, W[:, 0]),
    "x @ matrix": lambda x: x @ W.t(),
    "layer_norm": lambda x: F.layer_norm(x, (6,), W[0], W[1]),
    "rms_norm": lambda x: F.rms_norm(x, (6,), W[0]),
    "softmax": lambda x: x.softmax(-1),
    "log_softmax": lambda x: torch.log_softmax(x, dim=-1),
    "dropout that keeps all": lambda x: F.dropout(x, 0.0),
    "sum over features": lambda x: x.sum(-1),
    "mean over features, kept": lambda x: x.mean(-1, keepdim=True),
    "amax over features": lambda x: x.amax(-1),
    "transpose": lambda x: x.transpose(-1, -2),
    "unflatten": lambda x: x.unflatten(-1, (2, 3)),
    "flatten": lambda x: x.unflatten(-1, (2, 3)).flatten(-2),
    "unsqueeze": lambda x: x.unsqueeze(-1).squeeze(-1),
    "chunk": lambda x: x.chunk(3, -1)[1],
    "split": lambda x: x.split([1, 2, 3], -1)[2],
    "cat": lambda x: torch.cat([x, 2 * x], -1),
    "select": lambda x: x.select(-1, 1),
    "view": (lambda x: x.view(2, -1, 3, 2), lambda x: x.view(-1, 3, 2)),
    "heads": lambda x: heads(x).transpose(-3, -2).flatten(-2),
    "attention": lambda x: F.scaled_dot_product_attention(heads(x), heads(x * 2), heads(x)),
    "causal attention": lambda x: F.scaled_dot_product_attention(
        heads(x), heads(x), heads(x), is_causal=True
    ),
    "float": lambda x: x.float().double(),
    "clone": lambda x: x.clone().contiguous(),
}


def loss(rows: Any) -> Any:
    return sum((y * (i + 1)).square().sum() for i, y in enumerate(rows))


@pytest.mark.parametrize("layout", LAYOUTS, ids=["strided", "jagged"])
@pytest.mark.parametrize("name", OPS)
def test_an_op_is_that_of_each_tensor(name: str, layout: Any) -> None:
    op = OPS[name]
    nested, dense = op if isinstance(op, tuple) else (op, op)
    a, b, c, d = (x.clone().requires_grad_() for x in (A, B, A, B))
    got = nested(torch.nested.as_nested_tensor([a, b], layout=layout))
    expected = [dense(c), dense(d)]
    assert got.is_nested
    assert got.dim() == expected[0].dim() + 1
    for x, y in zip(got.unbind(), expected, strict=True):
        assert_close(x, y)
    loss(got.unbind()).backward()
    loss(expected).backward()
    assert_close(a.grad, c.grad)
    assert_close(b.grad, d.grad)


@pytest.mark.parametrize("layout", LAYOUTS, ids=["strided", "jagged"])
def test_products(layout: Any) -> None:
    x = torch.nested.as_nested_tensor([A, B], layout=layout)
    grams = x.transpose(1, 2) @ x
    for got, row in zip(grams.unbind(), (A, B), strict=True):
        assert_close(got, row.t() @ row)
    assert grams.is_nested == (layout == torch.strided)  # no ragged dim is left
    for got, row in zip((x @ torch.stack([W.t(), 2 * W.t()])).unbind(), (A, 2 * B), strict=True):
        assert_close(got, row @ W.t())


@pytest.mark.parametrize("layout", LAYOUTS, ids=["strided", "jagged"])
def test_padding(layout: Any) -> None:
    x = torch.nested.nested_tensor([A, B], layout=layout, requires_grad=True)
    y = torch.nested.to_padded_tensor(x, -1.0)
    assert_close(y[0], torch.cat([A, torch.full((1, 6), -1.0, dtype=A.dtype)]))
    assert_close(y[1], B)
    (y * 3).sum().backward()
    assert x.grad.is_nested
    assert_close(x.grad.values(), torch.full_like(x.grad.values(), 3.0))
    wide = x.to_padded_tensor(0.0, (2, 4, 8))
    assert wide.shape == (2, 4, 8)
    assert wide[:, 3].abs().sum() == wide[..., 6:].abs().sum() == 0
    with pytest.raises(RuntimeError, match="holds all"):
        x.to_padded_tensor(0.0, (2, 2, 6))


def test_sizes_of_strided_ones() -> None:
    x = torch.nested.nested_tensor([A, B])
    assert (len(x), x.size(0), x.size(-1), x.dim(), x.numel()) == (2, 2, 6, 3, 30)
    assert (x.dtype, x.layout, x.is_nested, A.is_nested) == (A.dtype, torch.strided, True, False)
    for ask, words in ((lambda: x.size(1), "dimension 1 is irregular"), (lambda: x.shape, "size")):
        with pytest.raises(RuntimeError, match=words):
            ask()
    assert_close(x[1], B)
    assert_close(x[1, 2, 0], B[2, 0])
    assert_close(x[:, 0].to_padded_tensor(0.0), torch.stack([A[0], B[0]]))
    assert_close(torch.cat([x, x]).unbind()[3], B)
    assert torch.nested.nested_tensor([[1, 2], [3]]).dtype == torch.int64


def test_sizes_of_jagged_ones() -> None:
    x = torch.nested.nested_tensor([A, B], layout=torch.jagged)
    batch, length, features = x.shape
    assert (batch, features, x.layout) == (2, 6, torch.jagged)
    assert (x * 2).size(1) is length
    assert x.transpose(1, 2).shape[2] is length
    assert x.offsets().tolist() == [0, 2, 5]
    assert_close(x.values(), torch.cat([A, B]))
    assert_close(x.transpose(1, 2).values(), torch.cat([A.t(), B.t()], 1))
    assert x.view(2, length, 3, 2).shape == (2, length, 3, 2)
    assert_close(x.sum(1), torch.stack([A.sum(0), B.sum(0)]))
    assert_close(x.select(1, 0), torch.stack([A[0], B[0]]))
    assert_close((x + torch.stack([A[:1], B[:1]])).values(), torch.cat([A + A[:1], B + B[:1]]))
    assert (x.max().item(), x.sum().item()) == (x.values().max().item(), x.values().sum().item())


def test_jagged_tensors_of_other_lengths_do_not_meet() -> None:
    x, y = (torch.nested.nested_tensor([A, B], layout=torch.jagged) for _ in range(2))
    with pytest.raises(
        RuntimeError, match=r"cannot call binary .* \(2, j\d+, 6\) and \(2, j\d+, 6\)"
    ):
        x + y
    assert_close((x + x).values(), 2 * x.values())


def test_parts_of_a_dense_tensor() -> None:
    values = torch.cat([A, B]).requires_grad_()
    made = torch.nested.nested_tensor_from_jagged(values, torch.tensor([0, 2, 5]))
    by_lengths = torch.nested.nested_tensor_from_jagged(values, lengths=torch.tensor([2, 3]))
    for x in (made, by_lengths):
        assert_close(x.unbind()[1], B)
    (made * 2).values().sum().backward()
    assert_close(values.grad, torch.full_like(values, 2.0))
    grid = torch.arange(8).reshape(2, 4)
    x = torch.nested.narrow(grid, 1, torch.tensor([0, 1]), torch.tensor([2, 3]), torch.jagged)
    assert [row.tolist() for row in x.unbind()] == [[0, 1], [5, 6, 7]]
    x = torch.nested.masked_select(grid, grid % 3 == 0)
    assert [row.tolist() for row in x.unbind()] == [[0, 3], [6]]


@pytest.mark.parametrize("layout", LAYOUTS, ids=["strided", "jagged"])
def test_an_encoder_without_padding(layout: Any) -> None:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(6, 2, 8, batch_first=True, dtype=torch.float64)
    encoder = nn.TransformerEncoder(layer, 2).eval()
    x = torch.nested.nested_tensor([A, B], layout=layout)
    for got, row in zip(encoder(x).unbind(), (A, B), strict=True):
        assert_close(got, encoder(row))


def test_embeddings_of_sentences() -> None:
    table = nn.Embedding(10, 3)
    x = torch.nested.nested_tensor([[1, 2, 3], [4]], layout=torch.jagged)
    y = table(x)
    assert_close(y.values(), table(torch.tensor([1, 2, 3, 4])))
    y.mean(1).sum().backward()
    assert table.weight.grad[4].tolist() == [1.0, 1.0, 1.0]


def test_writing_copies_and_pickles() -> None:
    x = torch.nested.nested_tensor([A, B])
    x.add_(1).mul_(2)
    assert_close(x.unbind()[0], (A + 1) * 2)
    x.copy_(torch.nested.nested_tensor([B[:2], 2 * B]))
    assert_close(x.unbind()[0], B[:2])
    file = io.BytesIO()
    torch.save(x, file)
    file.seek(0)
    assert_close(torch.load(file).values(), x.values())
    assert_close(x.clone().zero_().values(), 0 * x.values())
    leaf = x.requires_grad_()
    for twin in (copy.deepcopy(leaf), pickle.loads(pickle.dumps(leaf))):
        assert twin.requires_grad
        assert_close(twin.detach().unbind()[1], x.detach().unbind()[1])
    (g,) = torch.autograd.grad((leaf * 3).to_padded_tensor(0.0).sum(), [leaf])
    assert_close(g.unbind()[0], torch.full_like(A, 3.0))


def test_it_prints_as_in_pytorch() -> None:
    rows = [torch.ones(2), torch.tensor([[1.0], [2.0]])]
    x = torch.nested.nested_tensor([rows[0], 2 * torch.ones(1)])
    assert repr(x) == "nested_tensor([\n  tensor([1., 1.]),\n  tensor([2.])\n])"
    x = torch.nested.nested_tensor([rows[1]], requires_grad=True)
    text = "nested_tensor([\n  tensor([[1.],\n          [2.]])\n], requires_grad=True)"
    assert repr(x) == text
    x = torch.nested.nested_tensor([rows[1]], layout=torch.jagged)
    size = x.shape[1]
    text = f"NestedTensor(size=(1, {size}, 1), offsets=tensor([0, 2]), contiguous=True)"
    assert repr(x) == text


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: torch.nested.nested_tensor([A, A[0]]), "same dimension"),
        (
            lambda x: torch.nested.nested_tensor([A, B[:, :5]], layout=torch.jagged),
            "all dims but one",
        ),
        (
            lambda x: torch.nested.nested_tensor([A], layout=torch.sparse_coo),
            "layout is unsupported",
        ),
        (lambda x: torch.nested.nested_tensor_from_jagged(A), "At least one of offsets or lengths"),
        (lambda x: x.softmax(0), "other than the batch's"),
        (lambda x: x.unbind(1), "dim 0"),
        (lambda x: x.view(3, -1), "starts with the batch's"),
        (lambda x: x + torch.nested.nested_tensor([A]), "as many dims and tensors"),
        (lambda x: F.linear(x.transpose(1, 2), W), "agree in the last 1 dims"),
        (lambda x: x[..., 0], "a number"),
    ],
)
def test_what_does_not_fit(call: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        call(torch.nested.nested_tensor([A, B]))


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors is in prototype stage")
def test_pytorch_reads_what_is_written_here_and_the_reverse() -> None:
    pytorch = pytest.importorskip("torch")
    for here, there in ((torch, pytorch), (pytorch, torch)):
        rows = [here.arange(6.0).reshape(2, 3), here.arange(4.0).reshape(1, 4).t()]
        file = io.BytesIO()
        here.save(here.nested.nested_tensor(rows), file)
        file.seek(0)
        found = there.load(file).unbind()
        assert [x.tolist() for x in found] == [x.tolist() for x in rows]


@pytest.mark.parity
@pytest.mark.parametrize("dim", [1, 2])
def test_pytorch_reads_jagged_ones_and_the_reverse(dim: int) -> None:
    pytorch = pytest.importorskip("torch")
    for here, there in ((torch, pytorch), (pytorch, torch)):
        x = here.nested.nested_tensor(
            [here.arange(6.0).reshape(2, 3), here.ones(4, 3)],
            layout=here.jagged,
            requires_grad=True,
        )
        file = io.BytesIO()
        here.save(x.detach().transpose(1, 2) if dim == 2 else x, file)
        file.seek(0)
        found = there.load(file)
        assert found.layout == there.jagged
        assert found.requires_grad == (dim == 1)
        parts = x.transpose(1, 2) if dim == 2 else x
        assert [y.tolist() for y in found.unbind()] == [y.tolist() for y in parts.unbind()]


def test_nothing_nested() -> None:
    x = torch.nested.nested_tensor([])
    assert (len(x), x.dim(), repr(x)) == (0, 1, "nested_tensor([\n\n])")
    assert x.to_padded_tensor(0.0).shape == (0,)


def test_what_is_not_there_says_what_to_do() -> None:
    x = torch.nested.nested_tensor([A, B])
    with pytest.raises(NotImplementedError, match="not implemented for nested tensors"):
        torch.sort(x)
    with pytest.raises(TypeError, match="to_padded_tensor"):
        x.numpy()
