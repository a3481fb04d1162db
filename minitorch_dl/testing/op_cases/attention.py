"""Rows of ``ops/attention.py``."""

from __future__ import annotations

from typing import Any

from . import B, F, Row, S


def _seen(torch: Any, q: Any, k: Any, v: Any, mask: Any) -> Any:
    """A bool mask of which the second query sees nothing."""
    mask = mask.clone()
    mask[0], mask[1] = True, False
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, mask)


def _seen_so_far(torch: Any, q: Any, k: Any, v: Any, mask: Any, **options: Any) -> Any:
    """A bool mask, and the same as numbers, each with ``is_causal``."""
    numbers = mask.to(q.dtype) - 1.5
    attend = torch.nn.functional.scaled_dot_product_attention
    return attend(q, k, v, mask, **options) + attend(q, k, v, numbers, **options)


_WEIGHTS = (F(12, 4), F(12))


def _heads(torch: Any, q: Any, k: Any, v: Any, hidden: Any, *rest: Any, **options: Any) -> Any:
    *weights, out, bias = rest
    hidden = hidden.to(q.dtype) * -9.0
    return torch.nn.functional.multi_head_attention_forward(
        q, k, v, 4, 2, *weights, dropout_p=0.0, out_proj_weight=out, out_proj_bias=bias,
        key_padding_mask=hidden, **options,
    )  # fmt: skip


def _packed(**options: Any) -> S:
    biases = (None, None, False)
    return S(
        F(3, 2, 4), F(5, 2, 4), F(5, 2, 4), B(2, 5), *_WEIGHTS, *biases, F(4, 4), F(4), **options
    )


def _separate() -> S:
    weights = {"q_proj_weight": F(4, 4), "k_proj_weight": F(4, 3), "v_proj_weight": F(4, 2)}
    return S(
        F(3, 2, 4), F(5, 2, 3), F(5, 2, 2), B(2, 5), None, F(12), F(1, 1, 4), F(1, 1, 4), True,
        F(4, 4), None, use_separate_proj_weight=True, **weights,
    )  # fmt: skip


ROWS = [
    Row(
        "nn.functional.scaled_dot_product_attention",
        S(F(2, 2, 3, 4), F(2, 2, 5, 4), F(2, 2, 5, 3)),
        S(F(3, 4), F(5, 4), F(5, 4), scale=0.3),
        S(F(2, 3, 4), F(2, 3, 4), F(2, 3, 4), is_causal=True),
        S(F(2, 5, 4), F(3, 4), F(3, 4), is_causal=True),
        S(F(1, 2, 3, 4), F(2, 1, 5, 4), F(5, 4), F(3, 5)),
        S(F(2, 2, 3, 4), F(2, 2, 5, 4), F(2, 2, 5, 4), F(2, 1, 1, 5)),
        S(F(2, 4, 3, 4), F(2, 2, 3, 4), F(2, 2, 3, 4), enable_gqa=True),
        S(F(2, 2, 3, 4), F(2, 2, 5, 4), F(2, 2, 5, 4), F(3, 5), dropout_p=0.4),
        S(F(2, 3, 1, 2, 4), F(2, 3, 1, 2, 4), F(2, 3, 1, 2, 4), dropout_p=0.4, is_causal=True),
        S(F(1, 2, 3, 4), F(1, 2, 3, 4), F(1, 2, 3, 4), dropout_p=1.0),
        S(F(1, 1, 70, 2), F(1, 1, 70, 2), F(1, 1, 70, 2), is_causal=True),  # several tiles
        S(F(1, 2, 0, 4), F(1, 2, 5, 4), F(1, 2, 5, 4)),
        S(F(1, 2, 3, 4), F(1, 2, 0, 4), F(1, 2, 0, 4)),
        S(F(1, 2, 3, 0), F(1, 2, 5, 0), F(1, 2, 5, 4)),
    ),
    Row(
        "nn.functional.scaled_dot_product_attention(mask, is_causal)",
        S(F(2, 2, 3, 4), F(2, 2, 5, 4), F(2, 2, 5, 4), B(2, 1, 3, 5), is_causal=True),
        S(F(1, 4, 3, 4), F(1, 2, 3, 4), F(1, 2, 3, 4), B(3, 3), is_causal=True, enable_gqa=True),
        call=_seen_so_far,
    ),
    Row(
        "nn.functional.scaled_dot_product_attention(bool)",
        S(F(2, 2, 3, 4), F(2, 2, 5, 4), F(2, 2, 5, 4), B(3, 5)),
        call=_seen,
    ),
    Row(
        "nn.functional.multi_head_attention_forward",
        _packed(),
        _packed(need_weights=False, attn_mask=F(3, 5)),
        _packed(average_attn_weights=False, attn_mask=F(4, 3, 5)),
        _separate(),
        call=_heads,
    ),
]
