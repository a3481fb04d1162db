"""Rows of ``ops/recurrent.py``."""

from __future__ import annotations

from typing import Any

from . import F, Row, S


def _weights(inputs: int, hidden: int, gates: int, biases: bool = True, proj: int = 0) -> list[Any]:
    """The parameters of one layer."""
    near = {"low": -0.7, "high": 0.7}
    weights = [F(gates * hidden, inputs, **near), F(gates * hidden, proj or hidden, **near)]
    if biases:
        weights += [F(gates * hidden, **near), F(gates * hidden, **near)]
    return weights + ([F(proj, hidden, **near)] if proj else [])


def _packed(name: str) -> Any:
    def call(torch: Any, data: Any, hx: Any, weights: Any) -> Any:
        sizes = torch.tensor([3, 2, 2, 1])
        return getattr(torch, name)(data, sizes, hx, weights, True, 1, 0.0, False, True)

    return call


def _rows(name: str, gates: int) -> list[Row]:
    state = (lambda *shape: (F(*shape), F(*shape))) if name == "lstm" else F
    one = (True, 1, 0.0, False, False, False)
    stacked = (True, 2, 0.0, False, True, True)
    layers = 2 * _weights(2, 3, gates) + 2 * _weights(6, 3, gates)
    plain = (False, 1, 0.0, False, False, False)
    return [
        Row(
            name,
            S(F(4, 2, 2), state(1, 2, 3), _weights(2, 3, gates), *one),
            S(F(2, 2, 2), state(4, 2, 3), layers, *stacked),
            S(F(3, 2, 2), state(1, 2, 3), _weights(2, 3, gates, biases=False), *plain),
            rtol=1e-8,
        ),
        Row(
            f"{name} of packed sequences",
            S(F(8, 2), state(2, 3, 3), 2 * _weights(2, 3, gates)),
            call=_packed(name),
            rtol=1e-8,
        ),
        Row(f"{name}_cell", S(F(2, 2), state(2, 3), *_weights(2, 3, gates)), rtol=1e-8),
    ]


ROWS = [
    *_rows("lstm", 4),
    Row(
        "lstm with a projection",
        S(F(4, 2, 2), (F(1, 2, 2), F(1, 2, 3)), _weights(2, 3, 4, proj=2)),
        call=lambda torch, x, hx, w: torch.lstm(x, hx, w, True, 1, 0.0, False, False, False),
        rtol=1e-8,
    ),
    *_rows("gru", 3),
    *_rows("rnn_tanh", 1),
    *_rows("rnn_relu", 1),
]
