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
    ),
    Row("nn.functional.pdist", S(F(4, 3)), S(F(4, 3), 1.0), S(F(3, 2), 3.0), S(F(1, 3))),
]
