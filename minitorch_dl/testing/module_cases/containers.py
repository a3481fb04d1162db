"""Cases of containers."""

from __future__ import annotations

from typing import Any

from . import Row, X, built


def _layers(torch: Any) -> list[Any]:
    return [torch.nn.Linear(4, 3), torch.nn.Linear(4, 3)]


def _weighted(torch: Any, m: Any, x: Any) -> Any:
    return x @ m["a"] if hasattr(m, "keys") else x @ m[0]


ROWS = [
    Row(
        "Sequential",
        built(lambda torch: torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU()))(X),
    ),
    Row(
        "ModuleList",
        built(lambda torch: torch.nn.ModuleList(_layers(torch)))(
            X, run=lambda _, m, x: m[0](x) * m[1](x)
        ),
    ),
    Row(
        "ModuleDict",
        built(lambda torch: torch.nn.ModuleDict(zip("ab", _layers(torch))))(
            X, run=lambda _, m, x: m["a"](x)
        ),
    ),
    Row(
        "ParameterList",
        built(lambda torch: torch.nn.ParameterList([torch.ones(4, 2)]))(X, run=_weighted),
    ),
    Row(
        "ParameterDict",
        built(lambda torch: torch.nn.ParameterDict({"a": torch.ones(4, 2)}))(X, run=_weighted),
    ),
]
