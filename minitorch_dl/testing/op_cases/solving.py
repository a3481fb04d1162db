"""Rows of ``ops/linalg/solving.py``. Matrices are made regular by adding to their diagonal."""

from __future__ import annotations

from functools import reduce

from . import F, Row, S

MATRICES = (S(F(3, 3)), S(F(2, 3, 3)), S(F(1, 1)))


def regular(torch, a):
    """Far from singular."""
    return a + 6 * torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)


def on_regular(name, *samples, function=None):
    """A row of an op on regular matrices."""

    def call(torch, a, *args, **kwargs):
        return reduce(getattr, name.split("."), torch)(regular(torch, a), *args, **kwargs)

    return Row(name, *(samples or MATRICES), call=call, complex=True)


def slope_of_an_infinite_logarithm(torch, x):
    """``x`` where the gradient of the log-determinant of a singular matrix is infinite."""
    a = torch.ones_like(x).requires_grad_()
    slope = torch.autograd.grad(torch.linalg.slogdet(a).logabsdet, a)[0]
    return torch.where(slope.isinf(), x, 0)


ROWS = [
    on_regular("linalg.inv", *MATRICES, S(F(0, 3, 3))),
    on_regular("inverse"),
    on_regular("det"),
    on_regular("slogdet"),
    on_regular("logdet"),
    Row("slogdet(singular)", S(F(2, 2)), call=slope_of_an_infinite_logarithm),
    Row(
        "linalg.det",
        S(F(4)),
        gradgrad=False,
        why="the matrix is singular",
        call=lambda torch, x: torch.linalg.det(torch.outer(x[:2], x[2:])),
        complex=True,
    ),
    on_regular(
        "linalg.solve",
        S(F(3, 3), F(3)),
        S(F(3, 3), F(3, 2)),
        S(F(2, 3, 3), F(2, 3)),
        S(F(2, 3, 3), F(3, 2)),
        S(F(3, 3), F(2, 3, 2)),
        S(F(3, 3), F(2, 3), left=False),
    ),
    on_regular(
        "linalg.solve_triangular",
        *(
            S(F(2, 3, 3), F(3, 2) if left else F(2, 3), upper=upper, left=left, unitriangular=unit)
            for upper in (False, True)
            for left in (False, True)
            for unit in (False, True)
        ),
    ),
    Row(
        "triangular_solve",
        S(F(3, 2), F(3, 3)),
        S(F(3, 2), F(3, 3), upper=False),
        S(F(3, 2), F(3, 3), transpose=True),
        call=lambda torch, b, a, **kwargs: torch.triangular_solve(b, regular(torch, a), **kwargs),
        complex=True,
    ),
]
