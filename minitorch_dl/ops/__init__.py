"""The differentiable ops, one family a file; their names and arguments are PyTorch's."""

from types import ModuleType as _ModuleType

from .activation import (
    celu, celu_, hardshrink, prelu, relu, relu_, rrelu, rrelu_, selu, selu_, threshold, threshold_,
)  # fmt: skip
from .comparison import *
from .elementwise import *
from .trigonometric import *
from .rounding import *
from .selection import *
from .special import (
    digamma, erf, erfc, erfinv, i0, lgamma, logit, mvlgamma, polygamma, sigmoid, sinc, xlogy,
)  # fmt: skip
from .creation import *
from .movement import *
from .random import *
from .reductions import *
from .extrema import *
from .matmul import *
from .convolution import *
from .shape import *
from .indexing import *
from .gathering import *
from .joining import *
from .layout import *
from .rearranging import *
from .inspection import *
from .scans import *
from .sorting import *
from .counting import *
from .softmax import *
from .einsum import *
from .pooling import *
from .adaptive_pooling import *
from .normalization import *
from .dropout import *
from .solving import *
from .factorizations import *
from .norms import *
from .matrix_functions import *
from .recurrent import *
from .patches import *
from .distances import *
from .statistics import *
from .grids import *
from .linear import bilinear

# The functions alone: some family files are named like one of PyTorch's namespaces.
__all__ = [
    name
    for name, value in list(globals().items())
    if not (name.startswith("_") or isinstance(value, _ModuleType))
]
