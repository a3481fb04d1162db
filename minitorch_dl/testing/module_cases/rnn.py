"""Cases of recurrent layers."""

from __future__ import annotations

from typing import Any

from ..op_cases import F
from . import Row, of


def _packed(torch: Any, m: Any, x: Any, *states: Any) -> Any:
    rnn = torch.nn.utils.rnn
    packed = rnn.pack_padded_sequence(x, [2, 4, 1], enforce_sorted=False)
    output, last = m(packed, *states)
    return rnn.pad_packed_sequence(output), last


def _recurrent(name: str, **extra: Any) -> Row:
    state = (lambda *shape: (F(*shape), F(*shape))) if name == "LSTM" else F
    deep = {"num_layers": 2, "bidirectional": True, "dropout": 0.5}
    cases = [
        of(3, 4)(F(4, 2, 3)),
        of(3, 2, batch_first=True, bias=False)(F(2, 4, 3), state(1, 2, 2)),
        of(2, 2, **deep)(F(3, 2, 2)),
        of(2, 3, **extra)(F(4, 2), state(1, 3)),
        of(2, 3)(F(4, 3, 2), run=_packed),
    ]
    if name == "LSTM":
        cases.append(of(3, 4, proj_size=2)(F(4, 2, 3), (F(1, 2, 2), F(1, 2, 4))))
    return Row(name, *cases)


ROWS = [
    _recurrent("RNN", nonlinearity="relu"),
    _recurrent("LSTM"),
    _recurrent("GRU"),
    Row("RNNCell", of(3, 2)(F(4, 3)), of(3, 2, False, "relu")(F(3), F(2))),
    Row("LSTMCell", of(3, 2)(F(4, 3)), of(3, 2, False)(F(3), (F(2), F(2)))),
    Row("GRUCell", of(3, 2)(F(4, 3), F(4, 2)), of(3, 2, False)(F(3))),
]
