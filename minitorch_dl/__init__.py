"""minitorch_dl: deep learning in plain Python over NumPy and CuPy, with PyTorch's API.

>>> import minitorch_dl as torch
>>> x = torch.tensor([1.0, 2.0], requires_grad=True)
>>> (x * x).sum().backward()
>>> x.grad
tensor([2., 4.])
"""

import warnings

# log(0), 1/0 and overflows are values here (inf, nan), as in PyTorch, not warnings.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minitorch_dl\.")

from . import autograd
from .autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .backend import device, get_default_device, set_default_device
from .backend.dtypes import (
    bfloat16,
    bool,
    can_cast,
    double,
    dtype,
    float,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    int,
    int8,
    int16,
    int32,
    int64,
    long,
    promote_types,
    set_default_dtype,
    short,
    uint8,
    uint16,
    uint32,
    uint64,
)
from .backend.random import Generator
from .tensor import Size, Tensor  # isort: skip  before ops, whose function `tensor` takes this module's name
from .ops import *
from .printing import set_printoptions
from .version import __version__
