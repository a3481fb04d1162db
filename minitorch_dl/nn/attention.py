"""Attention of several heads as a layer, and the names of PyTorch's ``torch.nn.attention``."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator
from typing import Any

from ..ops import empty
from ..tensor import Tensor
from . import functional as F, init
from .linear import NonDynamicallyQuantizableLinear
from .module import Module
from .parameter import Parameter

__all__ = ["MultiheadAttention"]


class SDPBackend(enum.Enum):
    """PyTorch's names for its implementations of scaled dot-product attention."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


@contextlib.contextmanager
def sdpa_kernel(
    backends: SDPBackend | list[SDPBackend], set_priority: bool = False
) -> Iterator[None]:
    """A choice among PyTorch's implementations, which changes nothing here: there is one.

    >>> from minitorch_dl.nn.attention import SDPBackend, sdpa_kernel
    >>> with sdpa_kernel([SDPBackend.MATH]):
    ...     pass
    """
    for backend in backends if isinstance(backends, (list, tuple)) else [backends]:
        if not isinstance(backend, SDPBackend):
            raise TypeError(f"sdpa_kernel: expected an SDPBackend, got {backend!r}")
    yield


class MultiheadAttention(Module):
    """Attention of several heads; Vaswani et al., 2017.

    ``concat(head₁, ..., head_H) W_oᵀ + b_o`` with ``headᵢ = softmax(Qᵢ Kᵢᵀ / √(E/H)) Vᵢ``, where
    ``Qᵢ``, ``Kᵢ`` and ``Vᵢ`` are learned projections of query, key and value to ``E/H`` features.

    Args:
        embed_dim: E, features of the query and of the output.
        num_heads: H, which divides E.
        dropout: the probability with which an attention weight is dropped in training.
        bias: add biases in the projections.
        add_bias_kv: append a learned key and value. add_zero_attn: append a key and value of zeros.
        kdim, vdim: features of key and value (default: E).
        batch_first: ``(N, L, E)`` instead of ``(L, N, E)``.

    ``forward(query, key, value)`` takes ``(L, N, E)``, ``(S, N, kdim)`` and ``(S, N, vdim)``, or
    all without N, and gives the output ``(L, N, E)`` and the weights ``(N, L, S)``, averaged over
    the heads (None, and faster, without ``need_weights``). ``key_padding_mask`` ``(N, S)`` and
    ``attn_mask`` ``(L, S)`` or ``(N·H, L, S)`` are True, or -inf, where a key is hidden.

    ``in_proj_weight``: ``(3E, E)``, the weights of query, key and value (``q_proj_weight`` and so
    on where their sizes differ); ``in_proj_bias``: ``(3E,)``.

    >>> import minitorch_dl as torch
    >>> attention = torch.nn.MultiheadAttention(8, 2, batch_first=True)
    >>> x = torch.ones(1, 3, 8)
    >>> output, weights = attention(x, x, x)
    >>> output.shape, weights.shape
    (torch.Size([1, 3, 8]), torch.Size([1, 3, 3]))
    """

    bias_k: Tensor | None
    bias_v: Tensor | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0, got "
                f"embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = kdim if kdim is not None else embed_dim
        self.vdim = vdim if vdim is not None else embed_dim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError(
                f"embed_dim must be divisible by num_heads, got {embed_dim} and {num_heads}"
            )

        def parameter(*shape: int) -> Parameter:
            return Parameter(empty(shape, device=device, dtype=dtype))

        E = embed_dim
        if self._qkv_same_embed_dim:
            self.in_proj_weight = parameter(3 * E, E)
            for name in ("q_proj_weight", "k_proj_weight", "v_proj_weight"):
                self.register_parameter(name, None)
        else:
            self.q_proj_weight = parameter(E, E)
            self.k_proj_weight = parameter(E, self.kdim)
            self.v_proj_weight = parameter(E, self.vdim)
            self.register_parameter("in_proj_weight", None)
        self.register_parameter("in_proj_bias", parameter(3 * E) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(E, E, bias, device, dtype)
        if add_bias_kv:
            self.bias_k = parameter(1, 1, E)
            self.bias_v = parameter(1, 1, E)
        else:
            self.bias_k = self.bias_v = None
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Draw the projections anew (Glorot); their biases are zero."""
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            weight = getattr(self, name)
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        if self.bias_k is not None:
            init.xavier_normal_(self.bias_k)
        if self.bias_v is not None:
            init.xavier_normal_(self.bias_v)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        if query.is_nested:  # each sequence on its own
            rows = zip(query.unbind(), key.unbind(), value.unbind())
            attended = [
                self.forward(*row, need_weights=False, attn_mask=attn_mask)[0] for row in rows
            ]
            return query.with_rows(attended), None
        swap = self.batch_first and query.dim() == 3
        if swap:  # what is the same tensor stays the same: it is then projected only once
            q = query.transpose(0, 1)
            k = q if key is query else key.transpose(0, 1)
            value = q if value is query else k if value is key else value.transpose(0, 1)
            query, key = q, k
        output, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (output.transpose(0, 1) if swap else output), weights
