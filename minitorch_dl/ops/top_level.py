"""The ops that are at PyTorch's top level, ``torch.add`` and its like."""

from .activation import (
    celu as celu,
    celu_ as celu_,
    hardshrink as hardshrink,
    prelu as prelu,
    relu as relu,
    relu_ as relu_,
    rrelu as rrelu,
    rrelu_ as rrelu_,
    selu as selu,
    selu_ as selu_,
    threshold as threshold,
    threshold_ as threshold_,
)
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
from .incomplete_gamma import igamma as igamma, igammac as igammac
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
from .linear import bilinear as bilinear
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
from .sequences import *
from .shape import *
from .slicing import *
from .softmax import *
from .sorting import *
from .special import (
    digamma as digamma,
    erf as erf,
    erfc as erfc,
    erfinv as erfinv,
    i0 as i0,
    lgamma as lgamma,
    logit as logit,
    mvlgamma as mvlgamma,
    polygamma as polygamma,
    sigmoid as sigmoid,
    sinc as sinc,
    xlogy as xlogy,
)
from .spectrograms import *
from .splitting import *
from .statistics import *
from .trigonometric import *
from .variances import *
from .view_copies import *
from .view_scatters import *
from .window_functions import *
