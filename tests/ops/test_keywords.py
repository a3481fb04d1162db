"""Arguments under the names, in the places and with the defaults that PyTorch gives them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.nn import functional as F

X = torch.arange(6.0).reshape(2, 3)
EYE = torch.eye(2)


@pytest.mark.parametrize(
    ("named", "placed"),
    [
        (lambda: torch.add(input=X, other=1), lambda: X + 1),
        (lambda: torch.heaviside(input=X, values=torch.ones(1)), lambda: X * 0 + 1),
        (lambda: torch.det(input=EYE), lambda: torch.linalg.det(A=EYE)),
        (lambda: torch.slogdet(input=EYE)[1], lambda: torch.linalg.slogdet(A=EYE)[1]),
        (lambda: torch.cholesky(input=EYE), lambda: torch.linalg.cholesky(A=EYE)),
        (lambda: torch.cholesky_inverse(input=EYE), lambda: EYE),
        (lambda: torch.cholesky_solve(input=X, input2=EYE), lambda: X),
        (lambda: torch.matrix_power(input=EYE, n=2), lambda: EYE),
        (lambda: torch.triangular_solve(input=X, A=EYE)[0], lambda: X),
        (lambda: torch.swapaxes(X, axis0=0, axis1=1), lambda: X.T),
        (lambda: torch.tensor_split(X, sections=3, dim=1)[1], lambda: X[:, 1:2]),
        (lambda: torch.tensor_split(X, indices=[1], dim=1)[1], lambda: X[:, 1:]),
        (lambda: X.hsplit(1, 2)[2], lambda: X[:, 2:]),
        (lambda: X[None, None].squeeze(0, 1), lambda: X),
        (lambda: torch.ones(1).broadcast_to(2, 3), lambda: X * 0 + 1),
        (lambda: X.norm(2, 1, False, torch.float64), lambda: X.double().norm(2, 1)),
        (lambda: torch.softmax(X, 1, torch.float64), lambda: X.double().softmax(1)),
        (lambda: torch.softmax(X, 1, out=torch.empty(2, 3)), lambda: X.softmax(1)),
        (lambda: torch.histogram(X)[0].sum(), lambda: torch.tensor(6.0)),
        (lambda: torch.randint_like(X, high=1), lambda: X * 0),
        (lambda: X.max(dim=torch.tensor(1))[0], lambda: torch.tensor([2.0, 5.0])),
        (lambda: X.max(torch.tensor(1), keepdim=True)[1], lambda: torch.tensor([[2], [2]])),
        (lambda: X.max(torch.tensor(1)), lambda: torch.maximum(X, torch.tensor(1))),
        (lambda: torch.min(X, other=1 - X), lambda: torch.minimum(X, 1 - X)),
        (lambda: torch.func.vmap(lambda x: x.max(0)[0])(X), lambda: torch.tensor([2.0, 5.0])),
        (lambda: torch.func.vmap(lambda x: x.max(dim=0)[0])(X), lambda: torch.tensor([2.0, 5.0])),
        (
            lambda: torch.func.vmap(lambda x: torch.max(x, other=1 - x))(X),
            lambda: torch.maximum(X, 1 - X),
        ),
        (
            lambda: torch.renorm(X, 2, 0, 1.0, out=torch.empty(2, 3)),
            lambda: torch.renorm(X, 2, 0, 1.0),
        ),
    ],
)
def test_calls_agree(named, placed) -> None:
    assert named().tolist() == placed().tolist()


def test_dtypes_are_promoted_by_name() -> None:
    assert torch.promote_types(type1=torch.float16, type2=torch.float32) is torch.float32
    assert torch.result_type(tensor=X, other=1) is torch.float32


TWO, HALF = torch.tensor(2), torch.tensor(0.5)
IMAGE = torch.arange(16.0).reshape(1, 1, 4, 4)


@pytest.mark.parametrize(
    ("call", "numbers"),
    [
        (lambda n: F.elu(-X, n), (HALF, np.float64(0.5), 0.5)),
        (lambda n: F.hardtanh(X, 0.0, n), (HALF, np.float64(0.5), 0.5)),
        (lambda n: F.softplus(X, threshold=n), (HALF, np.float64(0.5), 0.5)),
        (lambda n: torch.addcmul(X, X, X, value=n), (HALF, np.float64(0.5), 0.5)),
        (lambda n: torch.fft.fftfreq(4, n), (HALF, np.float64(0.5), 0.5)),
        (lambda n: X.var(correction=n), (TWO, np.int64(2), 2)),
        (lambda n: torch.fft.fft(X, n), (TWO, np.int64(2), 2)),
        (lambda n: torch.fft.fftshift(X, n - 1), (TWO, np.int64(2), 2)),
        (lambda n: torch.gradient(X, dim=n - 1)[0], (TWO, np.int64(2), 2)),
        (lambda n: torch.histogram(X, n)[0], (TWO, np.int64(2), 2)),
        (lambda n: torch.histogramdd(X, n)[0], (TWO, np.int64(2), 2)),
        (lambda n: torch.linalg.norm(X, 1, n - 1), (TWO, np.int64(2), 2)),
        (lambda n: F.max_pool2d(IMAGE, n), (TWO, np.int64(2), 2)),
        (lambda n: F.conv2d(IMAGE, IMAGE[..., :2, :2], stride=n), (TWO, np.int64(2), 2)),
        (lambda n: torch.manual_seed(0) and F.dropout(X, n), (HALF, np.float32(0.5), 0.5)),
    ],
)
def test_scalars_are_numbers(call: Any, numbers: tuple[Any, ...]) -> None:
    """0-d tensors and NumPy's scalars stand for numbers: they decide no dtype."""
    *scalars, number = numbers
    expected = call(number)
    for scalar in scalars:
        y = call(scalar)
        assert y.dtype is expected.dtype
        assert torch.equal(y, expected)
