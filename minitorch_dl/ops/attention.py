"""Scaled dot-product attention as one fused op.

Vaswani et al., 2017, "Attention is all you need".
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.engine_ops import cast, expand_p
from ..autograd.primitive import TensorBase, fused
from ..backend import array_module, attention, device_of, random as draw
from ..backend.precision import in_float32, is_half
from .matmul import matmul
from .rearranging import repeat_interleave
from .selection import where
from .shape import mT, reshape_p
from .softmax import softmax

__all__: list[str] = []  # public in nn.functional

_NAME = "scaled_dot_product_attention"


def _composite(
    q: Any, k: Any, v: Any, bias: Any, keep: Any, *, scale: float, is_causal: bool
) -> Any:
    scores = matmul(q, mT(k)) * scale  # (N, H, L, S)
    if bias is not None:
        scores = scores + bias
    if is_causal:
        xp = array_module(scores.array)
        past = xp.tri(*scores.shape[-2:], dtype=bool)  # key j is no later than query i
        scores = where(TensorBase.wrap(past), scores, -math.inf)
    seen = (scores > -math.inf).any(-1, keepdim=True)  # a query without keys gets zeros
    weights = softmax(where(seen, scores, 0.0), -1) * seen
    return matmul(weights if keep is None else weights * keep, v)


@fused(
    name=_NAME,
    composite=_composite,
    aux=("total",),
    grad_fn="ScaledDotProductFlashAttentionForCpuBackward0",
)
def attention_p(
    xp: Any, q: Any, k: Any, v: Any, bias: Any, keep: Any, *, scale: float, is_causal: bool
) -> Any:
    if not is_half(q.dtype):
        return attention.attend(xp, q, k, v, bias, keep, scale, is_causal)
    q32, k32, v32, bias, keep = (
        None if a is None else a.astype("float32") for a in (q, k, v, bias, keep)
    )
    y, total = attention.attend(xp, q32, k32, v32, bias, keep, scale, is_causal)
    return y.astype(q.dtype), total


@attention_p.defbackward
def _attention_backward(
    g: Any, xp: Any, needs: Any, q: Any, k: Any, v: Any, bias: Any, keep: Any, y: Any, total: Any,
    scale: float, is_causal: bool,
) -> Any:  # fmt: skip
    arrays = (g, q, k, v, bias, keep, y, total)
    return in_float32(attention.attend_backward)(
        xp, *arrays, needs=needs, scale=scale, is_causal=is_causal
    )


def additive_mask(mask: Any, dtype: Any) -> Any:
    """A mask as numbers to add to the scores: a bool one as 0 where True, else ``-inf``."""
    a = mask.array
    if a.dtype.kind != "b":
        return mask if mask.dtype is dtype else cast(mask, dtype=dtype.name)
    xp = array_module(a)
    number = dtype.numpy.type
    return TensorBase.wrap(xp.where(a, number(0), number(-np.inf)))


def _keep(shape: tuple[int, ...], p: float, q: Any) -> Any:
    """What dropout multiplies the weights by: 0 with probability ``p``, else ``1 / (1 - p)``."""
    xp = array_module(q)
    if p == 1:
        return TensorBase.wrap(xp.zeros(shape, q.dtype))
    generator = draw.default_generator(device_of(q).type)
    mask = draw.bernoulli(1 - p, shape, q.dtype, generator, xp)
    mask /= 1 - p
    return TensorBase.wrap(mask)


def _check(query: Any, key: Any, value: Any, dropout_p: float) -> None:
    q, k, v = query.array, key.array, value.array
    if min(q.ndim, k.ndim, v.ndim) < 2:
        raise RuntimeError(
            f"{_NAME}: Expected query, key, and value to all be at least 2 dimensional, "
            f"(..., length, E), but got {_shapes(q, k, v)}"
        )
    if not q.dtype == k.dtype == v.dtype:
        raise RuntimeError(
            f"{_NAME}: Expected query, key, and value to have the same dtype, but got "
            f"{query.dtype}, {key.dtype} and {value.dtype}"
        )
    if q.dtype.kind in "iub":
        raise RuntimeError(f"{_NAME}: expected a floating dtype, got {query.dtype}")
    if q.shape[-1] != k.shape[-1]:
        raise RuntimeError(
            f"{_NAME}: query and key must have the same size in the last dim, got "
            f"{_shapes(q, k, v)}"
        )
    if k.shape[-2] != v.shape[-2]:
        raise RuntimeError(
            f"{_NAME}: key and value must have the same length (dim -2), got {_shapes(q, k, v)}"
        )
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"{_NAME}: dropout_p has to be between 0 and 1, but got {dropout_p}")


def _shapes(q: Any, k: Any, v: Any) -> str:
    return f"query {list(q.shape)}, key {list(k.shape)} and value {list(v.shape)}"


def _shared_heads(query: Any, x: Any, name: str) -> Any:
    """``x`` with each head (dim -3) repeated for the group of query heads that shares it."""
    if query.ndim < 3 or x.ndim < 3:
        raise IndexError(f"{_NAME}: enable_gqa needs heads in dim -3, got {list(x.shape)}")
    heads, given = query.shape[-3], x.shape[-3]
    if given == heads:
        return x
    if given == 0 or heads % given:
        raise RuntimeError(
            f"{_NAME}: the number of heads (dim -3) of {name}, {given}, must divide query's {heads}"
        )
    return repeat_interleave(x, heads // given, -3)


def _spread(x: Any, shape: tuple[int, ...]) -> Any:
    """``x`` broadcast to ``shape``, whose leading dims are (N, H) or made (N, 1): results have the
    heads side by side in memory."""
    if x.shape != shape:
        x = expand_p(x, shape=shape)
    if len(shape) == 4:
        return x
    return reshape_p(x, shape=(math.prod(shape[:-2]), 1, *shape[-2:]))


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """``softmax(scale Q Kᵀ + mask) V``: for each query a mean of the values, weighted by its keys.

    Args:
        query: ``(..., H, L, E)``. key: ``(..., H, S, E)``. value: ``(..., H, S, V)``.
        attn_mask: broadcasts to ``(..., H, L, S)``; bool: True where a query may see a key; float:
            added to the scores. A query that sees no key gets zeros.
        dropout_p: each weight is zero with this probability, else divided by ``1 - dropout_p``;
            applied whenever it is above 0, so pass 0 in evaluation.
        is_causal: query i sees the keys 0 to i; of these, those that ``attn_mask`` allows, where
            PyTorch takes both (four dims, nothing broadcast, no dropout, a mask without gradient).
        scale: default ``1 / √E``.
        enable_gqa: key and value may have fewer heads, each shared by a group of query heads
            (Ainslie et al., 2023).

    Returns:
        ``(..., H, L, V)``.

    Raises:
        RuntimeError: shapes or dtypes that don't fit.

    >>> import minitorch_dl as torch
    >>> q = torch.zeros(1, 2, 1)
    >>> v = torch.tensor([[[1.0], [3.0]]])
    >>> torch.nn.functional.scaled_dot_product_attention(q, q, v, is_causal=True)
    tensor([[[1.],
             [2.]]])
    """
    _check(query, key, value, dropout_p)
    if enable_gqa:
        key, value = _shared_heads(query, key, "key"), _shared_heads(query, value, "value")
    q, k, v = query.array, key.array, value.array
    (L, E), (S, V) = q.shape[-2:], v.shape[-2:]
    lead = q.shape[:-2]
    if not lead == k.shape[:-2] == v.shape[:-2]:
        try:
            lead = np.broadcast_shapes(lead, k.shape[:-2], v.shape[:-2])
        except ValueError:
            raise RuntimeError(
                f"{_NAME}: the leading dims of {_shapes(q, k, v)} can't be broadcast together"
            ) from None
    bias = None
    if attn_mask is not None:
        if is_causal and not _combines_masks(query, key, value, attn_mask, dropout_p):
            raise RuntimeError(
                f"{_NAME}: Explicit attn_mask should not be set when is_causal=True; "
                "add the two masks together"
            )
        bias = _bias(query, attn_mask, (*lead, L, S))
    parts = (
        _spread(query, (*lead, L, E)),
        _spread(key, (*lead, S, E)),
        _spread(value, (*lead, S, V)),
        bias,
    )
    N, H = parts[0].shape[:2]
    keep = _keep((N, H, L, S), dropout_p, q) if dropout_p else None
    if scale is None:
        scale = 1 / math.sqrt(max(E, 1))
    y = attention_p(*parts, keep, scale=float(scale), is_causal=bool(is_causal))
    return y if len(lead) == 2 else reshape_p(y, shape=(*lead, L, V))


def _combines_masks(query: Any, key: Any, value: Any, mask: Any, dropout_p: float) -> bool:
    """Whether PyTorch's kernel for the CPU serves this call: the only one that takes a mask and
    ``is_causal`` together."""
    q, k, v = query.shape, key.shape, value.shape
    usual = len(q) == 4 and q[:2] == k[:2] and k == v and q[-1] == v[-1]
    return usual and mask.ndim in (2, 4) and not (dropout_p or mask.requires_grad)


def _bias(query: Any, mask: Any, shape: tuple[int, ...]) -> Any:
    """The mask as numbers, broadcast to the scores' shape."""
    a = mask.array
    if a.dtype.kind != "b" and mask.dtype is not query.dtype and mask.dtype.name != "float32":
        raise RuntimeError(
            f"{_NAME}: expected attn_mask dtype to be bool or float or to match query dtype, got "
            f"{mask.dtype} and query {query.dtype}"
        )
    fits = a.ndim >= 2 and len(shape) >= a.ndim
    if not fits or any(n not in (1, m) for n, m in zip(a.shape[::-1], shape[::-1])):
        raise RuntimeError(
            f"{_NAME}: attn_mask {list(a.shape)} can't be broadcast to the scores {list(shape)}, "
            "(..., length of query, length of key)"
        )
    return _spread(additive_mask(mask, query.dtype), shape)
