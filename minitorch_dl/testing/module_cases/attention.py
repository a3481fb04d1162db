"""Cases of attention."""

from __future__ import annotations

from typing import Any

from ..op_cases import F
from . import Row, of

_Q, _K = F(3, 2, 4), F(5, 2, 4)


def _to_self(torch: Any, m: Any, x: Any, **options: Any) -> Any:
    return m(x, x, x, **options)


def _mask_keys(torch: Any, m: Any, q: Any, k: Any, **options: Any) -> Any:
    hidden = torch.tensor([[False, False, True, False, True], [False, True, False, False, False]])
    unseen = torch.tensor([[False, True, False, False, False]] * 3)
    return m(q, k, k, key_padding_mask=hidden, attn_mask=unseen, **options)


ROWS = [
    Row(
        "MultiheadAttention",
        of(4, 2)(_Q, _K, _K),
        of(4, 2, batch_first=True)(F(2, 3, 4), run=_to_self),
        of(4, 2, dropout=0.3)(_Q, run=_to_self, need_weights=False),
        of(4, 2, add_bias_kv=True, add_zero_attn=True)(_Q, _K, run=_mask_keys),
        of(4, 2, bias=False)(_Q, _K, run=_mask_keys, average_attn_weights=False),
        of(4, 2)(_Q, _K, run=_mask_keys, need_weights=False),
        of(4, 4, kdim=3, vdim=2)(_Q, F(5, 2, 3), F(5, 2, 2)),
        of(4, 1)(F(3, 4), F(5, 4), F(5, 4), attn_mask=F(3, 5)),
    ),
]
