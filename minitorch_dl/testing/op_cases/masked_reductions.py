"""Rows of ``ops/masked_reductions.py``."""

from __future__ import annotations

from typing import Any

from . import B, F, I, Row, S, Spec


def M(*shape: int) -> Spec:
    """A mask of whole numbers, most of which are not 0, so that no row is masked out."""
    return I(*shape, low=0, high=5)


def _empty_rows(torch: Any, x: Any) -> list[Any]:
    """Each op where all of the second row is masked out."""
    mask = torch.tensor([[True, False, True], [False] * 3], device=x.device)
    reductions = "sum prod amax amin argmax argmin logsumexp mean median norm var std".split()
    results = [getattr(torch.masked, name)(x, dim=1, mask=mask) for name in reductions]
    for name in "softmax log_softmax softmin cumsum cumprod".split():
        results.append(getattr(torch.masked, name)(x, 1, mask=mask))
    norms = [torch.masked.norm(x, p, 1, mask=mask) for p in (0, float("inf"), float("-inf"))]
    return [*results, *norms, torch.masked.normalize(x, 2, 1, mask=mask)]


_SOME = (
    S(F(3, 4), 1, mask=M(3, 4)),
    S(F(2, 3), -1, mask=M(2, 3), keepdim=True),
    S(F(2, 3, 4), (0, 2), mask=M(3, 4)),
)
_MANY = (*_SOME, S(F(3, 4)), S(F(), mask=I(low=1)), S(F(2, 3), ()))

ROWS = [
    Row("masked_out_rows", S(F(2, 3)), call=_empty_rows, grad=False),
    Row("masked.sum", *_MANY, S(I(3, 4), 0, mask=B(3, 1)), S(B(3), mask=B(3))),
    Row("masked.prod", *_MANY, S(I(3, 4), 0, mask=B(3, 4)), S(F()), S(B())),
    Row("masked.amax", *_MANY, S(I(3, 4), 0, mask=B(3, 4))),
    Row("masked.amin", *_MANY, S(I(3, 4), 0, mask=B(3, 4))),
    Row("masked.argmax", S(F(3, 4), mask=B(3, 4)), S(F(3, 4), 1), S(I(3), 0), grad=False),
    Row("masked.argmin", S(F(3, 4), mask=B(3, 4)), S(F(3, 4), 1), S(I(3), 0), grad=False),
    Row("masked.logsumexp", *_SOME, complex=True),
    Row("masked.mean", *_MANY),
    Row("masked.median", S(F(3, 5), 1, mask=M(5)), S(F(3, 4)), S(I(3, 4), 0)),
    Row("masked.norm", S(F(3, 4), mask=M(4)), S(F(3, 4), 3, 1, mask=M(3, 4))),
    Row(
        "masked.var",
        S(F(3, 6), 1, mask=M(3, 6)),
        S(F(3, 4), 0, False),
        S(F(2, 3, 4), (0, -1), correction=2, keepdim=True, mask=M(2, 3, 4)),
        S(I(3, 4), 0),
        complex=True,
    ),
    Row("masked.std", S(F(3, 4), 1, mask=M(4)), S(F(3, 4), 0, correction=0)),
    Row("masked.cumsum", S(F(3, 4), 1, mask=B(3, 4)), S(F(3, 4), 0), S(I(3), 0, mask=B(3))),
    Row("masked.cumprod", S(F(3, 4), 1, mask=B(3, 4)), S(F(3, 4), 0), S(I(3), 0, mask=B(3))),
    Row("masked.softmax", S(F(3, 4), 1, mask=M(4)), S(F(3, 4), 0)),
    Row("masked.log_softmax", S(F(3, 4), 1), S(F(3, 4), 0)),
    Row("masked.softmin", S(F(3, 4), 1, mask=M(4)), S(F(3, 4), 0)),
    Row("masked.normalize", S(F(3, 4), 2, 1, mask=M(3, 4)), S(F(3, 4), 1, 0), S(F(3), 2, 0, eps=9)),
    Row(
        "masked.logaddexp",
        S(F(3, 4), F(3, 4)),
        S(F(3, 4), F(3, 4), input_mask=M(3, 4)),
        gradgrad=False,
        why="the second derivative at -inf is NaN, in PyTorch too",
    ),
]
