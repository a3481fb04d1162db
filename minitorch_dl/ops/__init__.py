"""The differentiable ops, one family a file; their names and arguments are PyTorch's.

``minitorch_dl/__init__.py`` repeats this list, since a star import from here would also export the
names of the files, some of which are those of PyTorch's namespaces.
"""

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
from .lu import *
from .incomplete_gamma import igamma, igammac
