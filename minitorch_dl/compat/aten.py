"""Functions at PyTorch's top level that take their arguments in another order than those of the
same name in ``nn.functional``, and ``reduction`` as a number: 0 none (the default), 1 mean, 2 sum;
and, below, those that PyTorch has under ``torch.ops.aten`` only.
"""

from __future__ import annotations

import builtins
from typing import Any

from ..autograd import enable_grad, grad
from ..backend import dtypes
from ..nn import functional as F
from ..ops import arange, bincount, cat, native_batch_norm, norm, segment_reduce, stack
from ..ops.dims import wrap_dim
from ..ops.embedding import embedding_bag_places
from ..ops.losses.reduction import REDUCTIONS
from ..ops.resampling import resample
from ..ops.softmax import log_softmax_backward, softmax_backward
from ..tensor import Tensor

__all__ = [
    "_chunk_cat", "_convert_indices_from_coo_to_csr", "_convert_indices_from_csr_to_coo",
    "_log_softmax_backward_data", "_native_batch_norm_legit", "_safe_softmax",
    "_segment_reduce", "_softmax_backward_data", "_unsafe_masked_index",
    "_unsafe_masked_index_put_accumulate", "batch_norm", "binary_cross_entropy_with_logits",
    "convolution", "cosine_embedding_loss", "ctc_loss", "embedding", "embedding_bag",
    "embedding_renorm_",
    "hinge_embedding_loss", "instance_norm", "kl_div", "margin_ranking_loss",
    "norm_except_dim", "poisson_nll_loss", "triplet_margin_loss",
]  # fmt: skip

_segment_reduce = segment_reduce


def batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """``nn.functional.batch_norm``."""
    return F.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """``nn.functional.instance_norm``."""
    return F.instance_norm(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


def convolution(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> Tensor:
    """``nn.functional.conv2d`` or ``conv_transpose2d``, or those of one or three dims."""
    dims = input.dim() - 2
    function: Any
    if transposed:
        function = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[dims - 1]
        return function(input, weight, bias, stride, padding, output_padding, groups, dilation)
    function = (F.conv1d, F.conv2d, F.conv3d)[dims - 1]
    return function(input, weight, bias, stride, padding, dilation, groups)


def convolution_backward(
    grad_output: Tensor,
    input: Tensor,
    weight: Tensor,
    bias_sizes: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
    output_mask: Any,
) -> tuple[Tensor | None, ...]:
    """The gradients of ``convolution`` by the input, the weight and the bias: those that
    ``output_mask`` asks for."""
    with enable_grad():
        x, w = (t.detach().requires_grad_() for t in (input, weight))
        y = convolution(x, w, None, stride, padding, dilation, transposed, output_padding, groups)
    of_input, of_weight = grad(y, (x, w), grad_output)
    others = [d for d in range(grad_output.dim()) if d != 1]
    found = (of_input, of_weight, grad_output.sum(others))
    return tuple(g if wanted else None for g, wanted in zip(found, output_mask))


def embedding(
    weight: Tensor,
    indices: Tensor,
    padding_idx: int = -1,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """``nn.functional.embedding``; a ``padding_idx`` of -1 is none."""
    padding = None if padding_idx == -1 else padding_idx
    return F.embedding(indices, weight, padding, scale_grad_by_freq=scale_grad_by_freq)


def embedding_bag(
    weight: Tensor,
    indices: Tensor,
    offsets: Tensor | None = None,
    scale_grad_by_freq: bool = False,
    mode: int = 0,
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """``nn.functional.embedding_bag`` with ``mode`` as a number (0 sum, 1 mean, 2 max), and what
    PyTorch's kernel returns besides: the bag of each index, the size of each bag, and of maxima
    the row that each came from."""
    bags = F.embedding_bag(
        indices, weight, offsets, None, 2.0, scale_grad_by_freq, ("sum", "mean", "max")[mode],
        sparse, per_sample_weights, include_last_offset, padding_idx,
    )  # fmt: skip
    of, sizes, rows = embedding_bag_places(
        indices, weight, offsets, mode == 2, include_last_offset, padding_idx
    )
    return bags, of, sizes, rows


def embedding_renorm_(
    weight: Tensor, indices: Tensor, max_norm: float, norm_type: float = 2.0
) -> Tensor:
    """Scale the rows of ``weight`` that ``indices`` names down to the norm ``max_norm``, in
    place."""
    F.embedding(indices, weight.detach(), None, max_norm, norm_type)
    return weight


def kl_div(
    input: Tensor, target: Tensor, reduction: int = 0, *, log_target: bool = False
) -> Tensor:
    """``nn.functional.kl_div``."""
    return F.kl_div(input, target, reduction=REDUCTIONS[reduction], log_target=log_target)


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: int = 0,
    zero_infinity: bool = False,
) -> Tensor:
    """``nn.functional.ctc_loss``."""
    return F.ctc_loss(
        log_probs, targets, input_lengths, target_lengths, blank, REDUCTIONS[reduction],
        zero_infinity,
    )  # fmt: skip


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
    reduction: int = 0,
) -> Tensor:
    """``nn.functional.binary_cross_entropy_with_logits``."""
    return F.binary_cross_entropy_with_logits(
        input, target, weight, pos_weight=pos_weight, reduction=REDUCTIONS[reduction]
    )


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """``nn.functional.margin_ranking_loss``."""
    return F.margin_ranking_loss(input1, input2, target, margin, reduction=REDUCTIONS[reduction])


def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 0
) -> Tensor:
    """``nn.functional.hinge_embedding_loss``."""
    return F.hinge_embedding_loss(input, target, margin, reduction=REDUCTIONS[reduction])


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """``nn.functional.cosine_embedding_loss``."""
    return F.cosine_embedding_loss(input1, input2, target, margin, reduction=REDUCTIONS[reduction])


def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int
) -> Tensor:
    """``nn.functional.poisson_nll_loss``."""
    return F.poisson_nll_loss(
        input, target, log_input, full, eps=eps, reduction=REDUCTIONS[reduction]
    )


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-06,
    swap: bool = False,
    reduction: int = 0,
) -> Tensor:
    """``nn.functional.triplet_margin_loss``."""
    return F.triplet_margin_loss(
        anchor, positive, negative, margin, p, eps, swap, reduction=REDUCTIONS[reduction]
    )


def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """The norm over all dims but ``dim``, in a shape that broadcasts with ``v``; of everything for
    ``dim`` -1."""
    if dim == -1:
        return norm(v, pow)
    others = [d for d in range(v.dim()) if d != dim]
    return norm(v, pow, others, keepdim=True)


def _native_batch_norm_legit(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, *rest: Any, out: Any = None
) -> tuple[Tensor, Tensor, Tensor]:
    """``native_batch_norm``, whose running statistics may be left out."""
    rest = rest if len(rest) > 3 else (None, None, *rest)
    return native_batch_norm(input, weight, bias, *rest, out=out)


# -- under torch.ops.aten only ---------------------------------------------------------------------


def alias(x: Tensor) -> Tensor:
    """A view of all of ``x``."""
    return x.view_as(x)


def slice(
    x: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """``x[start:end:step]`` along ``dim``."""
    return x[(_ALL,) * (dim % x.dim()) + (builtins.slice(start, end, step),)]


_ALL = builtins.slice(None)


def index(x: Tensor, indices: list[Tensor | None]) -> Tensor:
    """``x[indices]``, with None for all of a dim."""
    return x[tuple([_ALL if i is None else i for i in indices])]


def _inside(x: Tensor, indices: list[Tensor | None]) -> list[Tensor | None]:
    return [i if i is None else i.clamp(0, n - 1) for i, n in zip(indices, x.shape)]


def _unsafe_masked_index(x: Tensor, mask: Tensor, indices: list[Any], fill: float) -> Tensor:
    """``x[indices]`` where ``mask`` is true, ``fill`` elsewhere; there indices may be outside."""
    return index(x, _inside(x, indices)).masked_fill(~mask, fill)


def _unsafe_masked_index_put_accumulate(
    x: Tensor, mask: Tensor, indices: list[Any], values: Tensor
) -> Tensor:
    """``x`` with ``values`` added at ``indices`` where ``mask`` is true."""
    places = tuple([_ALL if i is None else i for i in _inside(x, indices)])
    return x.index_put(places, values.masked_fill(~mask, 0), accumulate=True)


def _safe_softmax(x: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """``softmax``, with zeros where all of ``dim`` is minus infinity."""
    empty = (x == float("-inf")).all(dim, keepdim=True)
    return F.softmax(x.masked_fill(empty, 0), dim, dtype=dtype).masked_fill(empty, 0)


def _softmax_backward_data(grad: Tensor, y: Tensor, dim: int, input_dtype: Any) -> Tensor:
    """The gradient of a softmax with the result ``y``: ``y (g - sum(g y))``."""
    return softmax_backward(grad, y, dim=wrap_dim(dim, y.ndim)).to(input_dtype)


def _log_softmax_backward_data(grad: Tensor, y: Tensor, dim: int, input_dtype: Any) -> Tensor:
    """The gradient of a log-softmax with the result ``y``: ``g - exp(y) sum(g)``."""
    return log_softmax_backward(grad, y, dim=wrap_dim(dim, y.ndim)).to(input_dtype)


def native_dropout_backward(grad: Tensor, mask: Tensor, scale: float) -> Tensor:
    """The gradient of a dropout that kept what ``mask`` says: ``g mask scale``."""
    return grad * mask * scale


def _convert_indices_from_coo_to_csr(
    input: Tensor, size: int, *, out_int32: bool = False
) -> Tensor:
    """Where each of ``size`` rows starts among entries in the ascending rows ``input``, and the
    number of entries."""
    ends = bincount(input, minlength=size).cumsum(0)
    return F.pad(ends, (1, 0)).to(dtypes.int32 if out_int32 else dtypes.int64)


def _convert_indices_from_csr_to_coo(
    crow_indices: Tensor, col_indices: Tensor, *, out_int32: bool = False, transpose: bool = False
) -> Tensor:
    """The rows and the columns (2, nnz) of entries whose rows start at ``crow_indices``."""
    counts = crow_indices.diff()
    rows = arange(len(counts), device=counts.device).repeat_interleave(counts)
    places = [col_indices, rows] if transpose else [rows, col_indices]
    return stack([p.to(dtypes.int32 if out_int32 else dtypes.int64) for p in places])


def _sparse_addmm(
    x: Tensor, sparse: Tensor, dense: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    """``beta x + alpha sparse @ dense``."""
    return x * beta + (sparse @ dense) * alpha


def _sparse_mm_reduce_impl(sparse: Tensor, dense: Tensor, reduce: str) -> Tensor:
    """``torch.sparse.mm`` with a reduction other than the sum."""
    from ..sparse import mm

    return mm(sparse, dense, reduce)


def _chunk_cat(
    tensors: list[Tensor], dim: int, num_chunks: int, *, out: Tensor | None = None
) -> Tensor:
    """Each tensor padded with zeros along ``dim`` and cut into ``num_chunks``; their first chunks
    flattened and joined, their second ones, ...: ``(*sizes before dim, num_chunks, elements)``."""
    if not tensors:
        raise RuntimeError("_chunk_cat expects a non-empty input tensor list")
    if num_chunks < 1:
        raise RuntimeError(f"_chunk_cat expects positive num_chunks, got {num_chunks}")
    if any(not x.numel() for x in tensors):
        raise RuntimeError("_chunk_cat expects non-empty tensor")
    if dim < 0 and len({x.dim() for x in tensors}) > 1:
        raise RuntimeError(
            "_chunk_cat expects non-negative dim when input tensors have different ndims"
        )
    if any(dim >= x.dim() for x in tensors):
        raise RuntimeError("_chunk_cat expects dim < ndim for all input tensors")
    if len({x.shape[: dim % x.dim()] for x in tensors}) > 1:
        raise RuntimeError(
            "_chunk_cat expects same sizes of 0,...,dim-1 dimensions for all tensors"
        )
    rows = []
    for x in tensors:
        d = dim % x.dim()
        short = -x.shape[d] % num_chunks
        padded = F.pad(x, (0, 0) * (x.dim() - d - 1) + (0, short))
        rows.append(padded.reshape(*x.shape[:d], num_chunks, -1))
    return cat(rows, -1, out=out)


def _upsample_bilinear2d_aa(
    x: Tensor,
    output_size: Any,
    align_corners: bool,
    scales_h: Any = None,
    scales_w: Any = None,
    *,
    scale_factors: Any = None,
) -> Tensor:
    """``nn.functional.interpolate`` with ``antialias=True``; positions go by the scales that are
    given, whatever the sizes."""
    if output_size is not None and (scales_h or scales_w):
        steps = tuple([None if s is None else 1.0 / s for s in (scales_h, scales_w)])
        return resample(x, "linear-smoothed", tuple(output_size), steps, align_corners)
    return F.interpolate(
        x, output_size, scale_factors, "bilinear", align_corners=align_corners, antialias=True
    )


def max_pool2d_with_indices_backward(
    grad: Tensor,
    x: Tensor,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    indices: Tensor,
) -> Tensor:
    """The gradient of ``max_pool2d``: ``grad`` added at the ``indices`` of the maxima."""
    flat = x.new_zeros(x.shape).flatten(-2)
    return flat.scatter_add(-1, indices.flatten(-2), grad.flatten(-2)).view(x.shape)
