"""Cases of the Transformer and its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..op_cases import F
from . import Row, built, of

_Q, _K = F(3, 2, 4), F(5, 2, 4)
_SMALL = {"dim_feedforward": 5}


def _causal(torch: Any, m: Any, x: Any, *rest: Any, **options: Any) -> Any:
    mask = torch.nn.Transformer.generate_square_subsequent_mask(x.shape[0], dtype=x.dtype)
    return m(x, *rest, mask, is_causal=True, **options)


def _hide(torch: Any, m: Any, x: Any, *rest: Any) -> Any:
    """The last two keys hidden."""
    hidden = torch.tensor([[False, False, True], [False, True, True]])
    return m(x, *rest, src_key_padding_mask=hidden)


def _stack(kind: str, norm: bool = False, layers: int = 2, **options: Any) -> Callable[[Any], Any]:
    """``(torch) -> `` an encoder or decoder of small layers."""

    def make(torch: Any) -> Any:
        nn = torch.nn
        layer = getattr(nn, f"Transformer{kind}Layer")(4, 2, **_SMALL, **options)
        last = nn.LayerNorm(4) if norm else None
        more = {"enable_nested_tensor": False} if kind == "Encoder" else {}
        return getattr(nn, f"Transformer{kind}")(layer, layers, last, **more)

    return make


ROWS = [
    Row(
        "TransformerEncoderLayer",
        of(4, 2, **_SMALL)(_Q),
        of(4, 2, 5, 0.0, "gelu", 1e-3, True, True, False)(F(2, 3, 4), run=_hide),
        of(4, 2, **_SMALL)(_Q, run=_causal),
        of(4, 1, **_SMALL)(F(3, 4)),
    ),
    Row(
        "TransformerDecoderLayer",
        of(4, 2, **_SMALL)(_Q, _K),
        of(4, 2, 5, 0.2, "gelu", norm_first=True, batch_first=True)(F(2, 3, 4), F(2, 5, 4)),
        of(4, 2, **_SMALL)(_Q, _K, tgt_mask=F(3, 3), memory_mask=F(3, 5)),
    ),
    Row(
        "TransformerEncoder",
        built(_stack("Encoder"))(_Q),
        built(_stack("Encoder", True, batch_first=True, dropout=0.0))(F(2, 3, 4), run=_hide),
    ),
    Row(
        "TransformerDecoder",
        built(_stack("Decoder"))(_Q, _K),
        built(_stack("Decoder", True, 1, norm_first=True))(_Q, _K, tgt_mask=F(3, 3)),
    ),
    Row(
        "Transformer",
        of(4, 2, 1, 1, 5)(_K, _Q),
        of(4, 2, 1, 1, 5, 0.0, batch_first=True, norm_first=True)(
            F(2, 3, 4), F(2, 3, 4), run=_hide
        ),
    ),
]
