"""Reductions and normalizations under a mask, and tensors that carry theirs, under the names of
``torch.masked``."""

from typing import TYPE_CHECKING

from ..ops.masked_reductions import (
    _input_mask,
    _output_mask,
    amax,
    amin,
    argmax,
    argmin,
    cumprod,
    cumsum,
    log_softmax,
    logaddexp,
    logsumexp,
    mean,
    median,
    norm,
    normalize,
    prod,
    softmax,
    softmin,
    std,
    sum,
    var,
)

if TYPE_CHECKING:
    from .maskedtensor import MaskedTensor, as_masked_tensor, is_masked_tensor, masked_tensor

LATE = dict.fromkeys(
    ("MaskedTensor", "as_masked_tensor", "is_masked_tensor", "masked_tensor", "maskedtensor"),
    "maskedtensor",
)
"""Names that are imported when they are first asked for: the module that has them."""

__all__ = [
    "amax", "amin", "argmax", "argmin", "cumprod", "cumsum", "log_softmax", "logaddexp",
    "logsumexp", "mean", "median", "norm", "normalize", "prod", "softmax", "softmin", "std", "sum",
    "var",
]  # fmt: skip
