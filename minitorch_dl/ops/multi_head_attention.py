"""Attention in several heads: projections, masks, and what is added to keys and values.

Vaswani et al., 2017, "Attention is all you need".
"""

from __future__ import annotations

import math
from typing import Any

from ..autograd.engine_ops import expand_p
from ..autograd.primitive import TensorBase
from ..backend.warning import warn
from .attention import additive_mask, scaled_dot_product_attention
from .creation import zeros
from .dropout import dropout
from .joining import cat
from .linear import linear
from .matmul import matmul
from .padding import pad
from .shape import mT, permute_p, reshape_p
from .softmax import softmax

__all__: list[str] = []  # public in nn.functional


def canonical_mask(
    mask: Any,
    mask_name: str,
    other_type: Any,
    other_name: str,
    target_type: Any,
    check_other: bool = True,
) -> Any:
    """A layer's mask, None, float or bool (True: may **not** be seen), as floats to add to scores.

    Warns if the kind of the other mask differs.
    """
    if mask is None:
        return None
    is_float = mask.dtype.is_floating_point
    if not is_float and mask.array.dtype.kind != "b":
        raise AssertionError(
            f"only bool and floating types of {mask_name} are supported, got {mask.dtype}"
        )
    if check_other and other_type is not None and mask.dtype is not other_type:
        warn(
            f"Support for mismatched {mask_name} and {other_name} is deprecated. "
            "Use same type for both instead.",
        )
    return mask if is_float else additive_mask(TensorBase.wrap(~mask.array), target_type)


def none_or_dtype(input: Any) -> Any:
    """The dtype of a mask that may be None."""
    return None if input is None else input.dtype


def _check_dims(
    query: Any, key: Any, value: Any, padding_mask: Any, attn_mask: Any, num_heads: int
) -> bool:
    """Whether the inputs are batched; AssertionError where their numbers of dims don't fit."""
    dims = query.dim()
    if dims not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {dims}-D query tensor"
        )
    what = f"For {'batched' if dims == 3 else 'unbatched'} ({dims}-D) `query`, expected"
    if key.dim() != dims or value.dim() != dims:
        raise AssertionError(
            f"{what} `key` and `value` to be {dims}-D but found {key.dim()}-D and {value.dim()}-D "
            "tensors respectively"
        )
    if padding_mask is not None and padding_mask.dim() != dims - 1:
        raise AssertionError(
            f"{what} `key_padding_mask` to be `None` or {dims - 1}-D but found "
            f"{padding_mask.dim()}-D tensor instead"
        )
    if attn_mask is not None and attn_mask.dim() not in (2, 3):
        raise AssertionError(
            f"{what} `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.dim()}-D tensor "
            "instead"
        )
    if dims == 2 and attn_mask is not None and attn_mask.dim() == 3:
        expected = (num_heads, query.shape[0], key.shape[0])
        if tuple(attn_mask.shape) != expected:
            raise AssertionError(
                f"Expected `attn_mask` shape to be {expected} but got {tuple(attn_mask.shape)}"
            )
    return dims == 3


def _check_sizes(E: int, wanted: int, num_heads: int, key: Any, value: Any, separate: bool) -> None:
    """Refuse what doesn't fit with an AssertionError; with ``separate`` projections the last dims
    of key and value may differ."""
    if wanted != E:
        raise AssertionError(f"was expecting embedding dimension of {wanted}, but got {E}")
    if E % num_heads:
        raise AssertionError(f"embed_dim {E} not divisible by num_heads {num_heads}")
    if key.shape[:2] != value.shape[:2]:
        raise AssertionError(
            f"key's sequence and batch dims {tuple(key.shape[:2])} do not match value's "
            f"{tuple(value.shape[:2])}"
        )
    if not separate and key.shape != value.shape:
        raise AssertionError(
            f"key shape {tuple(key.shape)} does not match value shape {tuple(value.shape)}"
        )


def _projected(
    query: Any, key: Any, value: Any, weights: Any, bias: Any = None
) -> tuple[Any, Any, Any]:
    """``x Wᵀ + b`` of the three, in as few products as there are different inputs.

    ``weights``: a packed ``(3E, E)``, or the three as a tuple.
    """
    if not isinstance(weights, tuple):
        if query is key is value:
            q, k, v = linear(query, weights, bias).chunk(3, -1)
            return q, k, v
        E = query.shape[-1]
        if key is value:
            q = linear(query, weights[:E], None if bias is None else bias[:E])
            k, v = linear(key, weights[E:], None if bias is None else bias[E:]).chunk(2, -1)
            return q, k, v
        weights = weights.chunk(3)
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    q, k, v = (linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases))
    return q, k, v


def _split(x: Any, heads: tuple[int, int, int]) -> Any:
    """``(length, N, E)`` as ``(N, H, length, E/H)``."""
    return permute_p(reshape_p(x, shape=(x.shape[0], *heads)), dims=(1, 2, 0, 3))


def _in_heads(
    name: str, x: Any, bias: Any, static: Any, add_zero: bool, heads: tuple[int, int, int]
) -> Any:
    """Projected keys or values (S, N, E), or ``static`` ones (N H, S, E/H), with those that are
    added to them, as (N, H, S, E/H)."""
    N, H, size = heads
    if static is not None:
        if bias is not None:
            raise AssertionError("bias cannot be added to static key or value.")
        if static.shape[0] != N * H or static.shape[2] != size:
            raise AssertionError(
                f"expecting {name} of size ({N * H}, S, {size}), but got {tuple(static.shape)}"
            )
        y = static.reshape(N, H, static.shape[1], size)
    else:
        y = _split(x if bias is None else cat([x, expand_p(bias, shape=(1, N, H * size))]), heads)
    return cat([y, zeros(N, H, 1, size, dtype=y.dtype, device=y.device)], 2) if add_zero else y


def _canonical_masks(
    padding: Any, mask: Any, is_causal: bool, need_weights: bool, dtype: Any
) -> tuple[Any, Any, bool]:
    """Both masks as floats, and whether the second is left out, being causal."""
    padding = canonical_mask(padding, "key_padding_mask", none_or_dtype(mask), "attn_mask", dtype)
    if is_causal and mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module "
            "method `generate_square_subsequent_mask` to create this mask."
        )
    if is_causal and padding is None and not need_weights:
        return None, None, True
    return padding, canonical_mask(mask, "attn_mask", None, "", dtype), False


def multi_head_attention_forward(
    query: Any,
    key: Any,
    value: Any,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Any,
    in_proj_bias: Any,
    bias_k: Any,
    bias_v: Any,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Any,
    out_proj_bias: Any,
    training: bool = True,
    key_padding_mask: Any = None,
    need_weights: bool = True,
    attn_mask: Any = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Any = None,
    k_proj_weight: Any = None,
    v_proj_weight: Any = None,
    static_k: Any = None,
    static_v: Any = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Any, Any]:
    """``concat(head₁, ..., head_H) W_oᵀ + b_o``, ``headᵢ = attention(Q Wᵢᵀ, K Wᵢᵀ, V Wᵢᵀ)``.

    The computation of :class:`nn.MultiheadAttention`, with its parameters as arguments.

    Args:
        query: ``(L, N, E)`` or ``(L, E)``. key, value: ``(S, N, E)`` or ``(S, E)``; other sizes in
            the last dim need ``use_separate_proj_weight``.
        in_proj_weight: ``(3E, E)``; in_proj_bias: ``(3E,)``, of query, key and value.
        bias_k, bias_v: ``(1, 1, E)``, one more key and value. add_zero_attn: one more, of zeros.
        key_padding_mask: ``(N, S)``: True (or -inf) hides a key.
        attn_mask: ``(L, S)`` or ``(N·H, L, S)``: True (or -inf) hides a key from a query.
        static_k, static_v: ``(N·H, S, E/H)``, in place of the projected keys and values.
        is_causal: says that ``attn_mask``, which must be given, is causal.

    Returns:
        The output, shaped as ``query``, and the weights ``(N, L, S)`` (``(N, H, L, S)`` unless
        averaged) or, unless ``need_weights``, None.

    Raises:
        AssertionError, RuntimeError: shapes that don't fit.
    """
    is_batched = _check_dims(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not is_batched:
        same_key, same_value = key is query, value is key
        query = query.unsqueeze(1)
        key = query if same_key else key.unsqueeze(1)
        value = key if same_value else value.unsqueeze(1)
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    L, N, E = query.shape
    S, H, size = key.shape[0], num_heads, E // num_heads

    padding, mask, is_causal = _canonical_masks(
        key_padding_mask, attn_mask, is_causal, need_weights, query.dtype
    )
    _check_sizes(E, embed_dim_to_check, num_heads, key, value, use_separate_proj_weight)
    separate = (q_proj_weight, k_proj_weight, v_proj_weight)
    weights = separate if use_separate_proj_weight else in_proj_weight
    q, k, v = _projected(query, key, value, weights, in_proj_bias)
    mask = _merged_mask(mask, padding, (N, H, L, S))

    if (bias_k is None) != (bias_v is None):
        raise AssertionError("bias_k and bias_v must both be given, or neither")
    heads = (N, H, size)
    q = _split(q, heads)
    k = _in_heads("static_k", k, bias_k, static_k, add_zero_attn, heads)
    v = _in_heads("static_v", v, bias_v, static_v, add_zero_attn, heads)
    added = k.shape[2] - S
    if mask is not None and added > 0 and mask.shape[-1] == S:
        mask = pad(mask, (0, added))

    p = dropout_p if training else 0.0
    shown = None
    if need_weights:
        y, shown = _attended(q, k, v, mask, p)
        shown = shown.mean(1) if average_attn_weights else shown
    else:
        y = scaled_dot_product_attention(q, k, v, mask, p, is_causal)
    y = permute_p(y, dims=(2, 0, 1, 3)).reshape(L, N, E)
    y = linear(y, out_proj_weight, out_proj_bias)
    if not is_batched:
        y = y.squeeze(1)
        shown = None if shown is None else shown.squeeze(0)
    return y, shown


def _attended(q: Any, k: Any, v: Any, mask: Any, p: float) -> tuple[Any, Any]:
    """``scaled_dot_product_attention``, and its weights (N, H, L, S)."""
    scores = matmul(q * math.sqrt(1 / q.shape[-1]), mT(k))
    weights = softmax(scores if mask is None else scores + mask, -1)
    if p > 0:
        weights = dropout(weights, p)
    return matmul(weights, v), weights


def _merged_mask(mask: Any, padding: Any, shape: tuple[int, int, int, int]) -> Any:
    """``attn_mask`` plus ``key_padding_mask``, ``(N or 1, H or 1, L or 1, S)``; None of neither."""
    N, H, L, S = shape
    if mask is not None:
        expected = (L, S) if mask.dim() == 2 else (N * H, L, S)
        if tuple(mask.shape) != expected:
            raise RuntimeError(
                f"The shape of the {mask.dim()}D attn_mask is {tuple(mask.shape)}, but should be "
                f"{expected}."
            )
        mask = mask.reshape(1, 1, L, S) if mask.dim() == 2 else mask.reshape(N, H, L, S)
    if padding is None:
        return mask
    if tuple(padding.shape) != (N, S):
        raise AssertionError(
            f"Expected key_padding_mask of size {(N, S)}, (batch, keys), but got "
            f"{tuple(padding.shape)}"
        )
    padding = padding.reshape(N, 1, 1, S)
    return padding if mask is None else mask + padding
