"""PyTorch's ``torch.special``: the names that SciPy users know."""

from .ops import exp2, expm1, log1p, logsumexp, round
from .ops.special import *
