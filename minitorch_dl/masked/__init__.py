"""Reductions and normalizations under a mask, and tensors that carry theirs, under the names of
``torch.masked``."""

import sys as _sys
from typing import TYPE_CHECKING

from ..compat.names import explain_missing as _explain_missing
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

__all__ = [
    "amax", "amin", "argmax", "argmin", "cumprod", "cumsum", "log_softmax", "logaddexp",
    "logsumexp", "mean", "median", "norm", "normalize", "prod", "softmax", "softmin", "std", "sum",
    "var",
]  # fmt: skip

_late = "MaskedTensor", "as_masked_tensor", "is_masked_tensor", "masked_tensor", "maskedtensor"
_explain_missing(_sys.modules[__name__], dict.fromkeys(_late, "maskedtensor"))
