"""What the op table can't say of attention: tiles of any size, errors that name what is wrong."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.backend import attention

F = torch.nn.functional


def attend(causal: bool, drop: bool) -> list[np.ndarray]:
    """Output and gradients of a fixed call, by tiles."""
    torch.manual_seed(0)
    q, k = torch.randn(2, 3, 7, 4), torch.randn(2, 3, 5, 4)
    v, mask = torch.randn(2, 3, 5, 2), torch.randn(2, 1, 7, 5)
    inputs = [x.requires_grad_() for x in (q, k, v)]
    if not causal:
        inputs.append(mask.requires_grad_())
    y = F.scaled_dot_product_attention(
        q, k, v, None if causal else mask, 0.3 if drop else 0.0, causal
    )
    grads = torch.autograd.grad((y * torch.randn(2, 3, 7, 2)).sum(), inputs)
    return [x.detach().numpy() for x in (y, *grads)]


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize(("elements", "rows"), [(1, 1), (12, 2), (70, 3), (105, 64)])
def test_the_size_of_the_tiles_does_not_matter(
    monkeypatch: pytest.MonkeyPatch, causal: bool, drop: bool, elements: int, rows: int
) -> None:
    whole = attend(causal, drop)
    monkeypatch.setattr(attention, "_HOST_TILE", elements)
    monkeypatch.setattr(attention, "_CAUSAL_ROWS", rows)
    for a, b in zip(attend(causal, drop), whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_the_output_joins_its_heads_without_a_copy() -> None:
    x = torch.randn(2, 5, 3, 4).transpose(1, 2)
    y = F.scaled_dot_product_attention(x, x, x)
    assert y.transpose(1, 2).is_contiguous()


Q = (2, 3, 5, 4)


@pytest.mark.parametrize(
    ("shapes", "options", "message"),
    [
        ([(4,), Q, Q], {}, "at least 2 dimensional"),
        ([Q, (2, 3, 5, 3), Q], {}, "same size in the last dim"),
        ([Q, Q, (2, 3, 6, 4)], {}, "same length"),
        ([Q, (4, 3, 5, 4), Q], {}, "can't be broadcast together"),
        ([Q, (2, 2, 5, 4), (2, 2, 5, 4)], {"enable_gqa": True}, "must divide query's 3"),
        ([Q, Q, Q], {"dropout_p": 1.5}, "between 0 and 1, but got 1.5"),
        ([Q, Q, Q], {"attn_mask": (5, 6)}, "attn_mask [5, 6] can't be broadcast"),
        ([Q, Q, Q], {"attn_mask": (3, 5, 5), "is_causal": True}, "should not be set"),
        ([Q, Q, (2, 3, 5, 6)], {"attn_mask": (5, 5), "is_causal": True}, "should not be set"),
        ([Q[1:]] * 3, {"attn_mask": (5, 5), "is_causal": True}, "should not be set"),
    ],
)
def test_bad_shapes_are_named(shapes: Any, options: dict[str, Any], message: str) -> None:
    if "attn_mask" in options:
        options = {**options, "attn_mask": torch.ones(options["attn_mask"])}
    with pytest.raises(RuntimeError, match=re.escape(message)):
        F.scaled_dot_product_attention(*[torch.ones(s) for s in shapes], **options)


def test_bad_dtypes_are_named() -> None:
    x = torch.ones(2, 3)
    with pytest.raises(RuntimeError, match="same dtype"):
        F.scaled_dot_product_attention(x, x, x.double())
    with pytest.raises(RuntimeError, match="floating dtype"):
        F.scaled_dot_product_attention(x.long(), x.long(), x.long())
    with pytest.raises(RuntimeError, match="expected attn_mask dtype"):
        F.scaled_dot_product_attention(x, x, x, torch.ones(2, 2, dtype=torch.int64))


def test_heads_need_a_dim_to_be_shared() -> None:
    x = torch.ones(2, 3)
    with pytest.raises(IndexError, match="dim -3"):
        F.scaled_dot_product_attention(x, x, x, enable_gqa=True)


ATTENTION = torch.nn.MultiheadAttention(4, 2)
X, LONG = torch.ones(3, 2, 4), torch.ones(5, 2, 4)


@pytest.mark.parametrize(
    ("error", "call", "message"),
    [
        (AssertionError, lambda: ATTENTION(X[0, 0], X, X), "1-D query"),
        (AssertionError, lambda: ATTENTION(X, X[0], X), "`key` and `value` to be 3-D"),
        (AssertionError, lambda: ATTENTION(X, X, LONG), "do not match value's"),
        (
            AssertionError,
            lambda: ATTENTION(X, X, X, key_padding_mask=torch.ones(2, 4)),
            "key_padding_mask of size (2, 3)",
        ),
        (
            RuntimeError,
            lambda: ATTENTION(X, LONG, LONG, attn_mask=torch.ones(3, 3)),
            "should be (3, 5)",
        ),
        (
            RuntimeError,
            lambda: ATTENTION(X, X, X, is_causal=True),
            "Need attn_mask if specifying the is_causal hint",
        ),
        (
            AssertionError,
            lambda: ATTENTION(torch.ones(3, 2, 6), X, X),
            "was expecting embedding dimension of 4, but got 6",
        ),
        (ValueError, lambda: torch.nn.MultiheadAttention(0, 1), "must be greater than 0"),
        (AssertionError, lambda: torch.nn.MultiheadAttention(5, 2), "divisible by num_heads"),
        (
            RuntimeError,
            lambda: torch.nn.Transformer(4, 2, batch_first=True)(
                torch.ones(2, 3, 4), torch.ones(1, 3, 4)
            ),
            "batch number of src and tgt must be equal, got 2 and 1",
        ),
        (
            RuntimeError,
            lambda: torch.nn.TransformerEncoderLayer(4, 2, activation="tanh"),
            "activation should be relu/gelu, not tanh",
        ),
    ],
)
def test_bad_input_of_the_layers_is_named(error: Any, call: Any, message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_a_query_whose_scores_are_all_minus_infinity_gives_zeros():
    """As PyTorch's: no key counts, masked or not."""
    q, k, v = (torch.ones(1, 1, 2, 4), torch.ones(1, 1, 3, 4), torch.ones(1, 1, 3, 4))
    attention = torch.nn.functional.scaled_dot_product_attention
    assert attention(q * -float("inf"), k, v).tolist() == torch.zeros(1, 1, 2, 4).tolist()
    k[:, :, 0] = -float("inf")  # the only key that the first query sees
    assert attention(q, k, v, is_causal=True)[0, 0, :, 0].tolist() == [0.0, 1.0]
