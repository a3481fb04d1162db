"""Arguments under the names, in the places and with the defaults that PyTorch gives them."""

from __future__ import annotations

import pytest

import minitorch_dl as torch

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
