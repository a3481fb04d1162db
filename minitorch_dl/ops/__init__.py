"""The differentiable ops, one file per family; their names and arguments are PyTorch's.

``minitorch_dl/__init__.py`` repeats this list, since a star import from here would also export the
names of the files, some of which are those of PyTorch's namespaces.
"""

from .activation import (
    celu,
    celu_,
    hardshrink,
    prelu,
    relu,
    relu_,
    rrelu,
    rrelu_,
    selu,
    selu_,
    threshold,
    threshold_,
)  # fmt: skip
from .addmm import *
from .comparison import *
from .complex_numbers import *
from .convolution import *
from .counting import *
from .creation import *
from .diagonals import *
from .distances import *
from .dropout import *
from .einsum import *
from .elementwise import *
from .extrema import *
from .from_data import *
from .gathering import *
from .grids import *
from .incomplete_gamma import igamma, igammac
from .indexing import *
from .inspection import *
from .joining import *
from .layout import *
from .linalg.cholesky import *
from .linalg.factorizations import *
from .linalg.householder import *
from .linalg.lu import *
from .linalg.matrix_functions import *
from .linalg.norms import *
from .linalg.solving import *
from .linear import bilinear
from .masks import *
from .matmul import *
from .movement import *
from .native_norms import *
from .normalization import *
from .padding import *
from .patches import *
from .pooling.adaptive import *
from .pooling.windows import *
from .powers import *
from .quantization import *
from .random import *
from .rearranging import *
from .recurrent import *
from .reductions import *
from .rounding import *
from .scans import *
from .scattering import *
from .segment_reduction import *
from .selection import *
from .shape import *
from .slicing import *
from .softmax import *
from .sorting import *
from .special import (
    digamma,
    erf,
    erfc,
    erfinv,
    i0,
    lgamma,
    logit,
    mvlgamma,
    polygamma,
    sigmoid,
    sinc,
    xlogy,
)  # fmt: skip
from .spectrograms import *
from .splitting import *
from .statistics import *
from .trigonometric import *
from .variances import *
from .view_copies import *
from .view_scatters import *
from .window_functions import *
