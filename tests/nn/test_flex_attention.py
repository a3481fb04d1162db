"""Attention whose scores a function changes, against scaled_dot_product_attention."""

import math

import pytest

import minitorch_dl as torch
from minitorch_dl.nn.flex_attention import (
    AuxRequest,
    and_masks,
    create_block_mask,
    create_mask,
    flex_attention,
    or_masks,
)


def causal(b, h, i, j):
    return i >= j


def near(b, h, i, j):
    return (i - j).abs() < 3


@pytest.fixture
def qkv():
    torch.manual_seed(0)
    return [torch.randn(2, 4, 8, 6, dtype=torch.float64, requires_grad=True) for _ in range(3)]


def test_plain_scores(qkv):
    wanted = torch.nn.functional.scaled_dot_product_attention(*qkv)
    torch.testing.assert_close(flex_attention(*qkv), wanted)


def test_a_mask_of_the_positions(qkv):
    mask = create_block_mask(and_masks(causal, near), None, None, 8, 8, BLOCK_SIZE=2)
    dense = create_mask(and_masks(causal, near), None, None, 8, 8)
    wanted = torch.nn.functional.scaled_dot_product_attention(*qkv, attn_mask=dense)
    got = flex_attention(*qkv, block_mask=mask)
    torch.testing.assert_close(got, wanted)
    gradients = torch.autograd.grad(got.sum(), qkv)
    torch.testing.assert_close(gradients, torch.autograd.grad(wanted.sum(), qkv))
    assert mask.sparsity() == 100 * (1 - 7 / 16)
    assert create_mask(or_masks(causal, near), 2, None, 8, 8).shape == (2, 1, 8, 8)


def test_scores_changed_by_position_and_head(qkv):
    slopes = torch.tensor([0.5, 0.25, 0.125, 0.0], dtype=torch.float64)
    bias = slopes[:, None, None] * (torch.arange(8) - torch.arange(8)[:, None])
    wanted = torch.nn.functional.scaled_dot_product_attention(*qkv, attn_mask=bias)
    got = flex_attention(*qkv, score_mod=lambda score, b, h, i, j: score + slopes[h] * (j - i))
    torch.testing.assert_close(got, wanted)


def test_grouped_heads_and_what_else_is_returned(qkv):
    q, k, v = qkv
    got, lse = flex_attention(q, k[:, :2], v[:, :2], enable_gqa=True, return_lse=True)
    k, v = (x[:, :2].repeat_interleave(2, dim=1) for x in (k, v))
    torch.testing.assert_close(got, flex_attention(q, k, v))
    scores = q @ k.mT / math.sqrt(6)
    torch.testing.assert_close(lse, scores.logsumexp(-1))
    _, aux = flex_attention(q, k, v, return_aux=AuxRequest(max_scores=True))
    torch.testing.assert_close(aux.max_scores, scores.amax(-1))
    assert aux.lse is None


def test_a_query_that_sees_no_key_gives_zero(qkv):
    nothing = create_block_mask(lambda b, h, i, j: j > i, None, None, 8, 8)
    out = flex_attention(*qkv, block_mask=nothing)
    assert out[:, :, -1].abs().max() == 0
    assert not torch.autograd.grad(out.sum(), qkv)[0].isnan().any()


def test_a_part_of_a_mask_gets_its_function_from_the_whole(qkv):
    q, k, v = qkv
    whole = create_block_mask(causal, 1, 1, 8, 8, BLOCK_SIZE=2)
    part = whole[:, :, torch.tensor([1])]
    assert part.shape == (1, 1, 8, 8)
    assert part.to_dense().tolist() == [[[[1, 1, 0, 0]]]]
    with pytest.raises(RuntimeError, match="from a sliced BlockMask"):
        flex_attention(q[:, :, 3:4], k, v, block_mask=part)
    part.mask_mod = lambda b, h, i, j: whole.mask_mod(b, h, i + 3, j)
    got = flex_attention(q[:, :, 3:4], k, v, block_mask=part)
    torch.testing.assert_close(got, flex_attention(q, k, v, block_mask=whole)[:, :, 3:4])
    assert whole[0, -1].shape == (1, 1, 8, 8)


def test_which_blocks_a_mask_computes():
    mask = create_block_mask(causal, None, None, 6, 6, BLOCK_SIZE=2)
    assert mask.kv_num_blocks.tolist() == [[[1, 1, 1]]]
    assert mask.kv_indices[0, 0, :, 0].tolist() == [0, 1, 2]
    assert mask.full_kv_num_blocks.tolist() == [[[0, 1, 2]]]
    assert mask.full_kv_indices[0, 0].tolist() == [[0, 1, 2], [0, 1, 2], [0, 1, 2]]
    assert mask.full_q_num_blocks.tolist() == [[[2, 1, 0]]]
    assert mask.full_q_indices[0, 0].tolist() == [[1, 2, 0], [2, 0, 1], [0, 1, 2]]
    assert mask[:, :, 1].full_kv_num_blocks.tolist() == [[[1]]]
    padded = create_block_mask(lambda b, h, i, j: i >= 0, None, None, 3, 2, BLOCK_SIZE=2)
    assert padded.kv_num_blocks.tolist() == [[[0, 1]]]  # the second block has one row
    assert padded.kv_indices.dtype == torch.int32


def test_the_picture_of_a_mask():
    mask = create_block_mask(causal, 2, 1, 4, 4, BLOCK_SIZE=2)
    assert str(mask).split("\n") == [
        "BlockMask(shape=(2, 1, 4, 4), sparsity=25.00%, ",
        *("(0, 0)", "██  ", "████", ""),
        *("(1, 0)", "██  ", "████", ")"),
    ]
    assert mask.to_string((1, 2), limit=1).startswith("(0, 0)\n██░░\n\n...")


@pytest.mark.parametrize("sizes", [(2, 1, 300, 280), (1, 1, 3000, 3000)])
def test_pictures_of_masks_as_pytorch_draws_them(sizes):
    parity = pytest.importorskip("torch.nn.attention.flex_attention")
    mask = create_block_mask(causal, *sizes)
    other = parity.create_block_mask(causal, *sizes, device="cpu")
    assert str(mask) == str(other)
    assert (mask.sparsity(), mask.numel()) == (other.sparsity(), other.numel())
    for grid in (5, (7, 20)):
        assert mask.to_string(grid) == other.to_string(grid)


def test_nested_tensors_are_refused():
    nested = torch.nested.nested_tensor([torch.ones(1, 2, 4)], layout=torch.jagged)
    with pytest.raises(NotImplementedError, match="does not support NestedTensor"):
        flex_attention(nested, nested, nested)
