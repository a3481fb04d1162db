"""Rows of ``ops/distances.py``."""

from . import F, Row, S

ROWS = [
    Row(
        "nn.functional.cosine_similarity",
        S(F(3, 4), F(3, 4)),
        S(F(2, 3, 1), F(3, 4), dim=-1),
        S(F(1, 3), F(2, 1), dim=0),
        S(F(), F(), dim=0),
    ),
    Row(
        "nn.functional.pairwise_distance",
        S(F(3, 4), F(3, 4)),
        S(F(3, 4), F(4), p=1.0, keepdim=True),
        S(F(4), F(4), p=3.0),
        complex=True,
    ),
    Row(
        "cdist",
        S(F(3, 4), F(2, 4)),
        S(F(2, 1, 3, 4), F(5, 2, 4), p=1.0),
        S(F(3, 4), F(2, 4), 3.0),
        S(F(2, 3), F(3, 3), float("inf")),
        S(F(3, 4), F(2, 4), compute_mode="use_mm_for_euclid_dist"),
        S(F(0, 4), F(2, 4)),
    ),
    Row("dist", S(F(3, 4), F(4)), S(F(3), F(3), 1), S(F(), F(3), 3.0), complex=True),
    Row(
        "renorm",
        S(F(3, 4), 2, 0, 1.0),
        S(F(2, 3, 2), 1, -1, 2.0),
        S(F(3, 4), 3.0, 1, 10.0),
        complex=True,
    ),
    Row("nn.functional.pdist", S(F(4, 3)), S(F(4, 3), 1.0), S(F(3, 2), 3.0), S(F(1, 3))),
]
